"""What the schema is made of, and what can go wrong with a query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Resolve = Callable[[Any, dict[str, Any]], Any]


@dataclass(frozen=True)
class Def:
    """One field of a type. `shape`: leaf, one, many or pages (a connection); `type` names what is inside."""

    resolve: Resolve
    shape: str = "leaf"
    type: str = ""
    arguments: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()


class Schema:
    """Types by name, each a mapping of field names. Compared by identity, so that checks can be remembered."""

    def __init__(self, types: Mapping[str, Mapping[str, Def]]) -> None:
        self.types = types


@dataclass(frozen=True)
class Page:
    """One page of a connection, with its cursors."""

    nodes: Sequence[Any]
    cursors: Sequence[str]
    more: bool = False
    earlier: bool = False


class GraphProblem(Exception):
    """Errors for the whole request: nothing was executed."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


class FieldProblem(Exception):
    """One field could not be resolved; the answer says null there."""

    def __init__(self, what: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(what)
        self.code = code


def paged(nodes: Sequence[Any] | Page, arguments: Mapping[str, Any]) -> Page:
    """Cuts the asked-for page out of everything. Cursors are positions: what is listed must not change its order."""
    size = page_size(arguments)
    if isinstance(nodes, Page):
        return nodes
    after = arguments.get("after")
    start = int(after) + 1 if isinstance(after, str) and after.isdigit() else 0
    if arguments.get("reverse"):
        nodes = list(reversed(nodes))
    if arguments.get("first") is None:
        start = max(0, len(nodes) - size)
    chosen = nodes[start : start + size]
    cursors = [str(start + index) for index in range(len(chosen))]
    return Page(chosen, cursors, len(nodes) > start + size, start > 0)


def page_size(arguments: Mapping[str, Any]) -> int:
    """How many were asked for. Raises FieldProblem where nothing was said, or too much."""
    size = arguments.get("first", arguments.get("last"))
    if size is None:
        raise FieldProblem("you must provide one of first or last")
    if not isinstance(size, int) or not 0 <= size <= 250:
        raise FieldProblem("first cannot exceed 250")
    return size
