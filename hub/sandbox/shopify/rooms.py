"""Fulfilment orders: an order's lines by the place they leave from, in Shopify's sense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.sandbox.books import DIGITAL, SELF, WAREHOUSE, Line, Sent, StoreOrder
from hub.sandbox.shopify.shaping import gid


@dataclass(frozen=True)
class Location:
    id: str
    name: str


WAREHOUSE_LOCATION = Location("71000000011", "ShipBob warehouse")
WORKSHOP_LOCATION = Location("71000000012", "Workshop")
_PLACES = ((WAREHOUSE, WAREHOUSE_LOCATION), (SELF, WORKSHOP_LOCATION), (DIGITAL, WORKSHOP_LOCATION))


@dataclass(frozen=True)
class Room:
    """One fulfilment order. It lives as long as its order; quantities are read from the order's lines."""

    order: StoreOrder
    id: str
    location: Location
    members: tuple[Line, ...]

    @property
    def open(self) -> bool:
        return not self.order.cancelled_at and any(line.left for line in self.members)

    @property
    def status(self) -> str:
        if self.order.cancelled_at:
            return "CANCELLED"
        if not any(line.left for line in self.members):
            return "CLOSED"
        return "IN_PROGRESS" if any(line.sent for line in self.members) else "OPEN"

    @property
    def method(self) -> str:
        if not any(line.ships for line in self.members):
            return "NONE"
        return "PICK_UP" if self.order.pickup else "SHIPPING"

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [
            {"id": gid("FulfillmentOrderLineItem", self.line_id(line)), "totalQuantity": line.current - line.given_up,
             "remainingQuantity": 0 if self.order.cancelled_at else line.left, "sku": line.sku,
             "productTitle": line.title,
             "variantTitle": None, "requiresShipping": line.ships, "vendor": None, "lineItem": (self.order, line)}
            for line in self.members
            if line.current or line.sent
        ]  # fmt: skip

    def line_id(self, line: Line) -> str:
        return str(int(line.id) + 7)

    def line(self, line_id: str) -> Line | None:
        return next((line for line in self.members if self.line_id(line) == line_id), None)


def left_from(order: StoreOrder, sent: Sent) -> Location:
    """Where a parcel left from, by what is in it."""
    lines = [order.line(line_id) for line_id in sent.lines]
    workshop = any(line and not line.sku.startswith(WAREHOUSE) for line in lines)
    return WORKSHOP_LOCATION if workshop else WAREHOUSE_LOCATION


def rooms_of(order: StoreOrder) -> list[Room]:
    """Warehouse, workshop and digital lines apart; lines removed entirely before anything left are gone."""
    found = []
    for index, (prefix, location) in enumerate(_PLACES):
        members = tuple(line for line in order.lines if line.sku.startswith(prefix))
        if members:
            found.append(Room(order, str(int(order.id) + 21 + index), location, members))
    return found
