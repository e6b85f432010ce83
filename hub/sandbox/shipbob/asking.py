"""What ShipBob makes of a request to create an order, before it looks at anything else."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def problems_of(asked: Any) -> dict[str, list[str]]:
    """What ASP.NET's validation would say of an order."""
    if not isinstance(asked, dict):
        return {"": ["A non-empty request body is required."]}
    recipient = _mapping(asked.get("recipient"))
    address = _mapping(recipient.get("address"))
    needed = {
        "ReferenceId": asked.get("reference_id"), "ShippingMethod": asked.get("shipping_method"),
        "Products": asked.get("products"), "Recipient.Name": recipient.get("name"),
        "Recipient.Address.Address1": address.get("address1"), "Recipient.Address.City": address.get("city"),
        "Recipient.Address.Country": address.get("country"),
    }  # fmt: skip
    problems = {name: [f"The {name} field is required."] for name, value in needed.items() if not value}
    if len(str(asked.get("reference_id") or "")) > 300:
        problems["ReferenceId"] = ["The field ReferenceId must be a string with a maximum length of 300."]
    for i, each in enumerate(asked.get("products") or []):
        quantity = each.get("quantity")
        if not sku_of(each) or not isinstance(quantity, int) or quantity < 1:
            problems[f"Products[{i}]"] = ["A reference_id and a quantity of at least 1 are required."]
    total = (asked.get("financials") or {}).get("total_price")
    if total is not None and not isinstance(total, int | Decimal):
        problems["Financials.TotalPrice"] = ["The JSON value could not be converted to a number."]
    return problems


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def sku_of(product: Mapping[str, Any]) -> str:
    return str(product.get("reference_id") or product.get("sku") or product.get("id") or "")


def units_of(products: list[dict[str, Any]]) -> dict[str, int]:
    units: dict[str, int] = {}
    for each in products:
        units[sku_of(each)] = units.get(sku_of(each), 0) + each["quantity"]
    return units
