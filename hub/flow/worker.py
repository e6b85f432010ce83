"""One worker function: it yields at every durable and every wire event, and somebody drives it.

Threads drive it in a hub; the simulation drives it with a scheduler that may crash or freeze it at any yield. What it
does between two yields touches nothing outside. The walk of a mutating step:

1. look at the book and judge it; read the source again if it was last read too long ago
2. prepare the request (reads only)
3. INTENT, durable: the exact bytes, the key, gate and sums checked once more
4. send: the one call
5. settle: what the answer does to the step, and what that frees
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hub.flow import gap, gate, inputs, intent, life, retry, settle, source
from hub.flow.call import Work, attempt_row, changing, send
from hub.flow.doubt import ask_first, settle_doubt
from hub.flow.event import Moment, Wire
from hub.flow.intent import Plan, Sending, happened_elsewhere
from hub.flow.setting import Setting
from hub.model.book import Book
from hub.model.capability import CAPABILITIES
from hub.model.contract import CannotPrepare, Claim, NotPrepared
from hub.model.flow import Event, State
from hub.model.outcome import Outcome, Verdict
from hub.model.step import Step


def work(setting: Setting, claim: Claim) -> Work:
    """Does what a claimed step needs next."""
    seen: _Seen | None = yield Moment("look", _looking(setting, claim))
    if seen is None:
        return
    if seen.step.state is State.AWAITING:
        yield from source.poll(setting, claim, seen.book, seen.step)
    elif seen.step.state is State.UNKNOWN:
        yield from settle_doubt(setting, claim, seen.book, seen.step)
    elif seen.step.state is State.LEASED:
        yield from _attempt(setting, claim, seen)


@dataclass(frozen=True)
class _Seen:
    """A book as it stood, and what the gate would say of the step; None where another step's effect is this one."""

    book: Book
    step: Step
    verdict: gate.Gate | None


def _looking(setting: Setting, claim: Claim) -> Callable[[datetime], _Seen | None]:
    """A look without the order's lock: enough to prepare a request by, since the intent judges again under it."""

    def act(now: datetime) -> _Seen | None:
        book = setting.store.read(claim.order)
        step = book.steps.get(claim.step) if book else None
        if book is None or step is None or step.token != claim.token:
            return None
        judged = step.state is State.LEASED and not happened_elsewhere(book, step)
        return _Seen(book, step, gate.judge(setting, book, step, now) if judged else None)

    return act


# --- a step that is to be tried


def _attempt(setting: Setting, claim: Claim, seen: _Seen) -> Work:
    found: _Seen | None = seen
    read = False
    while found is not None and found.step.state is State.LEASED and not isinstance(found.verdict, gate.Go):
        if isinstance(found.verdict, gate.Refresh) and not read:
            read = True
            yield from source.refresh(setting, claim.order)
        else:
            judge = partial(_gate_read if read else _gate, setting)
            verdict = yield Moment("gate", changing(setting, claim, judge))
            # News since the look may ask for another reading: a step is never left in its lease.
            if not isinstance(verdict, gate.Go | gate.Refresh):
                return
        found = yield Moment("look", _looking(setting, claim))
    if found is None or found.step.state is not State.LEASED:
        return
    if CAPABILITIES[found.step.capability or ""].mutating:
        yield from _do(setting, claim, found.book, found.step)
    else:
        yield from _ask(setting, claim, found.book, found.step)


def _gate(setting: Setting, book: Book, step: Step, now: datetime) -> gate.Gate | None:
    """Judges, and applies everything but Go and Refresh."""
    if step.state is not State.LEASED:
        return None
    if happened_elsewhere(book, step):
        known = book.effect(step)
        step.detail = {}
        life.move(step, Event.ANSWERED, now)
        step.result = {"id": known.provider_id if known else None}
        return None
    verdict = gate.judge(setting, book, step, now)
    if isinstance(verdict, gate.Hold):
        life.hold(step, verdict.cause, now, **verdict.detail)
    elif isinstance(verdict, gate.Skip):
        life.move(step, Event.SKIP, now, cause=verdict.cause)
        gap.leave(book, step)
    elif isinstance(verdict, gate.Withdraw):
        life.move(step, Event.WITHDRAW, now, cause=verdict.cause)
        gap.leave(book, step)
    elif isinstance(verdict, gate.Postpone):
        life.move(step, Event.NOT_EXECUTED, now, next_at=now + timedelta(seconds=verdict.seconds))
    return verdict


def _gate_read(setting: Setting, book: Book, step: Step, now: datetime) -> gate.Gate | None:
    """After the source was read: still stale means that it could not be read, so the step waits."""
    verdict = _gate(setting, book, step, now)
    if isinstance(verdict, gate.Refresh):
        guarantee = setting.connectors.guarantee(step.connection or "", step.capability or "")
        step.spec = {**step.spec, "failed_reads": int(step.spec.get("failed_reads", 0)) + 1}
        wait = retry.backoff(guarantee, step.spec["failed_reads"], setting.jitter)
        life.move(step, Event.NOT_EXECUTED, now, next_at=now + wait)
        return None
    return verdict


def _ask(setting: Setting, claim: Claim, book: Book, step: Step) -> Work:
    """A read-only capability: no intent, freely repeated."""
    try:
        made, _ = inputs.build(setting, book, step)
    except CannotPrepare as error:
        refusal = error
        yield Moment("hold", changing(setting, claim, lambda b, s, now: _cannot(s, refusal, now)))
        return
    connection, capability = step.connection or "", step.capability or ""
    outcome: Outcome = yield Wire(
        f"read {capability}", lambda now: setting.connectors.read(connection, capability, made), connection
    )
    yield Moment("settle", changing(setting, claim, lambda b, s, now: _settle_read(setting, b, s, outcome, now)))


def _settle_read(setting: Setting, book: Book, step: Step, outcome: Outcome, now: datetime) -> None:
    if step.state is not State.LEASED:
        return
    step.tries += 1
    book.attempts.append(attempt_row(step, "scheduled", outcome, now, now))
    if (
        outcome.verdict is Verdict.DONE
        and step.capability == "address.verify"
        and outcome.result.get("verified") is False
    ):
        life.move(
            step, Event.REFUSED, now, cause="address_refused", detail={"problems": outcome.result.get("problems") or []}
        )
        return
    settle.settle(setting, book, step, outcome, now)


def _cannot(step: Step, error: CannotPrepare, now: datetime) -> None:
    if step.state is State.LEASED:
        life.hold(step, "cannot_prepare", now, what=error.what, path=error.path, mend=error.mend)


# --- intent, call, settlement


def _do(setting: Setting, claim: Claim, book: Book, step: Step) -> Work:
    connection, capability = step.connection or "", step.capability or ""
    guarantee, body = setting.connectors.guarantee(connection, capability), b""
    made: dict[str, Any] = {}
    try:
        made, content = inputs.build(setting, book, step)
        body = yield Wire(
            f"prepare {capability}", lambda now: setting.connectors.prepare(connection, capability, made), connection
        )
    except CannotPrepare as error:
        refusal = error
        if made and gap.pending(step) and guarantee.find is not None:  # such as what is done: it is only asked about
            yield from _intending(setting, claim, Plan(made, content, b"", guarantee), book.version)
            return
        yield Moment("hold", changing(setting, claim, lambda b, s, now: _cannot(s, refusal, now)))
        return
    except NotPrepared as error:
        failed = error.outcome
        yield Moment("wait", changing(setting, claim, lambda b, s, now: _not_prepared(setting, b, s, failed, now)))
        return
    yield from _intending(setting, claim, Plan(made, content, body, guarantee), book.version)


def _intending(setting: Setting, claim: Claim, plan: Plan, version: int) -> Work:
    sending: Sending | None = yield Moment(
        "intend", changing(setting, claim, lambda b, s, now: _intend(setting, b, s, plan, version, now))
    )
    yield from send(setting, sending, "scheduled")


def _not_prepared(setting: Setting, book: Book, step: Step, outcome: Outcome, now: datetime) -> None:
    if step.state is State.LEASED:
        step.tries += 1
        settle.settle(setting, book, step, outcome, now)


def _intend(setting: Setting, book: Book, step: Step, plan: Plan, version: int, now: datetime) -> Sending | None:
    """The last look before the first byte: the same gate, the same order, and the sums. `version`: of the order that
    the request was made from.
    """
    verdict = _gate(setting, book, step, now)
    if isinstance(verdict, gate.Refresh):  # news came while the request was made: read the source and begin anew
        life.move(step, Event.NOT_EXECUTED, now, next_at=now)
    if not isinstance(verdict, gate.Go):
        return None
    if book.version != version:  # the order changed while the request was made: make it anew
        life.move(step, Event.NOT_EXECUTED, now, next_at=now)
        return None
    if (wrong := gate.sums(book, step, plan.made.get("amount"))) is not None:
        life.hold(step, "sums", now, what=wrong)
        return None
    sending = intent.write(setting, book, step, plan, now)
    if gap.pending(step):
        ask_first(step, plan.guarantee, now)
        return None
    return sending
