"""Lists and mappings: finding, grouping, joining. Every element that is looked at is paid for."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hub.language.evaluate import ExpressionError, Frame, equal, truthy
from hub.language.functions.registry import Function

Element = Callable[[Any], Any]


def _list(value: Any, frame: Frame) -> list[Any]:
    """A list as it is; null as no elements; anything else is a fault."""
    if value is None:
        return []
    if type(value) is not list:
        raise ExpressionError("a list is wanted here")
    frame.charge(len(value) + 1)
    return value


def _key(value: Any) -> str | None:
    if value is None:
        return None
    if type(value) in (str, int):
        return str(value)
    raise ExpressionError("a key is neither a text nor a whole number")


def length(value: Any) -> int:
    if value is None:
        return 0
    if type(value) in (str, list, dict):
        return len(value)
    raise ExpressionError("length: a text, a list or a mapping is wanted")


def first(value: Any) -> Any:
    return value[0] if type(value) is list and value else None


def last(value: Any) -> Any:
    return value[-1] if type(value) is list and value else None


def compact(frame: Frame, value: Any) -> list[Any]:
    return [element for element in _list(value, frame) if truthy(element)]


def where(frame: Frame, value: Any, key: Any, wanted: Any) -> list[Any]:
    name, elements = _key(key), _list(value, frame)
    return [one for one in elements if type(one) is dict and name in one and equal(one[name], wanted, frame)]


def find(frame: Frame, value: Any, key: Any, wanted: Any) -> Any:
    name = _key(key)
    for one in _list(value, frame):
        if type(one) is dict and name in one and equal(one[name], wanted, frame):
            return one
    return None


def map_by(frame: Frame, value: Any, expression: Element) -> list[Any]:
    return [expression(element) for element in _list(value, frame)]


def index_by(frame: Frame, value: Any, expression: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for element in _list(value, frame):
        key = _key(expression(element))
        if key is not None:
            found.setdefault(key, element)
    return found


def group_by(frame: Frame, value: Any, expression: Element) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for element in _list(value, frame):
        key = _key(expression(element))
        if key is not None:
            groups.setdefault(key, []).append(element)
    return groups


def dictionary(frame: Frame, value: Any, key: Element, content: Element) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for element in _list(value, frame):
        name = _key(key(element))
        found = content(element)
        if name is not None and found is not None:
            made[name] = found
    return made


def sort_by(frame: Frame, value: Any, expression: Element) -> list[Any]:
    keyed = [(expression(element), element) for element in _list(value, frame)]
    if all(type(key) is str for key, _ in keyed) or all(type(key) in (int, Decimal) for key, _ in keyed):
        return [element for _, element in sorted(keyed, key=lambda pair: pair[0])]
    raise ExpressionError("sort_by: the keys are neither all texts nor all numbers")


def unique(frame: Frame, value: Any) -> list[Any]:
    found: list[Any] = []
    seen: set[tuple[type, Any]] = set()
    for element in _list(value, frame):
        if type(element) in (list, dict):
            raise ExpressionError("unique: the elements are not simple values")
        if (type(element), element) not in seen:
            seen.add((type(element), element))
            found.append(element)
    return found


def concat(frame: Frame, *values: Any) -> list[Any]:
    return [element for value in values for element in _list(value, frame)]


def to_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if type(value) is list else [value]


def keys(value: Any) -> list[str]:
    return list(value) if type(value) is dict else []


def entries(frame: Frame, value: Any) -> list[Any]:
    if type(value) is not dict:
        return []
    frame.charge(len(value))
    return [{"key": key, "value": element} for key, element in value.items()]


def merge(frame: Frame, *values: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for value in values:
        if value is not None and type(value) is not dict:
            raise ExpressionError("merge: a mapping is wanted")
        frame.charge(len(value or {}))
        merged.update(value or {})
    return merged


def contains(frame: Frame, value: Any, wanted: Any) -> bool:
    if type(value) is str:
        return type(wanted) is str and wanted in value
    return any(equal(element, wanted, frame) for element in _list(value, frame))


FUNCTIONS = (
    Function("length(value)", "Characters of a text, elements of a list or mapping; 0 of null.", length),
    Function("first(list)", "The first element, or null.", first),
    Function("last(list)", "The last element, or null.", last),
    Function("compact(list)", "The elements that are not null, false or empty.", compact, framed=True),
    Function("where(list, key, value)", "The mappings in a list whose key has that value.", where, framed=True),
    Function("find(list, key, value)", "The first mapping in a list whose key has that value.", find, framed=True),
    Function("map_by(list, &expression)", "The expression's value for each element.", map_by, framed=True),
    Function("index_by(list, &expression)", "A mapping from each element's key to it.", index_by, framed=True),
    Function("group_by(list, &expression)", "A mapping from a key to its elements.", group_by, framed=True),
    Function(
        "dictionary(list, &key, &value)",
        "A mapping made of each element's key and value; later elements win, null keys and values are left out.",
        dictionary,
        framed=True,
    ),
    Function("sort_by(list, &expression)", "The list in the order of a key.", sort_by, framed=True),
    Function("unique(list)", "The list without repeated simple values.", unique, framed=True),
    Function("concat(lists...)", "Several lists as one; null counts as an empty one.", concat, framed=True),
    Function("to_list(value)", "A list as it is, null as an empty list, anything else as a list of one.", to_list),
    Function("keys(mapping)", "A mapping's keys.", keys),
    Function("entries(mapping)", "A list of {key, value}.", entries, framed=True),
    Function("merge(mappings...)", "Several mappings as one; later keys win.", merge, framed=True),
    Function("contains(value, wanted)", "Whether a text or list contains something.", contains, framed=True),
)
