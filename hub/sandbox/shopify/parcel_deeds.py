"""Mutations about what left: fulfilments, their tracking, and taking them back."""

from __future__ import annotations

from typing import Any

from hub.sandbox.books import Sent, StoreOrder
from hub.sandbox.shopify.asking import Wrong, sent_of
from hub.sandbox.shopify.book import Shop
from hub.sandbox.shopify.queries import Asked, find_room
from hub.sandbox.shopify.shaping import bare


def fulfil(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    shop, now = root.shop, root.now
    wanted = arguments.get("fulfillment") or {}
    order, lines = _asked_lines(shop, wanted)
    tracking = wanted.get("trackingInfo") or {}
    number = tracking.get("number") or next(iter(tracking.get("numbers") or []), "") or ""
    notify = bool(wanted.get("notifyCustomer"))
    facts = {"order": order.id, "tracking": number, "lines": _by_sku(order, lines),
             "notify": notify}  # fmt: skip
    gone = [order.line(line_id) for line_id, quantity in lines.items() if quantity > _left(order, line_id)]
    if number and any(sent.number == number for sent in order.sent):
        shop.ledger.double(now, "shipment.announce", "this tracking number was written back before", **facts)
    elif any(line and line.sent for line in gone):
        shop.ledger.double(now, "shipment.announce", "these units were fulfilled before", **facts)
    if gone or not lines:
        raise Wrong("Invalid fulfillment order line item quantity requested.", "fulfillment")
    company, url = tracking.get("company") or "", tracking.get("url") or next(iter(tracking.get("urls") or []), "")
    sent = Sent(shop.new_id("fulfillment"), now, lines, number, company, url or "", notify)
    shop.record(order, sent, now)
    shop.ledger.effect(now, "shipment.announce", **facts, id=sent.id)
    return {"fulfillment": (order, sent)}


def _asked_lines(shop: Shop, wanted: dict[str, Any]) -> tuple[StoreOrder, dict[str, int]]:
    """The order and its lines that a fulfilment speaks of; a fulfilment order named without lines means all of them."""
    order: StoreOrder | None = None
    lines: dict[str, int] = {}
    for each in wanted.get("lineItemsByFulfillmentOrder") or []:
        room = find_room(shop, each.get("fulfillmentOrderId"))
        if room is None or (order is not None and room.order is not order):
            raise Wrong("Fulfillment order does not exist.", "fulfillment")
        order = room.order
        if room.status == "CANCELLED":
            raise Wrong("Fulfillment order has an unfulfillable status= cancelled.", "fulfillment")
        parts = each.get("fulfillmentOrderLineItems")
        if not parts:
            lines |= {line.id: line.left or line.current for line in room.members if line.left or line.current}
        for part in parts or []:
            line = room.line(bare(part.get("id")))
            if line is None or int(part.get("quantity") or 0) < 1:
                raise Wrong("Fulfillment order line item does not exist.", "fulfillment")
            lines[line.id] = lines.get(line.id, 0) + int(part["quantity"])
    if order is None:
        raise Wrong("Fulfillment order line items must be given.", "fulfillment")
    return order, lines


def track(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    order, sent = sent_of(root.shop, arguments["fulfillmentId"])
    tracking = arguments.get("trackingInfoInput") or {}
    sent.number = tracking.get("number") or next(iter(tracking.get("numbers") or []), sent.number)
    sent.company, sent.url = tracking.get("company") or sent.company, tracking.get("url") or sent.url
    facts = {"order": order.id, "tracking": sent.number, "id": sent.id, "notify": bool(arguments.get("notifyCustomer"))}
    root.shop.ledger.effect(root.now, "shipment.retrack", **facts)
    root.shop.changed(order, root.now)
    return {"fulfillment": (order, sent)}


def unfulfil(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    order, sent = sent_of(root.shop, arguments["id"])
    if sent.status != "success":
        raise Wrong("Fulfillment was cancelled before.", "id")
    sent.status = "cancelled"
    for line_id, quantity in sent.lines.items():
        line = order.line(line_id)
        if line is not None:
            line.sent -= quantity
    root.shop.ledger.effect(root.now, "shipment.withdraw", order=order.id, tracking=sent.number, id=sent.id)
    root.shop.changed(order, root.now)
    return {"fulfillment": (order, sent)}


def _left(order: StoreOrder, line_id: str) -> int:
    line = order.line(line_id)
    return line.left if line and not order.cancelled_at else 0


def _by_sku(order: StoreOrder, lines: dict[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line_id, quantity in lines.items():
        line = order.line(line_id)
        if line is not None:
            found[line.sku] = found.get(line.sku, 0) + quantity
    return found
