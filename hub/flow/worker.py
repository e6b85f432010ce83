"""One worker function: it yields at every durable and every wire event, and somebody drives it.

Threads drive it in a hub; the simulation drives it with a scheduler that may crash or freeze it at any yield. What it
does between two yields touches nothing outside. The walk of a mutating step:

1. look at the book; gate it; read the source again if it was last read too long ago
2. prepare the request (reads only)
3. INTENT, durable: the exact bytes, the key, gate and sums checked once more
4. send: the one call
5. settle: what the answer does to the step, and what that frees
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.flow import gate, inputs, life, planner, resolve, retry, settle, source
from hub.flow.event import Happening, Moment, Wire
from hub.flow.scope import group_of
from hub.flow.setting import Setting
from hub.model.book import Book, Observation
from hub.model.capability import CAPABILITIES
from hub.model.contract import Call, CannotPrepare, Claim, Guarantee, NotPrepared
from hub.model.effect import digest_of, key_of, reference_of
from hub.model.flow import Event, State
from hub.model.outcome import Outcome, Verdict
from hub.model.step import Attempt, Effect, Step

SEND_MARGIN = timedelta(seconds=15)
_GROUP_COMMITMENTS = ("fulfillment.create", "shipment.create")


Work = Generator[Happening, Any, None]


def work(setting: Setting, claim: Claim) -> Work:
    """Does what a claimed step needs next."""
    book: Book | None = yield Moment("look", lambda now: setting.store.read(claim.order))
    step = book.steps.get(claim.step) if book else None
    if book is None or step is None or step.token != claim.token:
        return
    if step.state is State.AWAITING:
        yield from source.poll(setting, claim)
    elif step.state is State.UNKNOWN:
        yield from _resolve(setting, claim, book, step)
    elif step.state is State.LEASED:
        yield from _attempt(setting, claim)


def _changing(
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


# --- a step that is to be tried


def _attempt(setting: Setting, claim: Claim) -> Work:
    verdict = yield Moment("gate", _changing(setting, claim, lambda book, step, now: _gate(setting, book, step, now)))
    if isinstance(verdict, gate.Refresh):
        yield from source.refresh(setting, claim.order)
        verdict = yield Moment(
            "gate", _changing(setting, claim, lambda book, step, now: _gate_read(setting, book, step, now))
        )
    if not isinstance(verdict, gate.Go):
        return
    book: Book | None = yield Moment("look", lambda now: setting.store.read(claim.order))
    step = book.steps.get(claim.step) if book else None
    if book is None or step is None or step.token != claim.token:
        return
    if not CAPABILITIES[step.capability or ""].mutating:
        yield from _ask(setting, claim, book, step)
        return
    yield from _do(setting, claim, book, step)


def _gate(setting: Setting, book: Book, step: Step, now: datetime) -> gate.Gate | None:
    """Judges, and applies everything but Go and Refresh."""
    if step.state is not State.LEASED:
        return None
    known = book.effect(step)
    if known is not None and known.executed and known.step != step.id:
        step.detail = {}
        life.move(step, Event.ANSWERED, now)  # another step's effect is this one: it happened already
        step.result = {"id": known.provider_id}
        return None
    verdict = gate.judge(setting, book, step, now)
    if isinstance(verdict, gate.Hold):
        life.hold(step, verdict.cause, now, **verdict.detail)
    elif isinstance(verdict, gate.Skip):
        life.move(step, Event.SKIP, now, cause=verdict.cause)
    elif isinstance(verdict, gate.Withdraw):
        life.move(step, Event.WITHDRAW, now, cause=verdict.cause)
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
        yield Moment("hold", _changing(setting, claim, lambda b, s, now: _cannot(s, refusal, now)))
        return
    connection, capability = step.connection or "", step.capability or ""
    outcome: Outcome = yield Wire(
        f"read {capability}", lambda now: setting.connectors.read(connection, capability, made)
    )
    yield Moment("settle", _changing(setting, claim, lambda b, s, now: _settle_read(setting, b, s, outcome, now)))


def _settle_read(setting: Setting, book: Book, step: Step, outcome: Outcome, now: datetime) -> None:
    if step.state is not State.LEASED:
        return
    step.tries += 1
    book.attempts.append(_attempt_row(step, "scheduled", outcome, now, now))
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
    try:
        made, content = inputs.build(setting, book, step)
        body: bytes = yield Wire(
            f"prepare {capability}", lambda now: setting.connectors.prepare(connection, capability, made)
        )
    except CannotPrepare as error:
        refusal = error
        yield Moment("hold", _changing(setting, claim, lambda b, s, now: _cannot(s, refusal, now)))
        return
    except NotPrepared as error:
        failed = error.outcome
        yield Moment("wait", _changing(setting, claim, lambda b, s, now: _not_prepared(setting, b, s, failed, now)))
        return
    guarantee = setting.connectors.guarantee(connection, capability)
    plan = _Plan(made, content, body, book.version, guarantee)
    effect: Effect | None = yield Moment(
        "intend", _changing(setting, claim, lambda b, s, now: _intend(setting, b, s, plan, now))
    )
    if effect is not None:
        yield from _send(setting, claim, effect, "scheduled")


@dataclass(frozen=True)
class _Plan:
    made: dict[str, Any]
    content: dict[str, Any]
    body: bytes
    version: int  # of the order it was prepared from
    guarantee: Guarantee


def _not_prepared(setting: Setting, book: Book, step: Step, outcome: Outcome, now: datetime) -> None:
    if step.state is State.LEASED:
        step.tries += 1
        settle.settle(setting, book, step, outcome, now)


def _intend(setting: Setting, book: Book, step: Step, plan: _Plan, now: datetime) -> Effect | None:
    """The last look before the first byte: the same gate, the same order, and the sums."""
    if not isinstance(_gate(setting, book, step, now), gate.Go):
        return None
    if book.version != plan.version:  # the order changed while the request was made: make it anew
        life.move(step, Event.NOT_EXECUTED, now, next_at=now)
        return None
    amount, currency = plan.made.get("amount"), plan.made.get("currency")
    if (wrong := gate.sums(book, step, amount)) is not None:
        life.hold(step, "sums", now, what=wrong)
        return None
    group = group_of(book, step)
    if group is not None and step.capability in _GROUP_COMMITMENTS:
        group.sent = True
    identity = step.identity(book.key)
    return settle.intend(
        book,
        step,
        key=key_of(setting.install_key, identity),
        reference=reference_of(setting.install_key, identity),
        body=plan.body,
        digest=digest_of(plan.body),
        declaration=setting.connectors.declaration(step.connection or ""),
        content=plan.content,
        amount=amount,
        currency=currency,
        until=_until(plan.guarantee, now),
        now=now,
    )


def _until(guarantee: Guarantee, now: datetime) -> datetime:
    return now + timedelta(seconds=guarantee.deadline_seconds) + SEND_MARGIN


def _send(setting: Setting, claim: Claim, effect: Effect, trigger: str) -> Work:
    call = Call(effect.connection, effect.capability, effect.body, effect.key)
    started: list[datetime] = []

    def act(now: datetime) -> Outcome:
        started.append(now)
        return setting.connectors.send(call)

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
            book.attempts.append(_attempt_row(step, trigger, outcome, started[0] if started else now, now))
            settle.settle(setting, book, step, outcome, now)
            planner.advance(setting, book, now)

        setting.store.change(claim.order, moment, now)

    return act


def _late(effect: Effect, outcome: Outcome, now: datetime) -> Observation:
    """A worker that lost its lease changes no row; what it learned is evidence for whoever resolves the step."""
    document = {"key": effect.key, "verdict": outcome.verdict.value, "result": outcome.result, "code": outcome.code}
    return Observation("late_answer", effect.connection, now, (effect.reference,), document)


def _attempt_row(step: Step, trigger: str, outcome: Outcome, started: datetime, now: datetime) -> Attempt:
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


# --- a step that may have happened


def _resolve(setting: Setting, claim: Claim, book: Book, step: Step) -> Work:
    guarantee = setting.connectors.guarantee(step.connection or "", step.capability or "")
    settled: bool = yield Moment(
        "late answers", _changing(setting, claim, lambda b, s, now: _by_late(setting, b, s, now))
    )
    if settled:
        return
    choice = yield Moment("choose", _changing(setting, claim, lambda b, s, now: _choose(setting, b, s, guarantee, now)))
    if isinstance(choice, Effect):
        yield from _send(setting, claim, choice, "resend")
    elif isinstance(choice, resolve.Lookup):
        yield from _lookup(setting, claim, book, step, guarantee)


def _by_late(setting: Setting, book: Book, step: Step, now: datetime) -> bool:
    return resolve.late(setting, book, step, setting.store.late_answers(book.key), now)


def _choose(setting: Setting, book: Book, step: Step, guarantee: Guarantee, now: datetime) -> Any:
    if step.state is not State.UNKNOWN:
        return None
    choice = resolve.choose(guarantee, step, now)
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
    elif isinstance(choice, resolve.Resend):
        return settle.resend(book, step, _until(guarantee, now), now)
    return choice


def _lookup(setting: Setting, claim: Claim, book: Book, step: Step, guarantee: Guarantee) -> Work:
    effect = book.effect(step)
    asked = inputs.lookup(setting, book, step, effect)
    connection, find = step.connection or "", guarantee.find or ""
    outcome: Outcome = yield Wire(
        f"find {step.capability}", lambda now: setting.connectors.read(connection, find, asked)
    )

    def apply(b: Book, s: Step, now: datetime) -> None:
        if s.state is State.UNKNOWN:
            b.attempts.append(_attempt_row(s, "lookup", outcome, now, now))
            resolve.looked(setting, b, s, outcome, guarantee, now)

    yield Moment("looked", _changing(setting, claim, apply))
