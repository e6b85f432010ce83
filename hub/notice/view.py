"""From what the flow knows to the names that a template may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from hub.model.contract import CannotPrepare
from hub.model.money import Money
from hub.model.order import Destination, LineItem, Order
from hub.notice import facts
from hub.notice.facts import colour, link, one_line
from hub.notice.manner import Manner

KINDS = ("confirmation", "shipped", "delivered", "refunded", "cancelled")

_LABELS = {
    "subtotal": "Subtotal",
    "items_discount": "Discount",
    "discount": "Discount",
    "fulfillment": "Shipping",
    "tax": "Tax",
    "fee": "Fee",
    "tip": "Tip",
    "gift_wrap": "Gift wrap",
    "store_credit": "Store credit",
}


def names(kind: str, scope: Mapping[str, Any], order: Order, manner: Manner) -> dict[str, Any]:
    """Everything a template of this kind may name. Raises CannotPrepare when `scope` lacks what the kind needs."""
    found: dict[str, Any] = {
        "shop": _shop(scope.get("shop") or {}),
        "order": _order(order),
        "buyer": _buyer(order),
        "address": _address(order.destination, manner),
        "lines": _lines(order, None),
    }
    if kind in ("shipped", "delivered"):
        parcel = _part(kind, scope, "parcel")
        found |= {
            "parcel": _parcel(parcel, order, scope.get("remaining")),
            "lines": _lines(order, parcel.get("lines") or ()),
        }
    if kind == "refunded":
        refund = _part(kind, scope, "refund")
        found |= {"refund": _refund(refund, order), "lines": _lines(order, refund.get("lines") or ())}
    if kind == "cancelled":
        found["cancellation"] = _cancellation(scope.get("cancellation") or {}, order)
    return found


def order_in(scope: Mapping[str, Any]) -> Order:
    """The canonical order of a scope, given as the noun itself or as its plain JSON."""
    order = scope.get("order")
    if isinstance(order, Order):
        return order
    try:
        return Order.model_validate(order)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise CannotPrepare(
            f"the message's order is not a canonical order ({error.error_count()} faults, first {where or 'its root'})",
            "order",
            "render from the order as it is stored",
        ) from error


def _part(kind: str, scope: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = scope.get(name)
    if not isinstance(part, Mapping):
        raise CannotPrepare(f"a '{kind}' message needs '{name}'", name, f"give the {name} that the message is about")
    return part


def _shop(shop: Mapping[str, Any]) -> facts.Shop:
    return facts.Shop(
        name=one_line(shop.get("name")) or "Our shop",
        email=one_line(shop.get("email")),
        phone=one_line(shop.get("phone")),
        url=link(shop.get("url")),
        logo_url=link(shop.get("logo_url")),
        address=one_line(shop.get("address")),
        colour=colour(shop.get("colour")),
    )


def _order(order: Order) -> facts.Order:
    total = order.total("total")
    expectation = next(iter(order.fulfillment.expectations), None)
    pickup = order.pickup_point
    return facts.Order(
        label=one_line(order.label) or order.id,
        url=link(order.permalink_url),
        placed_at=order.placed_at,
        sums=tuple(_sums(order)),
        total=None if total is None else Money(total, order.currency),
        presentment_total=_presented(order),
        cod_amount=Money(order.cod_amount, order.currency) if order.cod_amount else None,
        method=expectation.method_type if expectation else "none",
        service=one_line(expectation.description or expectation.service) if expectation else None,
        pickup_point=one_line(pickup.name or pickup.id) if pickup else None,
    )


def _presented(order: Order) -> Money | None:
    """What the buyer paid, where that was in another currency than the shop's."""
    if order.presentment_total is None or order.presentment_currency in (None, order.currency):
        return None
    return Money(order.presentment_total, str(order.presentment_currency))


def _sums(order: Order) -> Iterable[facts.Sum]:
    for total in order.totals:
        if total.type != "total" and total.amount:
            label = one_line(total.display_text) or _LABELS.get(total.type) or total.type.replace("_", " ").capitalize()
            yield facts.Sum(total.type, label, Money(total.amount, order.currency))


def _buyer(order: Order) -> facts.Buyer:
    place = order.destination or order.billing_destination
    first = one_line(order.buyer.first_name) or (one_line(place.first_name) if place else None)
    last = one_line(order.buyer.last_name) or (one_line(place.last_name) if place else None)
    return facts.Buyer(first, last, " ".join(part for part in (first, last) if part) or None)


def _address(place: Destination | None, manner: Manner) -> tuple[str, ...]:
    if place is None:
        return ()
    town = (place.postal_code, place.address_locality, place.address_region)
    rows = (
        _joined((place.first_name, place.last_name)),
        one_line(place.company),
        one_line(place.street_address),
        one_line(place.extended_address),
        _joined(town),
        manner.country(place.address_country) if place.address_country else None,
    )
    return tuple(row for row in rows if row)


def _joined(parts: Iterable[str | None]) -> str | None:
    return " ".join(text for text in map(one_line, parts) if text) or None


def _lines(order: Order, chosen: Iterable[Mapping[str, Any]] | None) -> tuple[facts.Line, ...]:
    if chosen is None:
        wanted = [(line, line.quantity.total) for line in order.line_items]
    else:
        found = ((order.line(str(entry["id"])), int(entry["quantity"])) for entry in chosen)
        wanted = [(line, quantity) for line, quantity in found if line]
    return tuple(_line(line, quantity, order.currency) for line, quantity in wanted if quantity > 0)


def _line(line: LineItem, quantity: int, currency: str) -> facts.Line:
    return facts.Line(
        title=one_line(line.item.title) or "Item",
        sku=one_line(line.item.sku),
        quantity=quantity,
        price=Money(line.item.price, currency),
        amount=Money(line.item.price * quantity, currency),
        image_url=link(line.item.image_url),
    )


def _parcel(parcel: Mapping[str, Any], order: Order, remaining: Any) -> facts.Parcel:
    inside = sum(int(line["quantity"]) for line in parcel.get("lines") or ())
    wanted = sum(line.quantity.total for line in order.line_items if line.requires_shipping)
    return facts.Parcel(
        tracking_number=one_line(parcel.get("tracking_number")),
        tracking_url=link(parcel.get("tracking_url")),
        carrier=one_line(parcel.get("carrier")),
        shipped_at=_instant(parcel.get("shipped_at")),
        delivered_at=_instant(parcel.get("delivered_at")),
        whole=not inside or inside >= wanted,
        remaining=remaining if isinstance(remaining, int) else 0,
    )


def _refund(refund: Mapping[str, Any], order: Order) -> facts.Refund:
    amount = refund.get("amount")
    if not isinstance(amount, int):
        raise CannotPrepare("the refund of a message has no amount", "refund.amount", "give integer minor units")
    return facts.Refund(Money(amount, str(refund.get("currency") or order.currency)), one_line(refund.get("reason")))


def _cancellation(cancellation: Mapping[str, Any], order: Order) -> facts.Cancellation:
    refunded = cancellation.get("refunded")
    amount = Money(refunded, order.currency) if isinstance(refunded, int) and refunded else None
    return facts.Cancellation(one_line(cancellation.get("reason")), amount)


def _instant(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
