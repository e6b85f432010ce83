"""Between intent, call and settlement: what is durable when, and what an answer is taken to mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hub.connector.connection import Connection
from hub.flow import call, inputs, intent, settle, worker
from hub.flow.event import Moment
from hub.model.contract import CannotPrepare, Claim, Guarantee, NotPrepared
from hub.model.flow import Event, State
from hub.model.outcome import Outcome, Verdict
from hub.model.step import Step
from hub.store.moments import SqlStore
from tests.simulation.planted.patching import Patch, everywhere, replaced, together
from tests.simulation.planted.registry import bug

Act = Callable[[datetime], Any]


class AnyToken(int):
    """Equal to every token."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


@bug("no-fence", "A worker that lost its lease settles the step all the same: nobody looks at its token.")
def no_fence() -> Patch:
    original = worker.work

    def work(setting: Any, claim: Claim) -> Any:
        return original(setting, replace(claim, token=AnyToken(claim.token)))

    sending = intent.sending

    def any_sending(*given: Any) -> Any:
        made = sending(*given)
        return replace(made, claim=replace(made.claim, token=AnyToken(made.claim.token)))

    return together(everywhere(worker.work, work), everywhere(sending, any_sending))


class _Undone(Exception):
    """Carries an answer out of a transaction that is rolled back."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer


def _unwritten(act: Act) -> Act:
    """The same decision, and nothing of it on disk."""
    original = SqlStore.change

    def change(self: SqlStore, order: str, decide: Callable[[Any], Any], now: datetime) -> Any:
        def undone(book: Any) -> Any:
            raise _Undone(decide(book))

        try:
            return original(self, order, undone, now)
        except _Undone as found:
            return found.answer

    def only_thought(now: datetime) -> Any:
        with replaced(SqlStore, "change", change):
            return act(now)

    return only_thought


def _one_after_the_other(first: Act, then: Act) -> Act:
    return lambda now: (first(now), then(now))


@bug("no-intent", "The request leaves first, and the intent is written together with its answer.")
def no_intent() -> Patch:
    original = worker.work

    def work(setting: Any, claim: Claim) -> Any:
        events, answer, error = original(setting, claim), None, None
        intending: Act | None = None
        while True:
            try:
                happening = events.throw(error) if error is not None else events.send(answer)
            except StopIteration:
                return
            if happening.name == "intend":
                intending = happening.act
                happening = Moment("intend", _unwritten(intending))
            elif happening.name == "settle" and intending is not None:
                happening = Moment("settle", _one_after_the_other(intending, happening.act))
            error = None
            try:
                answer = yield happening
            except Exception as raised:
                answer, error = None, raised

    def stop(*given: Any) -> None:  # where settling begins the next, it could not be told which of the two is unwritten
        return None

    return together(everywhere(worker.work, work), everywhere(intent.go_on, stop))


@bug("blind-retry", "A call whose answer was lost counts as one that did not happen: it is simply made again.")
def blind_retry() -> Patch:
    original = settle._lost

    def lost(setting: Any, book: Any, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
        if step.state is State.INTENT:
            settle._VERDICTS[Verdict.NOT_EXECUTED](setting, book, step, outcome, guarantee, now)
        else:
            original(setting, book, step, outcome, guarantee, now)

    return everywhere(settle._lost, lost)


def _heard(mean: Callable[[Outcome], Outcome]) -> Patch:
    """What a change's answer means passes through `mean`."""
    original = Connection.send

    def send(self: Connection, capability: str, body: bytes, key: str | None) -> Outcome:
        return mean(original(self, capability, body, key))

    return replaced(Connection, "send", send)


def _status(outcome: Outcome) -> int:
    return int((outcome.transcript.get("answer") or {}).get("status") or 0)


@bug("429-is-success", "A 429 is taken to mean that the request was queued, and so accepted.")
def too_many_is_success() -> Patch:
    def mean(outcome: Outcome) -> Outcome:
        throttled = outcome.verdict is Verdict.NOT_EXECUTED and (_status(outcome) == 429 or outcome.code == "THROTTLED")
        return replace(outcome, verdict=Verdict.DONE, result={"id": "accepted"}) if throttled else outcome

    return _heard(mean)


@bug("5xx-not-executed", "A 5xx is taken to mean that nothing was executed.")
def server_error_is_not_executed() -> Patch:
    def mean(outcome: Outcome) -> Outcome:
        failed = outcome.verdict is Verdict.UNKNOWN and _status(outcome) >= 500
        return replace(outcome, verdict=Verdict.NOT_EXECUTED) if failed else outcome

    return _heard(mean)


@bug("replayed-500-trusted", "A 500 that the provider stored under the key is taken for its definite no.", kept=True)
@contextmanager
def replayed_500_trusted() -> Iterator[None]:
    def mean(outcome: Outcome) -> Outcome:
        stored = outcome.replayed and _status(outcome) == 500
        return replace(outcome, verdict=Verdict.REFUSED, code="500") if stored else outcome

    original = settle._refused

    def refused(setting: Any, book: Any, step: Step, outcome: Outcome, *rest: Any) -> None:
        step.unresolved &= outcome.code != "500"  # or a lookup would show how wrong that was
        original(setting, book, step, outcome, *rest)

    with _heard(mean), everywhere(settle._refused, refused):
        yield


@bug("unreadable-is-success", "A 2xx whose body broke off counts as success, although it does not say what it did.",
     faults=0.33)  # fmt: skip
def unreadable_is_success() -> Patch:
    def mean(outcome: Outcome) -> Outcome:
        broken = outcome.verdict is Verdict.UNKNOWN and 200 <= _status(outcome) < 300
        return replace(outcome, verdict=Verdict.DONE, result={"id": None}) if broken else outcome

    return _heard(mean)


@bug("429-forgets", "After a 429 a step is tried anew, although an earlier try of it may have happened.")
def too_many_forgets() -> Patch:
    original = settle._not_executed

    def not_executed(setting: Any, book: Any, step: Step, *rest: Any) -> None:
        step.unresolved = False
        original(setting, book, step, *rest)

    return everywhere(settle._not_executed, not_executed)


@bug(
    "refusal-is-final",
    "A refusal is final, although an earlier try that nobody knows of may be why it is refused.",
    behind="the connector's table tells 'there is one already' from a plain refusal",
)
def refusal_is_final() -> Patch:
    original = settle._refused

    def refused(setting: Any, book: Any, step: Step, *rest: Any) -> None:
        step.unresolved = False
        original(setting, book, step, *rest)

    def mean(outcome: Outcome) -> Outcome:
        return replace(outcome, verdict=Verdict.REFUSED) if outcome.verdict is Verdict.DUPLICATE else outcome

    return together(everywhere(settle._refused, refused), _heard(mean))


@bug("duplicate-is-success", "'There is one with this reference already' counts as success; nobody looks what it is.",
     clerk=0.3)  # fmt: skip
def duplicate_is_success() -> Patch:
    def duplicate(setting: Any, book: Any, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
        settle.succeed(setting, book, step, {"id": None, "status": "processing"}, now, Event.SUCCESS)

    return everywhere(settle._duplicate, duplicate)


@bug("rebuilt-bytes", "What is sent again is built again from the order as it is by then, not taken from the intent.")
def rebuilt_bytes() -> Patch:
    original = call.send

    def send(setting: Any, sending: Any, trigger: str) -> Any:
        if trigger == "resend":
            call, claim = sending.call, sending.claim
            book = setting.store.read(claim.order)
            try:
                made, _ = inputs.build(setting, book, book.steps[claim.step])
                body = setting.connectors.prepare(call.connection, call.capability, made)
            except (CannotPrepare, NotPrepared):
                body = call.body
            sending = replace(sending, call=replace(call, body=body))
        yield from original(setting, sending, trigger)

    return everywhere(call.send, send)


@bug("lease-too-short", "The lease of a call ends before its deadline: a worker is overtaken while it still waits.")
def lease_too_short() -> Patch:
    def until(guarantee: Guarantee, now: datetime) -> datetime:
        return now + timedelta(seconds=guarantee.deadline_seconds / 4)

    return everywhere(intent.until, until)
