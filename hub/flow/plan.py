"""What would be done, effect by effect, before anybody decides: done, will do, ask first, overtaken, too late."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.flow import gap, gate, intake, payment, planner
from hub.flow.scope import document_of, payment_of, scope_of
from hub.flow.setting import Setting
from hub.model.book import Book
from hub.model.flow import TERMINAL, State
from hub.model.step import Step

DONE, WILL_DO, ASK_FIRST, OVERTAKEN, TOO_LATE, NOTHING = (
    "done",
    "will do",
    "unknown, will ask first",
    "overtaken",
    "too late",
    "nothing",
)


class Refused(Exception):
    """The command does not fit what is: the words say why and what would."""


@dataclass(frozen=True)
class PlannedEffect:
    """One line of a plan: what would become of a step. `amount` in minor units."""

    order: str
    step: str
    name: str
    capability: str | None
    connection: str | None
    state: str
    verdict: str
    why: str | None = None
    amount: int | None = None
    currency: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def replay_plan(setting: Setting, order: str, step: str | None, now: datetime) -> list[PlannedEffect]:
    """What a replay would do, effect by effect; it changes nothing."""
    book = read(setting, order)
    return [_planned(setting, book, s, now) for s in chosen(book, step)]


def preview(setting: Setting, book: Book, now: datetime) -> list[PlannedEffect]:
    """What the hub would call for an order if it were adopted and live now, with amounts. Pure: works on a copy in
    memory.
    """
    if book.order is None:
        return []
    intake.start(setting, book, now)
    planner.advance(setting, book, now)
    lines = []
    for step in book.steps.values():
        if step.capability is None or step.state in TERMINAL:
            continue
        spec = setting.flows["fulfil-order"].by_name.get(step.name)
        names = scope_of(setting, book, step, document_of(book.order))
        if spec is not None and spec.applies(names):
            lines.append(_planned(setting, book, step, now))
    return lines


def _planned(setting: Setting, book: Book, step: Step, now: datetime) -> PlannedEffect:
    verdict, why = _verdict(setting, book, step, now)
    amount, currency = money_of(book, step)
    return PlannedEffect(
        book.key, step.id, step.name, step.capability, step.connection, step.state.value, verdict, why, amount, currency
    )


def money_of(book: Book, step: Step) -> tuple[int | None, str | None]:
    if (effect := book.effect(step)) is not None:
        return effect.amount, effect.currency
    money = payment_of(book, step)
    if step.capability == "payment.capture" and money is not None:
        return payment.capturable(money), money.currency
    run = book.runs.get(step.run)
    if step.capability == "payment.refund" and run is not None:
        return run.inputs.get("amount"), run.inputs.get("currency")
    return None, None


def _verdict(setting: Setting, book: Book, step: Step, now: datetime) -> tuple[str, str | None]:
    if step.state in TERMINAL:
        return (DONE, None) if step.state is State.DONE else (NOTHING, step.cause)
    if step.unresolved or gap.pending(step) or step.state in (State.INTENT, State.UNKNOWN, State.PARKED):
        return ASK_FIRST, None
    if step.capability is None:
        return NOTHING, step.cause
    found = gate.judge(setting, book, step, now)
    if isinstance(found, gate.Withdraw):
        return TOO_LATE, found.cause
    if isinstance(found, gate.Hold) and found.cause not in ("observe", "approval", "paused"):
        return OVERTAKEN, found.cause
    return WILL_DO, found.cause if isinstance(found, gate.Hold) else None


def read(setting: Setting, order: str) -> Book:
    book = setting.store.read(order)
    if book is None:
        raise Refused(f"there is no order {order!r}; keys are connection:source-id, see `crossdock orders list`")
    return book


def chosen(book: Book, step: str | None) -> list[Step]:
    if step is None:
        return list(book.steps.values())
    if step not in book.steps:
        raise Refused(f"the order has no step {step!r}; see `crossdock orders show {book.key}`")
    return [book.steps[step]]
