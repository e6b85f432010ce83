"""One call after another, each with its settlement: fenced by the claim's token from both sides."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime
from typing import Any

from hub.flow import planner, settle
from hub.flow.event import Happening, Moment, Wire
from hub.flow.intent import Sending, go_on
from hub.flow.setting import Setting
from hub.model.book import Book, Observation
from hub.model.contract import Claim
from hub.model.flow import State
from hub.model.outcome import Outcome, Verdict
from hub.model.step import Attempt, Step

Work = Generator[Happening, Any, None]

_TOO_LATE = Outcome(
    Verdict.NOT_EXECUTED, code="too_late", message="Held up between intent and call: somebody else may have it by now."
)


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


def send(setting: Setting, sending: Sending | None, trigger: str) -> Work:
    """Makes the call and settles it, and goes on with what the settlement has begun."""
    while sending is not None:
        started: list[datetime] = []
        call = sending.call
        outcome = yield Wire(f"send {call.capability}", _calling(setting, sending, started), call.connection)
        sending = yield Moment("settle", _settling(setting, sending, outcome, trigger, started))
        trigger = "scheduled"


def _calling(setting: Setting, sending: Sending, started: list[datetime]) -> Callable[[datetime], Outcome]:
    def act(now: datetime) -> Outcome:
        started.append(now)
        return setting.connectors.send(sending.call) if now <= sending.begins_before else _TOO_LATE

    return act


def _settling(
    setting: Setting, sending: Sending, outcome: Outcome, trigger: str, started: list[datetime]
) -> Callable[[datetime], Sending | None]:
    claim = sending.claim

    def act(now: datetime) -> Sending | None:
        def moment(book: Book) -> Sending | None:
            step = book.steps.get(claim.step)
            fenced = step is None or step.token != claim.token or step.state is not State.INTENT
            if step is None or fenced:
                book.observations.append(_late(sending, outcome, now))
                return None
            book.attempts.append(attempt_row(step, trigger, outcome, started[0] if started else now, now))
            settle.settle(setting, book, step, outcome, now)
            planner.advance(setting, book, now)
            return go_on(setting, book, now)

        return setting.store.change(claim.order, moment, now)

    return act


def _late(sending: Sending, outcome: Outcome, now: datetime) -> Observation:
    """A worker that lost its lease changes no row; what it learned is evidence for whoever resolves the step."""
    key, verdict = sending.call.key, outcome.verdict.value
    document = {"key": key, "verdict": verdict, "result": outcome.result, "code": outcome.code}
    return Observation("late_answer", sending.call.connection, now, (sending.reference,), document)


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
