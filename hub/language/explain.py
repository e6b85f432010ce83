"""What pydantic found wrong in a document, said so that the author of the document can mend it."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hub.language.problem import Mendable, suggestion


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault at ``path``; ``at_key`` when the key itself is at fault and not its value."""

    path: tuple[str | int, ...]
    at_key: bool
    what: str
    mend: str


def explain(error: ValidationError, model: type[BaseModel], data: Any) -> list[Finding]:
    """Every fault of ``error``, found when ``data`` was read as ``model``."""
    return [_finding(dict(detail), model, data) for detail in error.errors(include_url=False)]


def _finding(detail: dict[str, Any], model: type[BaseModel], data: Any) -> Finding:
    kind = str(detail["type"])
    path, models = _follow(detail["loc"], model, data, keep_last=kind in ("missing", "extra_forbidden"))
    if kind == "extra_forbidden":
        key = str(path[-1])
        return Finding(path, True, f"the key '{key}' is not known here", suggestion(key, _keys(models)))
    if kind == "missing":
        return Finding(path, False, f"the key '{path[-1]}' is missing", f"add '{path[-1]}:'")
    raised = detail.get("ctx", {}).get("error")
    if isinstance(raised, Mendable):
        return Finding(path, False, raised.what, raised.mend)
    if isinstance(raised, ValueError):
        return Finding(path, False, str(raised), "correct this value")
    say = _SAYINGS.get(kind)
    if say is not None:
        return Finding(path, False, *say(detail))
    return Finding(path, False, str(detail["msg"]).lower(), "correct this value")


def _shown(detail: Mapping[str, Any]) -> str:
    value = detail.get("input")
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= 40 else "this text"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    return str(value)


def _wanted(what: str, mend: str) -> Callable[[Mapping[str, Any]], tuple[str, str]]:
    return lambda detail: (f"{what} is wanted here, not {_shown(detail)}", mend)


def _choice(detail: Mapping[str, Any]) -> tuple[str, str]:
    allowed = [word.strip("'\" ") for word in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(",")]
    value = detail.get("input")
    mend = suggestion(value, allowed) if isinstance(value, str) else f"write one of: {', '.join(sorted(allowed))}"
    return f"{_shown(detail)} is not one of the words for this place", mend


def _tag(detail: Mapping[str, Any]) -> tuple[str, str]:
    context = detail["ctx"]
    if "tag" not in context:
        return f"the key {context['discriminator']} is missing", f"add {context['discriminator']}"
    allowed = [word.strip("' ") for word in str(context["expected_tags"]).split(",")]
    return f"'{context['tag']}' is not a kind that is known here", suggestion(str(context["tag"]), allowed)


def _bound(detail: Mapping[str, Any]) -> tuple[str, str]:
    (name, limit), *_ = [item for item in detail["ctx"].items() if item[0] not in ("field_type", "actual_length")]
    words = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
    word = words.get(name, "at least" if name.startswith("min") else "at most")
    unit = " long" if "length" in name else ""
    return f"{_shown(detail)} is outside what is allowed", f"write something {word} {limit}{unit}"


def _pattern(detail: Mapping[str, Any]) -> tuple[str, str]:
    return f"{_shown(detail)} does not have the form that is wanted", f"match {detail['ctx']['pattern']}"


_TEXT = _wanted("a text", "put quotes around it")
_INTEGER = _wanted("a whole number", "write a whole number without quotes")
_NUMBER = _wanted("a number", "write a number without quotes")
_LIST = _wanted("a list", "begin each entry with '- '")
_MAPPING = _wanted("a mapping", "write 'key: value' lines here")
_BOOLEAN = _wanted("true or false", "write true or false without quotes")
_SAYINGS: dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "string_type": _TEXT,
    "int_type": _INTEGER,
    "int_parsing": _INTEGER,
    "int_from_float": _INTEGER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "literal_error": _choice,
    "enum": _choice,
    "union_tag_invalid": _tag,
    "union_tag_not_found": _tag,
    "string_pattern_mismatch": _pattern,
    **dict.fromkeys(
        ("greater_than", "greater_than_equal", "less_than", "less_than_equal", "too_short", "too_long"), _bound
    ),
    **dict.fromkeys(("string_too_short", "string_too_long"), _bound),
}


def _follow(
    loc: tuple[str | int, ...], model: type[BaseModel], data: Any, *, keep_last: bool
) -> tuple[tuple[str | int, ...], list[type[BaseModel]]]:
    """The part of ``loc`` that is a path in ``data``, and the models that could stand at its end.

    pydantic mixes names of union members and validators into ``loc``; those lead nowhere in the data.
    """
    path: tuple[str | int, ...] = ()
    kinds: list[Any] = [model]
    holders = _models(kinds)
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        in_list = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if in_list or (isinstance(data, dict) and part in data):
            data = data[part]
        elif not (last and keep_last):
            named = [kind for kind in _models(kinds) if kind.__name__ == part]
            kinds = list(named) or kinds
            continue
        holders = _models(kinds)
        path = (*path, part)
        kinds = [inner for kind in kinds for inner in _inside(kind, part)]
    return path, holders if keep_last else _models(kinds)


def _models(kinds: list[Any]) -> list[type[BaseModel]]:
    flat = [one for kind in kinds for one in _flatten(kind)]
    return [kind for kind in flat if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _flatten(kind: Any) -> list[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        return _flatten(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return [one for argument in get_args(kind) for one in _flatten(argument)]
    return [kind]


def _inside(kind: Any, part: str | int) -> list[Any]:
    """The types that may stand at key or index ``part`` of a value of type ``kind``."""
    found: list[Any] = []
    for one in _flatten(kind):
        if isinstance(one, type) and issubclass(one, BaseModel):
            found += [info.annotation for name, info in one.model_fields.items() if part in (name, info.alias)]
        elif get_origin(one) not in (None, Literal):
            found += [argument for argument in get_args(one)[-1:] if argument is not Ellipsis]
            found += [argument for argument in get_args(one)[:1] if get_origin(one) in (tuple, list)]
    return found


def _keys(models: list[type[BaseModel]]) -> set[str]:
    return {info.alias or name for model in models for name, info in model.model_fields.items()}
