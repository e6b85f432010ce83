"""Stripe's objects as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.sandbox.books import StoreOrder


@dataclass
class Intent:
    """A PaymentIntent. Money is integer minor units, currency lower case, as Stripe has it."""

    id: str
    charge: str
    amount: int
    currency: str
    created: float
    status: str  # requires_capture, succeeded, canceled
    manual: bool
    livemode: bool
    received: int = 0
    canceled_at: float | None = None
    cancellation_reason: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    description: str = ""
    refunds: list[Back] = field(default_factory=list)
    order: StoreOrder | None = None

    @property
    def refunded(self) -> int:
        return sum(each.amount for each in self.refunds)


@dataclass
class Back:
    """A Refund."""

    id: str
    amount: int
    created: float
    reason: str | None
    metadata: dict[str, str]


def intent_document(intent: Intent) -> dict[str, Any]:
    capturable = intent.amount if intent.status == "requires_capture" else 0
    return {
        "id": intent.id, "object": "payment_intent", "amount": intent.amount, "amount_capturable": capturable,
        "amount_details": {"tip": {}}, "amount_received": intent.received, "application": None,
        "application_fee_amount": None, "automatic_payment_methods": None,
        "canceled_at": int(intent.canceled_at) if intent.canceled_at else None,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": "manual" if intent.manual else "automatic_async",
        "client_secret": f"{intent.id}_secret_{intent.charge[3:15]}", "confirmation_method": "automatic",
        "created": int(intent.created), "currency": intent.currency, "customer": None,
        "description": intent.description or None, "last_payment_error": None, "latest_charge": intent.charge,
        "livemode": intent.livemode, "metadata": intent.metadata, "next_action": None, "on_behalf_of": None,
        "payment_method": "pm_" + intent.charge[3:],
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"], "processing": None, "receipt_email": None, "review": None,
        "setup_future_usage": None, "shipping": None, "source": None, "statement_descriptor": None,
        "statement_descriptor_suffix": None, "status": intent.status, "transfer_data": None, "transfer_group": None,
    }  # fmt: skip


def charge_document(intent: Intent) -> dict[str, Any]:
    return {
        "id": intent.charge, "object": "charge", "amount": intent.amount, "amount_captured": intent.received,
        "amount_refunded": intent.refunded, "captured": intent.received > 0, "created": int(intent.created),
        "currency": intent.currency, "customer": None, "description": intent.description or None, "disputed": False,
        "failure_code": None, "failure_message": None, "livemode": intent.livemode, "metadata": intent.metadata,
        "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"},
        "paid": True, "payment_intent": intent.id, "payment_method": "pm_" + intent.charge[3:],
        "refunded": intent.received > 0 and intent.refunded == intent.received, "status": "succeeded",
    }  # fmt: skip


def refund_document(intent: Intent, back: Back) -> dict[str, Any]:
    return {
        "id": back.id, "object": "refund", "amount": back.amount, "balance_transaction": "txn_" + back.id[3:],
        "charge": intent.charge, "created": int(back.created), "currency": intent.currency,
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": back.metadata, "payment_intent": intent.id, "reason": back.reason, "receipt_number": None,
        "source_transfer_reversal": None, "status": "succeeded", "transfer_reversal": None,
    }  # fmt: skip


def event_document(
    identity: str, kind: str, thing: dict[str, Any], now: float, livemode: bool, key: str | None
) -> dict[str, Any]:
    return {
        "id": identity, "object": "event", "api_version": "2026-02-25.clover", "created": int(now),
        "data": {"object": thing}, "livemode": livemode, "pending_webhooks": 1,
        "request": {"id": "req_" + identity[4:18] if key else None, "idempotency_key": key}, "type": kind,
    }  # fmt: skip


def page(url: str, documents: list[dict[str, Any]], more: bool = False) -> dict[str, Any]:
    return {"object": "list", "url": url, "has_more": more, "data": documents}
