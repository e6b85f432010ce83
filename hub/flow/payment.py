"""Custody: who holds the money decides who may move it, and whether goods may leave."""

from __future__ import annotations

from hub.model.order import Order, Payment

_SETTLED = {"captured", "partially_refunded", "refunded"}
_OPEN_HANDED = {"terms", "cash_on_delivery", "none"}
_HUB_MOVES = {"storefront", "provider"}

READY, WAITING, UNKNOWN = "ready", "waiting", "unknown"


def readiness(order: Order) -> str:
    """ready: paid, authorised, on terms, free, or cash on delivery; waiting: the money is not there; unknown: a
    person must say.
    """
    if not order.payments:
        return READY if order.total("total") == 0 else WAITING
    verdicts = {_one(payment) for payment in order.payments}
    if UNKNOWN in verdicts:
        return UNKNOWN
    return WAITING if WAITING in verdicts else READY


def _one(payment: Payment) -> str:
    if payment.custodian == "unknown":
        return UNKNOWN
    if payment.status in _SETTLED or payment.status == "voided":
        return READY
    if payment.custodian in _OPEN_HANDED or payment.custodian in ("marketplace", "gift_card"):
        return READY
    return READY if payment.status in ("authorized", "partially_captured") else WAITING


def given_back(order: Order) -> bool:
    """Whether all the money that came in went back: goods that leave now would be a present."""
    came_in = [payment for payment in order.payments if payment.captured]
    return bool(came_in) and all(payment.refunded >= payment.captured for payment in came_in)


def capturable(payment: Payment) -> int:
    """Minor units that the hub may still capture; 0 where it never touches the money."""
    if payment.custodian not in _HUB_MOVES or payment.status not in ("authorized", "partially_captured"):
        return 0
    return max(payment.authorized - payment.captured, 0)


def refundable(payment: Payment) -> int:
    """Minor units that may still be refunded at the custodian."""
    return max(payment.captured - payment.refunded, 0) if payment.custodian in _HUB_MOVES else 0
