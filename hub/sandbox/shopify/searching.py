"""The Admin API's search of orders: `updated_at:>='2026-01-01T00:00:00Z' status:any`, sorted, by cursor."""

from __future__ import annotations

import base64
import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from hub.sandbox.books import StoreOrder
from hub.sandbox.shopify.schema import FieldProblem, Page, page_size
from hub.sandbox.shopify.shaping import bare, financial, fulfilled

_TERM = re.compile(r"""(-?)(\w+):\s*(>=|<=|>|<)?\s*("[^"]*"|'[^']*'|\S+)|(AND|OR|\S+)""")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "": operator.eq,
}  # fmt: skip
_TIMES: dict[str, Callable[[StoreOrder], float]] = {
    "updated_at": lambda o: float(int(o.updated_at)),
    "created_at": lambda o: float(int(o.placed_at)),
    "processed_at": lambda o: float(int(o.placed_at)),
}
_WORDS: dict[str, Callable[[StoreOrder], str]] = {
    "name": lambda o: o.name.lower(),
    "id": lambda o: o.id,
    "email": lambda o: o.email.lower(),
    "test": lambda o: str(o.test).lower(),
    "financial_status": lambda o: financial(o).lower(),
    "fulfillment_status": lambda o: {"FULFILLED": "shipped", "UNFULFILLED": "unshipped"}.get(fulfilled(o), "partial"),
    "status": lambda o: "cancelled" if o.cancelled_at else "closed" if o.closed_at else "open",
}
_SORTS: dict[str, Callable[[StoreOrder], float]] = {
    "UPDATED_AT": lambda o: o.updated_at,
    "CREATED_AT": lambda o: o.placed_at,
    "PROCESSED_AT": lambda o: o.placed_at,
    "ORDER_NUMBER": lambda o: float(o.number),
    "ID": lambda o: float(o.number),
}


def search(orders: Sequence[StoreOrder], arguments: dict[str, Any]) -> Page:
    """One page of the orders that match. Cursors hold the sort value, so that they survive changes to other orders."""
    found = [order for order in orders if _matches(order, arguments.get("query") or "")]
    sort = _SORTS.get(arguments.get("sortKey") or "PROCESSED_AT")
    if sort is None:
        raise FieldProblem(f"{arguments['sortKey']} is not a sort key of the sandbox")
    found.sort(key=lambda order: (sort(order), order.number), reverse=bool(arguments.get("reverse")))
    start = _start(found, sort, arguments.get("after"), bool(arguments.get("reverse")))
    size = page_size(arguments)
    chosen = found[start : start + size]
    return Page(chosen, [_cursor(order, sort) for order in chosen], len(found) > start + size, start > 0)


def _matches(order: StoreOrder, query: str) -> bool:
    return all(_term(order, found) for found in _TERM.finditer(query))


def _term(order: StoreOrder, found: re.Match[str]) -> bool:
    negated, name, compare, raw, word = found.groups()
    if word is not None:  # AND, or a word searched for anywhere
        return word in ("AND", "OR") or word.strip("\"'#").lower() in f"{order.name} {order.email}".lower()
    value = raw.strip("\"'")
    if name in _TIMES:
        result = _COMPARE[compare or ""](_TIMES[name](order), _moment(value))
    elif name == "id":
        result = _COMPARE[compare or ""](int(order.id), int(bare(value)))
    elif name == "status" and value == "any":
        result = True
    elif name in _WORDS:
        wanted = value.lower()
        given = _WORDS[name](order)
        result = given == wanted or (name == "name" and given.lstrip("#") == wanted.lstrip("#"))
    else:
        result = True  # Shopify ignores what it does not know and warns; so a misspelt filter filters nothing
    return result != bool(negated)


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise FieldProblem(f"Invalid timestamp for query filter: {text}") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _cursor(order: StoreOrder, sort: Callable[[StoreOrder], float]) -> str:
    return base64.b64encode(f"{sort(order)!r}|{order.number}".encode()).decode()


def _start(found: list[StoreOrder], sort: Callable[[StoreOrder], float], after: Any, reverse: bool) -> int:
    if not after:
        return 0
    try:
        value, _, number = base64.b64decode(str(after), validate=True).decode().partition("|")
        mark = (float(value), int(number))
    except ValueError as error:
        raise FieldProblem("Invalid cursor for current pagination sort.") from error
    beyond = operator.lt if reverse else operator.gt
    return next((i for i, o in enumerate(found) if beyond((sort(o), o.number), mark)), len(found))
