"""Custody: who holds the money decides who may move it, and whether goods may leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hub.model.order import Adjustment, Order, Payment
from hub.model.step import Effect

_SETTLED = {"captured", "partially_refunded", "refunded"}
_OPEN_HANDED = {"terms", "cash_on_delivery", "none"}
_HUB_MOVES = {"storefront", "provider"}
_CLOCKS_APART = timedelta(minutes=5)

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


def untold(order: Order, money: Payment, ours: Sequence[Effect]) -> int:
    """Minor units that the hub refunded (or may have) of which the order does not tell yet.

    Where another than the source holds the money, the source gives such a refund an id of its own when it hears of it:
    it is known by its sum and time. Where that is wrong, a person may ask for more than is left: the holder refuses.
    """
    listed = {entry.id: entry for entry in order.adjustments if entry.type == "refund"}
    left = [effect for effect in ours if listed.pop(effect.provider_id or "", None) is None]
    if money.custodian == "provider":
        left = [effect for effect in left if not _take_echo(listed, effect)]
    return sum(effect.amount or 0 for effect in left)


def _take_echo(listed: dict[str, Adjustment], effect: Effect) -> bool:
    """Whether one of the listed refunds may be the effect; that one is then no other's."""
    since = effect.intended_at - _CLOCKS_APART
    for identity, entry in listed.items():
        if entry.amount == effect.amount and (entry.occurred_at is None or entry.occurred_at >= since):
            del listed[identity]
            return True
    return False


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
