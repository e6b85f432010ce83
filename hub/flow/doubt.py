"""A step that may have happened: late answers first, then what the provider can do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.flow import gap, groups, inputs, life, planner, resolve, retry, settle
from hub.flow.call import Work, attempt_row, changing, send
from hub.flow.event import Moment, Wire
from hub.flow.intent import Sending, sending, until
from hub.flow.setting import Setting
from hub.model.book import Book
from hub.model.contract import Claim, Guarantee
from hub.model.effect import reference_of
from hub.model.flow import Event, State
from hub.model.outcome import Outcome, Verdict
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
    if gap.pending(step):
        _date(step)
    choice = resolve.choose(guarantee, step, now, wanted=planner.unwanted(book, step) is None)
    standing = setting.standing(book, step.connection or "")
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
        gap.settle(step)
        life.move(step, Event.ABSENT_SURELY, now, next_at=now)  # and the planner takes it back
    elif isinstance(choice, resolve.Resend):
        gap.settle(step)
        effect = settle.resend(book, step, until(guarantee, now), now)
        return sending(effect, step, book.key, now) if effect is not None else None
    return choice


def ask_first(step: Step, guarantee: Guarantee, now: datetime) -> None:
    """What may have happened in the gap is intended, not sent: from here on it is in doubt like any lost answer."""
    step.tries -= 1
    step.unresolved = True
    _date(step)
    settled = retry.quarantine_ends(guarantee, step.last_sent or now)
    life.move(step, Event.LOST, now, next_at=max(settled, now))


def _date(step: Step) -> None:
    """A try in the gap was made at its beginning or at its end, whichever is worse."""
    since, until = gap.span(step)
    step.first_sent = min(step.first_sent or since, since)
    step.last_sent = max(step.last_sent or until, until)


def _asking(setting: Setting, step: Step, guarantee: Guarantee, asked: dict[str, Any]) -> Wire:
    connection, find = step.connection or "", guarantee.find or ""
    return Wire(f"find {step.capability}", lambda now: setting.connectors.read(connection, find, asked), connection)


def _lookup(setting: Setting, claim: Claim, book: Book, step: Step, guarantee: Guarantee) -> Work:
    effect = book.effect(step)
    asked = inputs.lookup(setting, book, step, effect)
    outcome: Outcome = yield _asking(setting, step, guarantee, asked)
    if step.capability in groups.COMMITMENTS:
        for identity in gap.later(book, step):
            if outcome.verdict is Verdict.DONE and not outcome.result.get("hits"):
                asked = {**asked, "reference": reference_of(setting.install_key, identity)}
                outcome = yield _asking(setting, step, guarantee, asked)

    def apply(b: Book, s: Step, now: datetime) -> None:
        if s.state is State.UNKNOWN:
            b.attempts.append(attempt_row(s, "lookup", outcome, now, now))
            resolve.looked(setting, b, s, outcome, guarantee, now)

    yield Moment("looked", changing(setting, claim, apply))
