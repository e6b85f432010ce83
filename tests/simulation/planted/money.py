"""Money that is moved once too often, or more of it than there is."""

from __future__ import annotations

from typing import Any

from hub.flow import gate, inputs, planner, scope
from hub.flow.expand import begin
from hub.flow.payment import refundable
from hub.model.step import Step
from tests.simulation.planted.patching import Patch, everywhere, together
from tests.simulation.planted.registry import bug


def _sums_unchecked(capability: str) -> Patch:
    original = gate.sums

    def sums(book: Any, step: Step, amount: int | None) -> str | None:
        return None if step.capability == capability else original(book, step, amount)

    return everywhere(gate.sums, sums)


@bug("refund-sum-unchecked", "Two refunds are commanded before the first has moved, and nobody adds up.", refunds=0.6,
     commands=0.3)  # fmt: skip
def refund_sum_unchecked() -> Patch:
    return _sums_unchecked("payment.refund")


@bug(
    "capture-sum-unchecked", "What is captured is what the lines cost before discounts, and nobody adds it up.",
    behind="the amount is what was authorised",
)  # fmt: skip
def capture_sum_unchecked() -> Patch:
    original = inputs._capture

    def capture(setting: Any, book: Any, step: Step) -> Any:
        made = original(setting, book, step)
        discount = sum(entry.amount for entry in book.order.totals if entry.type.endswith("discount"))
        return {**made, "amount": made["amount"] + abs(discount)}

    return together(everywhere(inputs._capture, capture), _sums_unchecked("payment.capture"))


@bug("refund-report-obeyed", "A refund that was made at the store is taken for a command, and made again.")
def refund_report_obeyed() -> Patch:
    original = planner.advance

    def advance(setting: Any, book: Any, now: Any) -> None:
        if book.order is not None and book.disposition == "active":
            ours = {effect.provider_id for effect in book.executed("payment.refund")}
            money = next((p for p in book.order.payments if refundable(p) or p.refunded), None)
            for entry in book.order.adjustments:
                if entry.type == "refund" and entry.id not in ours and money is not None and entry.amount:
                    begin(
                        setting, book, "refund-order", now, run=f"refund-order:{entry.id}", refund_id=entry.id,
                        payment_id=money.id, amount=entry.amount, currency=money.currency, lines=[],
                    )  # fmt: skip
        original(setting, book, now)

    return everywhere(planner.advance, advance)


@bug(
    "cancel-report-obeyed", "A cancellation at the store is taken for one commanded here: money is released again.",
    behind="the store's word that it has released the money itself", edits=True, on_shipment=True,
)  # fmt: skip
def cancel_report_obeyed() -> Patch:
    facts = scope.payment_facts

    def start_cancel(setting: Any, book: Any, now: Any) -> None:
        known = "cancel-order" in setting.flows and "cancel-order" not in book.runs
        if book.order.standing in ("cancelled", "deleted") and book.runs and known:
            begin(setting, book, "cancel-order", now, commanded=True)

    def as_authorised(book: Any, payment: Any) -> Any:
        told = facts(book, payment)
        return {**told, "status": "authorized"} if told["status"] == "voided" else told

    return together(everywhere(planner._start_cancel, start_cancel), everywhere(scope.payment_facts, as_authorised))
