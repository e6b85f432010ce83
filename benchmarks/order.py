"""The storefront's orders: one signed webhook of 6 KB, which differs from order to order in its number alone."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

BODY_BYTES = 6 * 1024
FIRST_ORDER = 10_000_000  # the stand-in counts orders from here; a number always has eight digits
SECRET = "larch-and-loam-signs-with-this"  # noqa: S105 - of a shop that does not exist
WEBHOOK_PATH = "/webhooks/shop"
_NUMBER = b"77700777"
_SIGNATURE = b"s" * 44


@dataclass(frozen=True)
class Request:
    """A whole HTTP request, `head` and `body`, in which _NUMBER and _SIGNATURE stand for an order's own."""

    head: bytes
    body: bytes

    def of(self, number: int) -> tuple[bytes, bytes]:
        """The signed request of one order, as (head, body)."""
        digits = b"%08d" % number
        body = self.body.replace(_NUMBER, digits)
        return self.head.replace(_NUMBER, digits).replace(_SIGNATURE, signature(body)), body


def signature(body: bytes) -> bytes:
    """As WooCommerce signs: HMAC-SHA256 of the raw body, in base64."""
    return b64encode(digest(SECRET.encode(), body, sha256))


def request(port: int, path: str = WEBHOOK_PATH, sku: str = "LARCH") -> Request:
    """The request that a storefront's delivery is made from; its articles are `sku`-0 and so on."""
    body = json.dumps(document(datetime.now(UTC), sku)).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "User-Agent: WooCommerce/9.4.2 Hookshot (WordPress/6.7)",
        "Content-Type: application/json",
        "X-WC-Webhook-Source: https://larch.example/",
        "X-WC-Webhook-Topic: order.created",
        "X-WC-Webhook-Resource: order",
        "X-WC-Webhook-Event: created",
        "X-WC-Webhook-ID: 4",
        f"X-WC-Webhook-Delivery-ID: d-{_NUMBER.decode()}",
        f"X-WC-Webhook-Signature: {_SIGNATURE.decode()}",
        f"Content-Length: {len(body)}",
    ]
    return Request("\r\n".join([*lines, "", ""]).encode(), body)


def write_plan(file: Path, made: Request, first: int, count: int) -> None:
    """What the sender sends: the request once, and for each order its number and its signature."""
    whole = made.head + made.body
    places = list(_places(whole, _NUMBER))
    numbers = range(FIRST_ORDER + first, FIRST_ORDER + first + count)
    with file.open("wb") as out:
        out.write(struct.pack("<4I", len(whole), whole.index(_SIGNATURE), len(places), count))
        out.write(struct.pack(f"<{len(places)}I", *places))
        out.write(whole)
        for number in numbers:
            digits = b"%08d" % number
            out.write(digits + signature(made.body.replace(_NUMBER, digits)))


def _places(text: bytes, what: bytes) -> Iterator[int]:
    at = text.find(what)
    while at >= 0:
        yield at
        at = text.find(what, at + 1)


def document(now: datetime, sku: str) -> dict[str, Any]:
    """An order whose payment is authorised and whose goods are to be shipped, padded to its size by its lines' meta
    data, as plugins do."""
    number = int(_NUMBER)
    at = (now - timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%S")
    lines = [_line(index, sku) for index in range(4)]
    place = {
        "first_name": "Mina", "last_name": "Okafor", "company": "", "address_1": "Ulmenweg 3", "address_2": "",
        "city": "Berlin", "state": "DE-BE", "postcode": "10115", "country": "DE", "phone": "+49301234567",
    }  # fmt: skip
    made: dict[str, Any] = {
        "id": number, "parent_id": 0, "status": "on-hold", "currency": "EUR", "version": "9.4.2",
        "prices_include_tax": False, "date_created": at, "date_modified": at, "discount_total": "0.00",
        "discount_tax": "0.00", "shipping_total": "5.00", "shipping_tax": "0.00", "cart_tax": "0.00",
        "total": "85.00", "total_tax": "0.00", "customer_id": 0, "order_key": f"wc_order_{number}",
        "billing": place | {"email": f"mina.{number}@buyer.example"}, "shipping": place, "payment_method": "stripe",
        "payment_method_title": "Card", "transaction_id": f"pi_{number}", "customer_ip_address": "198.51.100.7",
        "customer_user_agent": "Mozilla/5.0", "created_via": "checkout", "customer_note": "", "date_completed": None,
        "date_paid": None, "cart_hash": "0" * 32, "number": str(number), "meta_data": [
            {"id": 1, "key": "_stripe_intent_id", "value": f"pi_{number}"},
            {"id": 2, "key": "_stripe_charge_captured", "value": "no"},
        ], "line_items": lines, "tax_lines": [], "shipping_lines": [
            {"id": 8, "method_title": "Parcel", "method_id": "flat_rate", "instance_id": "3", "total": "5.00",
             "total_tax": "0.00", "taxes": [], "meta_data": []}
        ], "fee_lines": [], "coupon_lines": [], "refunds": [],
        "payment_url": "https://larch.example/checkout/order-pay", "is_editable": True, "needs_payment": False,
        "needs_processing": True, "date_created_gmt": at, "date_modified_gmt": at, "date_completed_gmt": None,
        "date_paid_gmt": None, "currency_symbol": "€",
    }  # fmt: skip
    notes: list[dict[str, Any]] = made["meta_data"]
    while (missing := BODY_BYTES - len(json.dumps(made))) > 0:
        note = {"id": len(notes) + 1, "key": "_plugin_note", "value": ""}
        room = missing - len(json.dumps(note)) - 2
        notes.append(note | {"value": "n" * max(0, min(200, room))})
    return made


def _line(index: int, sku: str) -> dict[str, Any]:
    return {
        "id": 900 + index, "name": f"A board of larch, {index + 1} m", "product_id": 70 + index, "variation_id": 0,
        "quantity": 2, "tax_class": "", "subtotal": "20.00", "subtotal_tax": "0.00", "total": "20.00",
        "total_tax": "0.00", "taxes": [], "meta_data": [], "sku": f"{sku}-{index}", "price": 10,
        "image": {"id": "", "src": ""}, "parent_name": None,
    }  # fmt: skip
