"""What a person may decide: each a plan that can be shown first, then exactly that, with an actor and a reason on
record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from hub.flow import evidence, gap, intake, life, payment, planner, settle
from hub.flow.expand import begin
from hub.flow.plan import (
    ASK_FIRST,
    DONE,
    NOTHING,
    OVERTAKEN,
    TOO_LATE,
    WILL_DO,
    PlannedEffect,
    Refused,
    chosen,
    preview,
    read,
    replay_plan,
)
from hub.flow.setting import Setting
from hub.model.book import Book
from hub.model.effect import digest_of
from hub.model.flow import NEEDS_PERSON, Event, State
from hub.model.step import REPLAYED, Step

T = TypeVar("T")

# --- deciding


def replay(setting: Setting, order: str, step: str | None, actor: str, why: str, now: datetime) -> list[str]:
    """Tries again what is dead, held or refused; what may have happened is asked about first. Returns the steps
    moved.
    """

    def decide(book: Book) -> list[str]:
        _refuse_history(book)
        moved = []
        for found in chosen(book, step):
            if _again(found, now):
                found.spec = {**found.spec, REPLAYED: True}
                moved.append(found.id)
                book.note(now, actor, "replay", why, step=found.id)
        book.distrust(now)  # always read the source again before anything irreversible
        return moved

    return _decide(setting, order, decide, actor, "replay", {"step": step, "why": why}, now)


def _again(step: Step, now: datetime) -> bool:
    if step.state is State.DEAD:
        step.tries = 0
        step.began_at = now
        life.move(step, Event.REPLAY_UNRESOLVED if step.unresolved else Event.REPLAY, now, next_at=now)
        return True
    if step.state is State.REJECTED:
        _new_generation(step)
        life.move(step, Event.REPLAY, now, next_at=now)
        return True
    if step.state is State.HELD and step.returns_to is not State.DONE:  # a task is not tried again but dealt with
        life.mend(step, now)
        return True
    if step.state in (State.WAITING, State.UNKNOWN) and step.lease_until is None:
        step.next_at = now
        return True
    return False


def _new_generation(step: Step) -> None:
    """After a definite refusal the next try is another effect: it must not share the refused one's key."""
    step.generation += 1
    step.tries = step.lookups = 0
    step.first_sent = step.last_sent = None
    step.unresolved = False


def release(setting: Setting, order: str, step: str | None, actor: str, why: str, now: datetime) -> list[str]:
    """Approves the order (or one held step) and lets what was held for a person go on."""

    def decide(book: Book) -> list[str]:
        _refuse_history(book)
        held = [s for s in book.in_state(State.HELD) if step is None or s.id == step]
        if step is None:
            book.approved = True
        for found in held:
            life.mend(found, now)
            found.detail = {**found.detail, "released": True}
            book.note(now, actor, "release", why, step=found.id)
        book.distrust(now)
        return [found.id for found in held]

    return _decide(setting, order, decide, actor, "release", {"step": step, "why": why}, now)


def resolve(
    setting: Setting, order: str, step: str, decision: str, reference: str | None, actor: str, why: str, now: datetime
) -> str:
    """A person's word on a parked (refused, dead, held) step: happened REF, did_not, new_generation, abandon."""

    def decide(book: Book) -> str:
        found = book.steps.get(step)
        if found is None:
            raise Refused(f"the order has no step {step!r}; see `crossdock orders show {order}`")
        _DECISIONS.get(decision, _unknown_decision)(setting, book, found, reference, now)
        book.note(now, actor, "resolve", why, step=step, decision=decision, reference=reference)
        return found.state.value

    detail = {"step": step, "decision": decision, "reference": reference, "why": why}
    return _decide(setting, order, decide, actor, "resolve", detail, now)


def _unknown_decision(setting: Setting, book: Book, step: Step, reference: str | None, now: datetime) -> None:
    raise Refused("a decision is one of happened, did_not, new_generation, abandon")


def _happened(setting: Setting, book: Book, step: Step, reference: str | None, now: datetime) -> None:
    if not reference:
        raise Refused("happened needs the provider's id of what happened")
    if step.state is State.PARKED:
        effect = book.effect(step)
        life.move(step, Event.HAPPENED, now)
        step.result, step.unresolved = {"id": reference}, False
        if effect is not None:
            effect.executed, effect.settled_at, effect.provider_id = True, now, reference
            evidence.link(setting, book, step, effect, now)
        evidence.consequence(setting, book, step, step.result, now)
        return None
    if step.name == "review" and step.state is State.HELD:
        return life.mend(step, now)
    raise Refused(f"the step is {step.state.value}, not parked: there is nothing to decide")


def _did_not(setting: Setting, book: Book, step: Step, reference: str | None, now: datetime) -> None:
    _require(step, State.PARKED)
    settle.disown(book, step)
    gap.settle(step)
    step.unresolved, step.tries, step.lookups = False, 0, 0
    step.first_sent = None
    life.move(step, Event.DID_NOT, now, next_at=now)
    book.distrust(now)


def _newer(setting: Setting, book: Book, step: Step, reference: str | None, now: datetime) -> None:
    _require(step, State.PARKED)
    settle.disown(book, step)
    gap.settle(step)
    _new_generation(step)
    life.move(step, Event.NEW_GENERATION, now, next_at=now)
    book.distrust(now)


def _abandon(setting: Setting, book: Book, step: Step, reference: str | None, now: datetime) -> None:
    if step.state not in NEEDS_PERSON:
        raise Refused(f"the step is {step.state.value}: only what waits for a person can be abandoned")
    life.move(step, Event.ABANDON, now, cause="abandoned")


def _require(step: Step, state: State) -> None:
    if step.state is not state:
        raise Refused(f"the step is {step.state.value}, not {state.value}: there is nothing to decide")


_DECISIONS: dict[str, Callable[[Setting, Book, Step, str | None, datetime], None]] = {
    "happened": _happened,
    "did_not": _did_not,
    "new_generation": _newer,
    "abandon": _abandon,
}


def adopt(setting: Setting, order: str, actor: str, why: str, now: datetime) -> str:
    """Begins one order of history, on purpose."""

    def decide(book: Book) -> str:
        if book.order is None:
            raise Refused("the hub has not seen this order yet; reconcile its storefront first")
        if book.disposition not in ("history", "ignored"):
            raise Refused(f"the order is {book.disposition}: only history can be adopted")
        if book.order.standing in ("cancelled", "deleted"):
            raise Refused(f"the order was {book.order.standing} at its source")
        book.adopted = True
        book.distrust(now)
        intake.start(setting, book, now)
        book.note(now, actor, "adopt", why)
        return "active"

    return _decide(setting, order, decide, actor, "adopt", {"why": why}, now)


def cancel(setting: Setting, order: str, actor: str, why: str, now: datetime) -> str:
    """Takes back what was not sent and undoes what was, by the cancel flow; the money goes back by its custodian."""

    def decide(book: Book) -> str:
        _refuse_history(book)
        if "cancel-order" in book.runs:
            raise Refused("the order is being cancelled already")
        begin(setting, book, "cancel-order", now, commanded=True)
        mine = [s for s in book.steps.values() if s.run == "fulfil-order" and life.can_withdraw(s)]
        withdrawn = [] if gap.unasked(book, "fulfil-order") else mine  # else each in its turn, once it is known
        for found in withdrawn:
            life.move(found, Event.WITHDRAW, now, cause="order_cancelled")
        book.note(now, actor, "cancel", why)
        return f"{len(withdrawn)} steps withdrawn"

    return _decide(setting, order, decide, actor, "cancel", {"why": why}, now)


def refund(
    setting: Setting, order: str, amount: int, lines: Sequence[dict[str, Any]], payment_id: str | None, actor: str,
    why: str, now: datetime
) -> str:  # fmt: skip
    """Refunds minor units at the payment's custodian, by the refund flow. The same command twice is two refunds, so
    it is named.
    """

    def decide(book: Book) -> str:
        _refuse_history(book)
        assert book.order is not None
        able = [p for p in book.order.payments if payment.refundable(p) > 0]
        money = next((p for p in able if payment_id in (None, p.id)), None)
        if money is None:
            raise Refused("no payment of this order can be refunded by the hub")
        if not 0 < amount <= payment.refundable(money):
            raise Refused(
                f"between 1 and {payment.refundable(money)} can be refunded, in minor units of {money.currency}"
            )
        number = 1 + sum(1 for run in book.runs.values() if run.flow == "refund-order")
        refund_id = digest_of(f"{book.key}\0refund\0{number}".encode())[:12]
        inputs = {"refund_id": refund_id, "payment_id": money.id, "amount": amount, "currency": money.currency}
        begin(
            setting, book, "refund-order", now, run=f"refund-order:{refund_id}", **inputs, lines=list(lines), reason=why
        )
        book.note(now, actor, "refund", why, amount=amount, currency=money.currency)
        return refund_id

    return _decide(setting, order, decide, actor, "refund", {"amount": amount, "payment": payment_id, "why": why}, now)


def resume_held(setting: Setting, order: str, causes: Sequence[str], connection: str, now: datetime) -> int:
    """Steps held because a connection was paused, refused our credentials or was failing go on. Returns how many."""

    def moment(book: Book) -> int:
        count = 0
        for step in book.in_state(State.HELD):
            if step.cause in causes and connection in (step.connection, step.detail.get("connection")):
                life.mend(step, now)
                count += 1
        planner.advance(setting, book, now)
        return count

    return setting.store.change(order, moment, now)


# --- how


def _refuse_history(book: Book) -> None:
    if book.disposition != "active":
        raise Refused(f"the order is {book.disposition} ({book.why}): only `crossdock adopt` begins it")


def _decide(
    setting: Setting,
    order: str,
    decide: Callable[[Book], T],
    actor: str,
    action: str,
    detail: dict[str, Any],
    now: datetime,
) -> T:
    read(setting, order)

    def moment(book: Book) -> T:
        answer = decide(book)
        book.decisions.append((actor, action, detail))
        planner.advance(setting, book, now)
        return answer

    return setting.store.change(order, moment, now)


__all__ = [
    "ASK_FIRST",
    "DONE",
    "NOTHING",
    "OVERTAKEN",
    "TOO_LATE",
    "WILL_DO",
    "PlannedEffect",
    "Refused",
    "adopt",
    "cancel",
    "preview",
    "refund",
    "release",
    "replay",
    "replay_plan",
    "resolve",
    "resume_held",
]
