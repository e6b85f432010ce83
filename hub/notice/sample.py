"""An invented order to try templates with: the usual one, one with every fact, one with as few as can be."""

from __future__ import annotations

from typing import Any

_PLACE = {
    "first_name": "Mina",
    "last_name": "Okafor",
    "street_address": "14 Lantern Row",
    "extended_address": "Flat 3",
    "address_locality": "Bristol",
    "postal_code": "BS1 4ZZ",
    "address_country": "GB",
}

_RARE = {
    "presentment_currency": "EUR",
    "presentment_total": 8011,
    "cod_amount": 6830,
    "pickup_point": {"id": "P-7", "name": "Corner shop, Quay Street"},
}

USUAL, EVERY, FEW = "usual", "every", "few"


def sample(kind: str, facts: str = USUAL) -> dict[str, Any]:
    """A scope for a message of this kind. `EVERY` adds what never meets in one order, `FEW` leaves out all it can."""
    sparse = facts == FEW
    order = _sparse() if sparse else _order() | (_RARE if facts == EVERY else {})
    lines = [{"id": "line-1", "quantity": 1}]
    scope: dict[str, Any] = {"order": order, "shop": {} if sparse else _shop()}
    if kind in ("shipped", "delivered"):
        scope["parcel"] = {"id": "parcel-1", "lines": lines} | ({} if sparse else _tracking())
        scope["remaining"] = 0 if sparse else 2
    if kind == "refunded":
        why = {} if sparse else {"lines": lines, "reason": "Arrived cracked"}
        scope["refund"] = {"amount": 2450, "currency": "GBP"} | why
    if kind == "cancelled" and not sparse:
        scope["cancellation"] = {"reason": "You asked us to", "refunded": 6830}
    return scope


def _shop() -> dict[str, Any]:
    return {
        "name": "Kestrel & Clay",
        "email": "hello@kestrel.example",
        "phone": "+44 117 496 0000",
        "url": "https://kestrel.example/",
        "logo_url": None,
        "address": "2 Kiln Yard, Bristol",
        "colour": "#1f5f4a",
    }


def _tracking() -> dict[str, Any]:
    return {
        "tracking_number": "KX 1000 2000 3",
        "tracking_url": "https://carrier.example/track/KX100020003",
        "carrier": "Northway Parcels",
        "shipped_at": "2026-03-13T09:30:00Z",
        "delivered_at": "2026-03-15T11:05:00Z",
    }


def _line(number: int, title: str, sku: str, price: int, quantity: int) -> dict[str, Any]:
    return {
        "id": f"line-{number}",
        "item": {"id": str(number), "sku": sku, "title": title, "price": price},
        "quantity": {"original": quantity, "total": quantity},
    }


def _order() -> dict[str, Any]:
    teapot = _line(1, "Stoneware teapot, moss", "POT-MOSS", 2450, 1)
    tumblers = _line(2, "Tumbler, chalk <matte>", "TUM-CHALK", 1800, 2)
    return {
        "id": "900017",
        "label": "#1017",
        "permalink_url": "https://kestrel.example/orders/1017",
        "currency": "GBP",
        "buyer": {"first_name": "Mina", "last_name": "Okafor", "email": "mina@buyer.example"},
        "line_items": [teapot, tumblers],
        "fulfillment": {"expectations": [_expectation()]},
        "totals": [
            {"type": "subtotal", "amount": 6050},
            {"type": "discount", "display_text": "SPRING10", "amount": -605},
            {"type": "fulfillment", "display_text": "Tracked 48", "amount": 490},
            {"type": "tax", "display_text": "VAT 20%", "amount": 895},
            {"type": "total", "amount": 6830},
        ],
        "placed_at": "2026-03-12T18:20:00Z",
        "locale": "en-GB",
    }


def _expectation() -> dict[str, Any]:
    whole = [{"id": "line-1", "quantity": 1}, {"id": "line-2", "quantity": 2}]
    return {"id": "e-1", "line_items": whole, "method_type": "shipping", "destination": _PLACE, "service": "Tracked 48"}


def _sparse() -> dict[str, Any]:
    lines = [_line(1, "Gift voucher", "", 1000, 1)]
    return {"id": "1", "label": "1", "currency": "JPY", "line_items": lines, "placed_at": "2026-03-12T18:20:00Z"}
