"""One call and its settlement: fenced by the claim's token from both sides."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.flow import planner, settle
from hub.flow.event import Happening, Moment, Wire
from hub.flow.setting import Setting
from hub.model.book import Book, Observation
from hub.model.contract import Call, Claim, Guarantee
from hub.model.flow import State
from hub.model.outcome import Outcome, Verdict
from hub.model.step import Attempt, Effect, Step

Work = Generator[Happening, Any, None]

SEND_MARGIN = timedelta(seconds=15)
_TOO_LATE = Outcome(
    Verdict.NOT_EXECUTED, code="too_late", message="Held up between intent and call: somebody else may have it by now."
)


@dataclass(frozen=True)
class Sending:
    """An intent that is durable. A worker held up until after `begins_before` sends nothing: its lease may run out
    while the call is on the wire, and others count on it that nothing is under way then.
    """

    effect: Effect
    begins_before: datetime


def changing(
    setting: Setting, claim: Claim, decide: Callable[[Book, Step, datetime], Any]
) -> Callable[[datetime], Any]:
    """A transaction on the claimed step: fenced by its token, and everything it frees is planned in the same one."""

    def act(now: datetime) -> Any:
        def moment(book: Book) -> Any:
            step = book.steps.get(claim.step)
            if step is None or step.token != claim.token:
                return None
            answer = decide(book, step, now)
            planner.advance(setting, book, now)
            return answer

        return setting.store.change(claim.order, moment, now)

    return act


def until(guarantee: Guarantee, now: datetime) -> datetime:
    return now + timedelta(seconds=guarantee.deadline_seconds) + SEND_MARGIN


def send(setting: Setting, claim: Claim, sending: Sending, trigger: str) -> Work:
    effect = sending.effect
    call = Call(effect.connection, effect.capability, effect.body, effect.key)
    started: list[datetime] = []

    def act(now: datetime) -> Outcome:
        started.append(now)
        return setting.connectors.send(call) if now <= sending.begins_before else _TOO_LATE

    outcome: Outcome = yield Wire(f"send {effect.capability}", act)
    yield Moment("settle", _settling(setting, claim, effect, outcome, trigger, started))


def _settling(
    setting: Setting, claim: Claim, effect: Effect, outcome: Outcome, trigger: str, started: list[datetime]
) -> Callable[[datetime], None]:
    def act(now: datetime) -> None:
        def moment(book: Book) -> None:
            step = book.steps.get(claim.step)
            fenced = step is None or step.token != claim.token or step.state is not State.INTENT
            if step is None or fenced:
                book.observations.append(_late(effect, outcome, now))
                return
            book.attempts.append(attempt_row(step, trigger, outcome, started[0] if started else now, now))
            settle.settle(setting, book, step, outcome, now)
            planner.advance(setting, book, now)

        setting.store.change(claim.order, moment, now)

    return act


def _late(effect: Effect, outcome: Outcome, now: datetime) -> Observation:
    """A worker that lost its lease changes no row; what it learned is evidence for whoever resolves the step."""
    document = {"key": effect.key, "verdict": outcome.verdict.value, "result": outcome.result, "code": outcome.code}
    return Observation("late_answer", effect.connection, now, (effect.reference,), document)


def attempt_row(step: Step, trigger: str, outcome: Outcome, started: datetime, now: datetime) -> Attempt:
    return Attempt(
        step=step.id,
        token=step.token,
        trigger=trigger,
        started_at=started,
        ended_at=now,
        verdict=outcome.verdict.value,
        code=outcome.code,
        message=outcome.message,
        transcript=outcome.transcript,
    )
