"""From a JMESPath syntax tree to a chain of Python closures: compiled once, run often.

The stock interpreter looks every node's method up by name on every visit, reads keys through any object that has a
``get``, and compares only ints and floats. Here a tree becomes closures once; only dict and list are ever looked into;
numbers are int and Decimal; and loops are paid for from a budget, so that no expression runs or grows without end.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

MAX_STEPS = 2_000_000
MAX_TEXT = 262_144
LONG_TEXT = 4_096  # a text beyond this is paid for, wherever one is read or made: a step for every 16 characters
_FREE_NODES = 32  # an expression of so many parts costs one step for each element that it is applied to

Run = Callable[[Any, "Frame"], Any]


class ExpressionError(Exception):
    """An expression could not give a value; ``what`` says why, ``path`` which output it was meant for (or empty)."""

    def __init__(self, what: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.path = path


class Frame:
    """One evaluation: the scope's top, for functions that look names up there, and the steps that are left."""

    __slots__ = ("root", "steps")

    def __init__(self, root: dict[str, Any], steps: int = MAX_STEPS) -> None:
        self.root = root
        self.steps = steps

    def charge(self, steps: int) -> None:
        """Pays for ``steps`` elements looked at or made. Raises ExpressionError when nothing is left."""
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionError("the expression does more work than is allowed")

    def charge_text(self, value: Any) -> None:
        """Pays for a text that is read or made, if it is a long one."""
        if type(value) is str and len(value) > LONG_TEXT:
            self.charge(len(value) >> 4)

    def charge_all(self, value: Any) -> None:
        """Pays for a whole value as it would be written out: shared parts count as often as they appear."""
        waiting, text = [value], 0
        for node in waiting:  # which grows meanwhile, and never beyond what can be paid for
            kind = type(node)
            if kind is dict:
                self.charge(len(node) + 1)
                waiting += node.values()
            elif kind is list:
                self.charge(len(node) + 1)
                waiting += node
            elif kind is str:
                text += len(node)
                if len(node) > LONG_TEXT:
                    self.charge_text(node)
                if text > 64 * MAX_TEXT:
                    raise ExpressionError("the result is larger than is allowed")


def truthy(value: Any) -> bool:
    """JMESPath's truth: null, false, and an empty text, list or mapping are false; 0 is true."""
    if value is None or value is False:
        return False
    return bool(value) if type(value) in (str, list, dict) else True


def is_number(value: Any) -> bool:
    return type(value) is int or type(value) is Decimal


def equal(left: Any, right: Any, frame: Frame) -> bool:
    """Equal in kind and value; 1 equals 1.00, true does not equal 1, "1" does not equal 1."""
    if type(left) is list and type(right) is list:
        frame.charge(len(left) + 1)
        return len(left) == len(right) and all(equal(a, b, frame) for a, b in zip(left, right, strict=True))
    if type(left) is dict and type(right) is dict:
        frame.charge(len(left) + 1)
        return left.keys() == right.keys() and all(equal(value, right[key], frame) for key, value in left.items())
    if type(left) is type(right) or (is_number(left) and is_number(right)):
        return bool(left == right)
    return False


def weight(tree: dict[str, Any]) -> int:
    """The steps that one application of an expression costs."""
    nodes, waiting = 0, [tree]
    while waiting:
        node = waiting.pop()
        nodes += 1
        if node["type"] != "slice":
            waiting.extend(node["children"])
    return 1 + nodes // _FREE_NODES


def compile_tree(tree: dict[str, Any], call: Callable[[str, list[dict[str, Any]]], Run]) -> Run:
    """The closure for a syntax tree; ``call`` makes the closure of a function from its name and argument trees."""
    kind = tree["type"]
    if kind == "function_expression":
        return call(tree["value"], tree["children"])
    return _MAKERS[kind](tree, lambda child: compile_tree(child, call))


Sub = Callable[[dict[str, Any]], Run]


def _identity(_tree: dict[str, Any], _sub: Sub) -> Run:
    return lambda value, frame: value


def _field(tree: dict[str, Any], _sub: Sub) -> Run:
    name = tree["value"]
    return lambda value, frame: value.get(name) if type(value) is dict else None


def _literal(tree: dict[str, Any], _sub: Sub) -> Run:
    constant = tree["value"]
    return lambda value, frame: constant


def _index(tree: dict[str, Any], _sub: Sub) -> Run:
    index = tree["value"]

    def run(value: Any, frame: Frame) -> Any:
        return value[index] if type(value) is list and -len(value) <= index < len(value) else None

    return run


def _slice(tree: dict[str, Any], _sub: Sub) -> Run:
    part = slice(*tree["children"])
    return lambda value, frame: value[part] if type(value) is list else None


def _names(tree: dict[str, Any]) -> list[str] | None:
    if tree["type"] == "field":
        return [tree["value"]]
    if tree["type"] == "subexpression":
        parts = [_names(child) for child in tree["children"]]
        return [name for part in parts if part for name in part] if all(parts) else None
    return None


def _chain(tree: dict[str, Any], sub: Sub) -> Run:
    names = _names(tree)
    if names is not None:
        return _walk(tuple(names))
    first, *rest = [sub(child) for child in tree["children"]]

    def run(value: Any, frame: Frame) -> Any:
        value = first(value, frame)
        for step in rest:
            value = step(value, frame)
        return value

    return run


def _walk(names: tuple[str, ...]) -> Run:
    def run(value: Any, frame: Frame) -> Any:
        for name in names:
            if type(value) is not dict:
                return None
            value = value.get(name)
        return value

    return run


def _flatten(tree: dict[str, Any], sub: Sub) -> Run:
    base = sub(tree["children"][0])

    def run(value: Any, frame: Frame) -> Any:
        elements = base(value, frame)
        if type(elements) is not list:
            return None
        merged: list[Any] = []
        for element in elements:
            if type(element) is list:
                merged += element
            else:
                merged.append(element)
            frame.charge(len(element) + 1 if type(element) is list else 1)
        return merged

    return run


def _project(elements: list[Any], right: Run, frame: Frame, each: int) -> list[Any]:
    frame.charge(len(elements) * each)
    return [found for element in elements if (found := right(element, frame)) is not None]


def _projection(tree: dict[str, Any], sub: Sub) -> Run:
    base, right = map(sub, tree["children"])
    each = weight(tree["children"][1])

    def run(value: Any, frame: Frame) -> Any:
        elements = base(value, frame)
        return _project(elements, right, frame, each) if type(elements) is list else None

    return run


def _value_projection(tree: dict[str, Any], sub: Sub) -> Run:
    base, right = map(sub, tree["children"])
    each = weight(tree["children"][1])

    def run(value: Any, frame: Frame) -> Any:
        elements = base(value, frame)
        return _project(list(elements.values()), right, frame, each) if type(elements) is dict else None

    return run


def _filter(tree: dict[str, Any], sub: Sub) -> Run:
    base, right, keep = map(sub, tree["children"])
    each, kept = weight(tree["children"][1]), weight(tree["children"][2])

    def run(value: Any, frame: Frame) -> Any:
        elements = base(value, frame)
        if type(elements) is not list:
            return None
        frame.charge(len(elements) * kept)
        return _project([element for element in elements if truthy(keep(element, frame))], right, frame, each)

    return run


_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


def _comparator(tree: dict[str, Any], sub: Sub) -> Run:
    left, right = map(sub, tree["children"])
    name = tree["value"]
    if name == "eq":
        return lambda value, frame: equal(left(value, frame), right(value, frame), frame)
    if name == "ne":
        return lambda value, frame: not equal(left(value, frame), right(value, frame), frame)
    ordered = _ORDERINGS[name]

    def run(value: Any, frame: Frame) -> Any:
        a, b = left(value, frame), right(value, frame)
        return ordered(a, b) if is_number(a) and is_number(b) else None

    return run


def _or(tree: dict[str, Any], sub: Sub) -> Run:
    left, right = map(sub, tree["children"])
    return lambda value, frame: found if truthy(found := left(value, frame)) else right(value, frame)


def _and(tree: dict[str, Any], sub: Sub) -> Run:
    left, right = map(sub, tree["children"])
    return lambda value, frame: right(value, frame) if truthy(found := left(value, frame)) else found


def _not(tree: dict[str, Any], sub: Sub) -> Run:
    inner = sub(tree["children"][0])
    return lambda value, frame: not truthy(inner(value, frame))


def _multi_list(tree: dict[str, Any], sub: Sub) -> Run:
    parts = [sub(child) for child in tree["children"]]
    return lambda value, frame: None if value is None else [part(value, frame) for part in parts]


def _multi_dict(tree: dict[str, Any], sub: Sub) -> Run:
    parts = [(child["value"], sub(child["children"][0])) for child in tree["children"]]
    return lambda value, frame: None if value is None else {name: part(value, frame) for name, part in parts}


_MAKERS: dict[str, Callable[[dict[str, Any], Sub], Run]] = {
    "identity": _identity,
    "current": _identity,
    "field": _field,
    "literal": _literal,
    "index": _index,
    "slice": _slice,
    "subexpression": _chain,
    "index_expression": _chain,
    "pipe": _chain,
    "flatten": _flatten,
    "projection": _projection,
    "value_projection": _value_projection,
    "filter_projection": _filter,
    "comparator": _comparator,
    "or_expression": _or,
    "and_expression": _and,
    "not_expression": _not,
    "multi_select_list": _multi_list,
    "multi_select_dict": _multi_dict,
}
