"""Functions that choose between values, and that look one up in a table."""

from __future__ import annotations

from typing import Any

from hub.language.evaluate import ExpressionError, Frame, equal
from hub.language.functions.number import shown
from hub.language.functions.registry import Function


def _unused(*_arguments: Any) -> Any:
    raise AssertionError("compiled in place")


def lookup(frame: Frame, table: Any, key: Any) -> Any:
    if type(table) is str:
        tables = frame.root.get("tables")
        found = tables.get(table) if type(tables) is dict else None
        if found is None:
            raise ExpressionError(f"no table is called {shown(table)}")
        table = found
    if table is None or key is None:
        return None
    if type(table) is not dict:
        raise ExpressionError("lookup: the table is not a mapping")
    if type(key) not in (str, int):
        raise ExpressionError("lookup: the key is neither a text nor a whole number")
    return table.get(str(key))


def one_of(frame: Frame, value: Any, *choices: Any) -> bool:
    return any(equal(value, choice, frame) for choice in choices)


_TYPES = {str: "text", int: "number", bool: "boolean", list: "list", dict: "mapping", type(None): "null"}


def kind(value: Any) -> str:
    return _TYPES.get(type(value), "number")


def boolean(value: Any) -> bool | None:
    if value is None or type(value) is bool:
        return value
    if type(value) in (str, int):
        word = str(value).strip().lower()
        if word in ("true", "yes", "on", "1"):
            return True
        if word in ("false", "no", "off", "0"):
            return False
        if not word:
            return None
    raise ExpressionError("boolean: the value is neither true nor false")


def fail(message: Any) -> Any:
    raise ExpressionError(message if type(message) is str else "the mapping refuses this value")


FUNCTIONS = (
    Function("when(condition, then, otherwise)", "One of two values; the other stays unread.", _unused, lazy="when"),
    Function("default(value, others...)", "The first value that is not null.", _unused, lazy="default"),
    Function(
        "lookup(table, key)",
        "The table's value for a key, or null. The table is a mapping, or the name of one under `tables`.",
        lookup,
        framed=True,
    ),
    Function("one_of(value, choices...)", "Whether the value equals one of the choices.", one_of, framed=True),
    Function("type(value)", "null, boolean, number, text, list or mapping.", kind),
    Function("boolean(value)", "true or false from true, yes, on, 1 and their opposites; empty is null.", boolean),
    Function("fail(message)", "Refuses to go on; used as a branch of when or default.", fail),
)
