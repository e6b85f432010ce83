"""Invented orders, as a mapping would give them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.model.message import Entity

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def order(source_id: str = "1", version: str = "1", **changes: Any) -> Entity:
    """An order of two lines, authorised at the storefront."""
    address = {
        "street_address": "1 Quay",
        "address_locality": "Bremen",
        "address_country": "DE",
        "last_name": "Behn",
        "postal_code": "28195",
    }
    lines = changes.pop("lines", {"L1": 2, "L2": 1})
    document: dict[str, Any] = {
        "id": source_id,
        "label": f"#{source_id}",
        "currency": "EUR",
        "buyer": {"email": "b@example.test"},
        "line_items": [
            {
                "id": line,
                "item": {"title": line, "sku": f"SKU-{line}", "price": 1000},
                "quantity": {"original": quantity, "total": quantity},
            }
            for line, quantity in lines.items()
        ],
        "fulfillment": {"expectations": [{"id": "e1", "destination": address}]},
        "totals": [{"type": "total", "amount": 3000}],
        "payments": [money()],
        "placed_at": START.isoformat(),
    }
    return Entity("order", source_id, source_id, version, document | changes)


def money(**changes: Any) -> dict[str, Any]:
    return {
        "id": "p1",
        "method": "card",
        "custodian": "storefront",
        "reference": "auth1",
        "status": "authorized",
        "currency": "EUR",
        "authorized": 3000,
    } | changes
