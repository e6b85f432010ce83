"""A step that may have happened: late answers first, then what the provider can do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.flow import inputs, life, planner, resolve, settle
from hub.flow.call import Work, attempt_row, changing, send
from hub.flow.event import Moment, Wire
from hub.flow.intent import Sending, sending, until
from hub.flow.setting import Setting
from hub.model.book import Book
from hub.model.contract import Claim, Guarantee
from hub.model.flow import Event, State
from hub.model.outcome import Outcome
from hub.model.step import Step


def settle_doubt(setting: Setting, claim: Claim, book: Book, step: Step) -> Work:
    guarantee = setting.connectors.guarantee(step.connection or "", step.capability or "")
    choice = yield Moment("choose", changing(setting, claim, lambda b, s, now: _choose(setting, b, s, guarantee, now)))
    if isinstance(choice, Sending):
        yield from send(setting, choice, "resend")
    elif isinstance(choice, resolve.Lookup):
        yield from _lookup(setting, claim, book, step, guarantee)


def _choose(setting: Setting, book: Book, step: Step, guarantee: Guarantee, now: datetime) -> Any:
    if step.state is not State.UNKNOWN:
        return None
    if resolve.late(setting, book, step, setting.store.late_answers(book.key), now):
        return None
    if step.last_sent is not None:  # its age is known only as far back as the clock can be trusted
        step.last_sent = max(step.last_sent, setting.steady_since())
    choice = resolve.choose(guarantee, step, now, wanted=planner.unwanted(book, step) is None)
    standing = setting.store.standing(step.connection or "")
    if standing.paused and not isinstance(choice, resolve.Wait):
        life.hold(step, "paused", now, connection=step.connection, why=standing.why)
        return None
    if isinstance(choice, resolve.Wait):
        keep = step.detail
        life.move(step, Event.LOOKUP_FAILED, now, next_at=choice.until)
        step.detail = keep
    elif isinstance(choice, resolve.Park):
        life.move(step, Event.UNRESOLVABLE, now, cause=choice.cause)
    elif isinstance(choice, resolve.Drop):
        step.unresolved = False
        life.move(step, Event.ABSENT_SURELY, now, next_at=now)  # and the planner takes it back
    elif isinstance(choice, resolve.Resend):
        effect = settle.resend(book, step, until(guarantee, now), now)
        return sending(effect, step, book.key, now) if effect is not None else None
    return choice


def _lookup(setting: Setting, claim: Claim, book: Book, step: Step, guarantee: Guarantee) -> Work:
    effect = book.effect(step)
    asked = inputs.lookup(setting, book, step, effect)
    connection, find = step.connection or "", guarantee.find or ""
    outcome: Outcome = yield Wire(
        f"find {step.capability}", lambda now: setting.connectors.read(connection, find, asked), connection
    )

    def apply(b: Book, s: Step, now: datetime) -> None:
        if s.state is State.UNKNOWN:
            b.attempts.append(attempt_row(s, "lookup", outcome, now, now))
            resolve.looked(setting, b, s, outcome, guarantee, now)

    yield Moment("looked", changing(setting, claim, apply))
