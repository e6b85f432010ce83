"""What the fields of each capability's input and result look like.

`hub.model.capability` names the fields; here is what stands in them. Examples are held to it, and `docs/connectors.md`
shows it. A word is a type (`text`, `integer`, `boolean`, `time`, `any`); a question mark allows null; a list of one
shape is a list of such; a mapping may leave out what may be null.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.language.problem import suggestion

Shape = str | list[Any] | dict[str, Any]

_DESTINATION: Shape = {
    "first_name": "text?", "last_name": "text?", "company": "text?", "street_address": "text?",
    "extended_address": "text?", "address_locality": "text?", "address_region": "text?", "postal_code": "text?",
    "address_country": "text?", "phone_number": "text?",
}  # fmt: skip
_BUYER: Shape = {"first_name": "text?", "last_name": "text?", "email": "text?", "phone_number": "text?"}
_PAYMENT: Shape = {
    "id": "text", "method": "text?", "custodian": "text?", "provider": "text?", "reference": "text?", "status": "text",
    "currency": "text", "authorized": "integer?", "captured": "integer?", "refunded": "integer?", "expires_at": "time?",
}  # fmt: skip
_LINES: Shape = [{"id": "text", "quantity": "integer"}]
_SKUS: Shape = [{"sku": "text?", "quantity": "integer"}]
_GROUP: Shape = {
    "id": "text",
    "lines": [
        {
            "id": "text", "sku": "text?", "title": "text", "quantity": "integer", "price": "integer",
            "weight_grams": "integer?", "hs_code": "text?", "origin_country": "text?",
        }
    ],
    "destination": _DESTINATION, "service": "text?", "cod_amount": "integer?", "currency": "text",
    "location_id": "text?",
}  # fmt: skip
_PARCEL: Shape = {"weight_grams": "integer?", "length_mm": "integer?", "width_mm": "integer?", "height_mm": "integer?"}
_SENT_PARCEL: Shape = {
    "id": "text", "lines": _LINES, "tracking_number": "text?", "tracking_url": "text?", "carrier": "text?",
    "shipped_at": "time?", "delivered_at": "time?",
}  # fmt: skip
_RATE: Shape = {
    "id": "text", "carrier": "text", "service": "text", "amount": "integer", "currency": "text",
    "delivery_days": "integer?",
}  # fmt: skip
_RATES: Shape = [_RATE]
_ORDER: Shape = {
    "id": "text", "label": "text?", "currency": "text", "placed_at": "time", "permalink_url": "text?",
    "storefront": "text", "source_id": "text", "test": "boolean",
}  # fmt: skip

# Amounts are minor units. `reference` and `order` are given with every capability.
INPUTS: dict[str, Shape] = {
    "reference": "text?", "order": _ORDER, "payment": _PAYMENT, "amount": "integer?", "currency": "text?",
    "refund": {"id": "text", "reason": "text?", "lines": _LINES}, "effect": "text?", "group": _GROUP, "buyer": _BUYER,
    "id": "text?", "cursor": "text?", "sku": "text", "location_id": "text?", "available": "integer",
    "destination": _DESTINATION, "origin": _DESTINATION, "shipment_id": "text", "rate_id": "text", "rate": _RATE,
    "tracking_number": "text?", "carrier": "text?", "source_id": "text", "updated_since": "time?",
    "complete": "boolean", "notify": "boolean", "topic": "text", "address": "text", "secret": "text",
    "message": {"kind": "text", "to": "text", "subject": "text", "text": "text", "html": "text", "message_id": "text"},
}  # fmt: skip

_STATUS: Shape = "text?"
_EFFECT: dict[str, Shape] = {"id": "text", "status": _STATUS}
_MONEY: dict[str, Shape] = {"id": "text", "amount": "integer?", "currency": "text?", "status": _STATUS}
_SHIPMENT: Shape = {
    "id": "text", "status": "text?", "tracking_number": "text?", "tracking_url": "text?", "carrier": "text?",
    "shipped_at": "time?", "delivered_at": "time?", "lines": _SKUS,
}  # fmt: skip
_RECIPIENT: Shape = {"name": "text?", "street_address": "text?", "postal_code": "text?", "address_country": "text?"}
_LABEL: dict[str, Shape] = {
    "id": "text", "tracking_number": "text?", "carrier": "text?", "tracking_url": "text?", "label_url": "text?",
    "amount": "integer?", "currency": "text?",
}  # fmt: skip

RESULTS: dict[str, dict[str, Shape]] = {
    "payment.capture": _MONEY,
    "payment.void": _EFFECT,
    "payment.refund": _MONEY,
    "payment.find": {
        "hits": [
            {
                "id": "text", "kind": "text", "amount": "integer?", "currency": "text?", "status": "text?",
                "reference": "text?",
            }
        ]
    },
    "fulfillment.create": _EFFECT,
    "fulfillment.find": {
        "hits": [
            {
                "id": "text", "reference": "text?", "status": "text", "lines": _SKUS,
                "recipient": _RECIPIENT,
                "shipments": [_SHIPMENT],
            }
        ]
    },
    "fulfillment.cancel": _EFFECT,
    "inventory.list": {
        "items": [
            {
                "sku": "text?", "location_id": "text?", "on_hand": "integer?", "unavailable": "integer?",
                "available": "integer?",
            }
        ],
        "next": "text?",
    },
    "inventory.set": {"id": "text"},
    "address.verify": {"verified": "boolean", "destination": _DESTINATION, "problems": ["text"]},
    "rate.list": {"rates": _RATES},
    "shipment.create": {"id": "text", "rates": _RATES, "status": _STATUS},
    "label.buy": _LABEL,
    "shipment.find": {
        "hits": [
            {
                **_LABEL, "reference": "text?", "status": "text", "refund_status": "text?", "rates": _RATES,
                "recipient": _RECIPIENT,
            }
        ]
    },
    "label.refund": _EFFECT,
    "tracking.get": {"status": "text?", "events": [{"occurred_at": "time?", "type": "text", "message": "text?"}]},
    "order.fetch": {"order": "any"},
    "order.list": {"orders": ["any"], "next": "text?"},
    "order.acknowledge": {"id": "text"},
    "order.complete": {"id": "text", "status": "text?"},
    "order.completed": {"hits": [{"id": "text", "status": "text?"}]},
    "shipment.announce": _EFFECT,
    "shipment.announced": {"hits": [{"id": "text", "tracking_number": "text?", "status": "text?"}]},
    "notification.send": {"id": "text"},
    "webhook.register": {"id": "text"},
    "webhook.list": {"hits": ["any"]},
    "account.describe": {
        "account": {
            "name": "text?", "currency": "text?", "timezone": "text?", "scopes": ["text"],
            "locations": [{"id": "text", "name": "text?"}], "services": [{"id": "text", "name": "text?"}],
        }
    },
}  # fmt: skip


def input_shape(capability: str, field: str) -> Shape:
    """The shape of one input field; `parcel` is measures for a carrier and what was sent for a storefront."""
    if field == "parcel":
        return _SENT_PARCEL if capability.startswith("shipment.announce") else _PARCEL
    return INPUTS.get(field, "any")


def faults(value: Any, shape: Shape, where: str = "") -> Iterator[tuple[str, str, str]]:
    """(place, what is wrong, mend) for each way in which the value is not of the shape."""
    if isinstance(shape, dict):
        yield from _mapping_faults(value, shape, where)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield where, f"{where} is not a list", "give a list, empty where there is none"
            return
        for index, item in enumerate(value):
            yield from faults(item, shape[0], f"{where}[{index}]")
    elif not _is(value, shape):
        yield (
            where,
            f"{where} is {_kind(value)} where {shape.replace('?', ' or null')} belongs",
            _MENDS[shape.rstrip("?")],
        )


def _mapping_faults(value: Any, shape: dict[str, Any], where: str) -> Iterator[tuple[str, str, str]]:
    if not isinstance(value, dict):
        yield where, f"{where} is not a mapping", "give a mapping"
        return
    for key in value:
        if key not in shape:
            yield f"{where}.{key}", f"{where} has no field '{key}'", suggestion(str(key), shape)
    for key, inner in shape.items():
        place = f"{where}.{key}" if where else key
        if value.get(key) is not None or key in value:
            yield from faults(value[key], inner, place)
        elif not (isinstance(inner, str) and inner.endswith("?")):
            yield place, f"{place} is missing", "give it"


def _is(value: Any, word: str) -> bool:
    if word == "any" or (value is None and word.endswith("?")):
        return True
    kind = word.rstrip("?")
    if kind == "time":
        return isinstance(value, str) and _is_time(value)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str)


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _kind(value: Any) -> str:
    names = {bool: "true or false", int: "a whole number", Decimal: "a decimal", str: "a text", dict: "a mapping"}
    return "null" if value is None else names.get(type(value), "a list")


_MENDS = {
    "text": "give a text: string(...) makes one of a number",
    "integer": "give a whole number: money(amount, currency) makes minor units, integer(...) reads a text",
    "boolean": "give true or false",
    "time": "give an RFC 3339 time with its offset: date(...) makes one",
}
