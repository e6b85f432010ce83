"""How WordPress refuses, and which orders a list asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from hub.sandbox.books import StoreOrder
from hub.sandbox.call import Answer, answer
from hub.sandbox.woocommerce.payload import SITE_OFFSET_SECONDS

T = TypeVar("T")


class Refusal(Exception):
    """WordPress says no."""

    def __init__(self, status: int, code: str, what: str) -> None:
        super().__init__(what)
        self.status, self.code = status, code

    def answer(self) -> Answer:
        return answer(self.status, {"code": self.code, "message": str(self), "data": {"status": self.status}})


def page_of(query: Mapping[str, str]) -> tuple[int, int]:
    per_page, page = int(query.get("per_page", "10")), int(query.get("page", "1"))
    if not 1 <= per_page <= 100 or page < 1:
        raise Refusal(400, "rest_invalid_param", "Invalid parameter(s): per_page")
    return per_page, page


def cut(found: list[T], query: Mapping[str, str]) -> list[T]:
    per_page, page = page_of(query)
    return found[(page - 1) * per_page : page * per_page]


def sort_key(name: str) -> Callable[[StoreOrder], tuple[float, int]]:
    keys: dict[str, Callable[[StoreOrder], float]] = {
        "date": lambda o: o.placed_at, "modified": lambda o: o.updated_at, "id": lambda o: float(o.id),
    }  # fmt: skip
    if name not in keys:
        raise Refusal(400, "rest_invalid_param", "Invalid parameter(s): orderby")
    return lambda order: (keys[name](order), int(order.id))


def selected(order: StoreOrder, query: Mapping[str, str]) -> bool:
    """Without `dates_are_gmt` the limits are on the shop's own clock; `modified_after` itself is left out."""
    shift = 0.0 if query.get("dates_are_gmt") in ("true", "1") else SITE_OFFSET_SECONDS
    limits = (
        ("modified_after", order.updated_at, 1), ("modified_before", order.updated_at, -1),
        ("after", order.placed_at, 1), ("before", order.placed_at, -1),
    )  # fmt: skip
    for name, value, sign in limits:
        if name in query and (int(value) + shift - _moment(query[name])) * sign <= 0:
            return False
    statuses = [each for each in query.get("status", "any").split(",") if each != "any"]
    included = [each for each in query.get("include", "").split(",") if each]
    return (not statuses or order.status in statuses) and (not included or order.id in included)


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise Refusal(400, "rest_invalid_param", "Invalid parameter(s): modified_after") from error
    return found.replace(tzinfo=UTC).timestamp() if found.tzinfo is None else found.timestamp()
