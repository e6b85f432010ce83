"""EasyPost's objects as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.sandbox.ledger import stamp

_LABELS = "https://labels.example/postage"


@dataclass
class Tracker:
    """status: unknown, pre_transit, in_transit, delivered. `steps` are (status, time, message)."""

    id: str
    code: str
    carrier: str
    shipment: str | None
    created_at: float
    status: str = "unknown"
    steps: list[tuple[str, float, str]] = field(default_factory=list)


@dataclass
class Shipment:
    """A shipment; `bought` is the rate its label was bought at. refund: None, submitted, refunded, rejected."""

    id: str
    asked: dict[str, Any]
    created_at: float
    rates: list[dict[str, Any]]
    reference: str = ""
    bought: dict[str, Any] | None = None
    bought_at: float = 0.0
    tracker: Tracker | None = None
    refund: str | None = None
    updated_at: float = 0.0
    order: str = ""
    handed_in: bool = False


def address_document(
    asked: dict[str, Any], identity: str, now: float, mode: str, verified: bool | None
) -> dict[str, Any]:
    """`verified` None: nobody asked. A verified address comes back in capitals, as carriers like it."""
    names = "name company street1 street2 city state zip country phone email".split()
    fields = {name: asked.get(name) for name in names}
    if verified:
        fields |= {name: str(fields[name]).upper() for name in ("name", "street1", "city") if fields[name]}
    check = {} if verified is None else {"delivery": _verification(verified)}
    return {"id": identity, "object": "Address", "created_at": stamp(now), "updated_at": stamp(now),
    "mode": mode} | fields | {
        "carrier_facility": None, "residential": True if verified else None, "federal_tax_id": None,
        "state_tax_id": None,
        "verifications": check,
    }  # fmt: skip


def _verification(success: bool) -> dict[str, Any]:
    if success:
        return {"success": True, "errors": [], "details": {"latitude": 0.0, "longitude": 0.0, "time_zone": "UTC"}}
    return {"success": False, "errors": [address_problem()], "details": None}


def address_problem() -> dict[str, Any]:
    return {"code": "E.ADDRESS.NOT_FOUND", "field": "address", "message": "Address not found", "suggestion": None}


def rate_documents(shipment: str, ounces: Decimal, international: bool, now: float, mode: str) -> list[dict[str, Any]]:
    """Three services; heavier parcels and other countries cost more."""
    base = Decimal("4.10") + ounces * Decimal("0.06") + (Decimal("12.00") if international else 0)
    services = (("GroundAdvantage", "1.00", 4), ("Priority", "1.42", 2), ("Express", "3.80", 1))
    return [
        {"id": f"rate_{shipment[4:]}{i}", "object": "Rate", "created_at": stamp(now), "updated_at": stamp(now),
         "mode": mode, "service": service, "carrier": "USPS", "rate": f"{base * Decimal(factor):.2f}",
         "currency": "USD",
         "retail_rate": f"{base * Decimal(factor) * Decimal('1.3'):.2f}", "retail_currency": "USD",
         "list_rate": f"{base * Decimal(factor):.2f}", "list_currency": "USD", "billing_type": "easypost",
         "delivery_days": days, "delivery_date": None, "delivery_date_guaranteed": False, "est_delivery_days": days,
         "shipment_id": shipment, "carrier_account_id": "ca_sandbox"}
        for i, (service, factor, days) in enumerate(services)
    ]  # fmt: skip


def shipment_document(shipment: Shipment, mode: str) -> dict[str, Any]:
    asked = shipment.asked
    return {
        "id": shipment.id, "object": "Shipment", "created_at": stamp(shipment.created_at),
        "updated_at": stamp(shipment.updated_at or shipment.created_at), "mode": mode, "is_return": False,
        "messages": [],
        "options": asked.get("options") or {"currency": "USD"}, "reference": shipment.reference or None,
        "status": shipment.tracker.status if shipment.tracker else "unknown",
        "tracking_code": shipment.tracker.code if shipment.tracker else None, "batch_id": None, "batch_status": None,
        "batch_message": None, "customs_info": asked.get("customs_info"), "from_address": asked["from_address"],
        "to_address": asked["to_address"], "return_address": asked["from_address"],
        "buyer_address": asked["to_address"],
        "insurance": None, "order_id": None, "parcel": asked["parcel"], "postage_label": _label(shipment),
        "rates": shipment.rates, "refund_status": shipment.refund, "scan_form": None, "selected_rate": shipment.bought,
        "tracker": tracker_document(shipment.tracker, mode) if shipment.tracker else None, "usps_zone": 4, "forms": [],
        "fees": [{"object": "Fee", "type": "PostageFee", "amount": shipment.bought["rate"], "charged": True,
                  "refunded": shipment.refund == "refunded"}] if shipment.bought else [],
    }  # fmt: skip


def _label(shipment: Shipment) -> dict[str, Any] | None:
    if shipment.bought is None:
        return None
    return {
        "object": "PostageLabel", "id": "pl_" + shipment.id[4:], "created_at": stamp(shipment.bought_at),
        "updated_at": stamp(shipment.bought_at), "date_advance": 0, "integrated_form": "none",
        "label_date": stamp(shipment.bought_at), "label_resolution": 300, "label_size": "4x6", "label_type": "default",
        "label_file_type": "image/png", "label_url": f"{_LABELS}/{shipment.id}.png", "label_pdf_url": None,
        "label_zpl_url": None, "label_epl2_url": None, "label_file": None,
    }  # fmt: skip


def tracker_document(tracker: Tracker, mode: str) -> dict[str, Any]:
    place = {"object": "TrackingLocation", "city": None, "state": None, "country": None, "zip": None}
    return {
        "id": tracker.id, "object": "Tracker", "mode": mode, "tracking_code": tracker.code, "status": tracker.status,
        "status_detail": "status_update", "created_at": stamp(tracker.created_at),
        "updated_at": stamp(tracker.steps[-1][1] if tracker.steps else tracker.created_at), "signed_by": None,
        "weight": None, "est_delivery_date": None, "shipment_id": tracker.shipment, "carrier": tracker.carrier,
        "tracking_details": [
            {"object": "TrackingDetail", "message": message, "description": None, "status": status,
             "status_detail": "status_update", "datetime": stamp(moment), "source": tracker.carrier,
             "carrier_code": None,
             "tracking_location": place} for status, moment, message in tracker.steps
        ],
        "fees": [], "carrier_detail": None, "finalized": tracker.status == "delivered", "is_return": False,
        "public_url": f"https://track.easypost.com/{tracker.id}",
    }  # fmt: skip


def event_document(
    identity: str, kind: str, result: dict[str, Any], previous: str, now: float, mode: str
) -> dict[str, Any]:
    return {
        "id": identity, "object": "Event", "created_at": stamp(now), "updated_at": stamp(now), "description": kind,
        "mode": mode, "previous_attributes": {"status": previous}, "pending_urls": [], "completed_urls": [],
        "status": "pending", "user_id": "user_sandbox", "result": result,
    }  # fmt: skip
