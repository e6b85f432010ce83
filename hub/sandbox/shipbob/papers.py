"""ShipBob's orders and shipments, and how it writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.sandbox.ledger import stamp


@dataclass
class Shipment:
    """One parcel. status: Processing, Completed, Exception, Cancelled. Tracking may become known after it left."""

    id: int
    units: dict[str, int]
    status: str = "Processing"
    number: str = ""
    carrier: str = ""
    tracked_from: float = 0.0
    shipped_at: float | None = None
    delivered_at: float | None = None
    updated_at: float = 0.0


@dataclass
class WarehouseOrder:
    """One order. `asked` is the request as it came in."""

    id: int
    reference: str
    created_at: float
    asked: dict[str, Any]
    units: dict[str, int]
    shipments: list[Shipment] = field(default_factory=list)
    cancelled: bool = False
    store_order: str = ""

    @property
    def status(self) -> str:
        states = {each.status for each in self.shipments}
        if self.cancelled:
            return "Cancelled"
        if states == {"Completed"}:
            return "Fulfilled"
        if "Completed" in states:
            return "PartiallyFulfilled"
        return "Exception" if "Exception" in states else "Processing"

    @property
    def updated_at(self) -> float:
        return max([self.created_at, *(each.updated_at for each in self.shipments)])


def order_document(order: WarehouseOrder, channel: str, now: float) -> dict[str, Any]:
    asked = order.asked
    return {
        "id": order.id, "created_date": stamp(order.created_at), "reference_id": order.reference,
        "order_number": asked.get("order_number") or order.reference, "status": order.status,
        "type": asked.get("type") or "DTC", "channel": {"id": int(channel), "name": "Crossdock"},
        "shipping_method": asked.get("shipping_method"), "purchase_date": asked.get("purchase_date"),
        "gift_message": asked.get("gift_message"), "financials": asked.get("financials"),
        "tags": asked.get("tags") or [],
        "shipping_terms": asked.get("shipping_terms"), "retailer_program_data": None, "recipient": asked["recipient"],
        "products": [_product(each, i) for i, each in enumerate(asked["products"])],
        "shipments": [shipment_document(order, each, now) for each in order.shipments],
    }  # fmt: skip


def _product(asked: dict[str, Any], index: int) -> dict[str, Any]:
    return {
        "id": 310000 + index, "reference_id": asked.get("reference_id"),
        "sku": asked.get("sku") or asked.get("reference_id"),
        "quantity": asked.get("quantity"), "unit_price": asked.get("unit_price"), "gtin": asked.get("gtin"),
        "upc": None,
        "external_line_id": asked.get("external_line_id") or index, "quantity_unit_of_measure_code": None,
    }  # fmt: skip


def shipment_document(order: WarehouseOrder, shipment: Shipment, now: float) -> dict[str, Any]:
    recipient = order.asked["recipient"]
    return {
        "id": shipment.id, "order_id": order.id, "reference_id": order.reference, "status": shipment.status,
        "created_date": stamp(order.created_at), "last_update_at": stamp(shipment.updated_at or order.created_at),
        "last_tracking_update_at": stamp(shipment.tracked_from) if tracked(shipment, now) else None,
        "actual_fulfillment_date": _when(shipment.shipped_at), "delivery_date": _when(shipment.delivered_at),
        "estimated_fulfillment_date": stamp(order.created_at + 86400),
        "estimated_fulfillment_date_status": "PendingOnTime",
        "location": {"id": 8, "name": "Cicero (IL)"}, "ship_option": order.asked.get("shipping_method"),
        "recipient": recipient | {"full_name": recipient.get("name")},
        "products": [_shipped(sku, units, i) for i, (sku, units) in enumerate(shipment.units.items())],
        "measurements": {"depth_in": 6, "length_in": 10, "total_weight_oz": 24, "width_in": 8},
        "package_material_type": "Box", "parent_cartons": [], "require_signature": False, "insurance_value": None,
        "invoice_amount": None, "invoice_currency_code": "USD", "is_tracking_uploaded": False, "gift_message": "",
        "status_details": _details(shipment), "tracking": _tracking(shipment) if tracked(shipment, now) else None,
    }  # fmt: skip


def tracked(shipment: Shipment, now: float) -> bool:
    return bool(shipment.number) and shipment.tracked_from <= now


def _tracking(shipment: Shipment) -> dict[str, Any]:
    return {
        "tracking_number": shipment.number, "carrier": shipment.carrier, "carrier_service": "Ground",
        "tracking_url": f"https://track.example/{shipment.number}", "shipping_date": _when(shipment.shipped_at),
        "bol": None, "pro_number": None, "scac": None,
    }  # fmt: skip


def _shipped(sku: str, units: int, index: int) -> dict[str, Any]:
    item = {"id": 510000 + index, "name": sku, "quantity": units, "quantity_committed": units, "lot": None,
            "expiration_date": None, "is_dangerous_goods": False, "serial_numbers": []}  # fmt: skip
    return {"id": 310000 + index, "reference_id": sku, "sku": sku, "name": sku, "inventory_items": [item]}


def _details(shipment: Shipment) -> list[dict[str, Any]]:
    if shipment.status != "Exception":
        return []
    return [{"id": 204, "name": "OutOfStock", "description": "Out of stock", "inventory_id": None,
             "exception_fulfillment_center_id": None, "extra_information": None}]  # fmt: skip


def _when(moment: float | None) -> str | None:
    return stamp(moment) if moment else None
