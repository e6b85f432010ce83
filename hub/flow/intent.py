"""Before a call: its exact bytes are made, and an intent that is durable before the first of them leaves.

A worker that settles a step may go on with the next one of the same order in the same transaction (`go_on`): nobody has
to claim it, and the disk is waited for once instead of three times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from hub.flow import gap, gate, groups, inputs, life, settle
from hub.flow.scope import group_of
from hub.flow.setting import Setting
from hub.model.book import Book
from hub.model.capability import CAPABILITIES
from hub.model.contract import Call, CannotPrepare, Claim, Guarantee, NotPrepared
from hub.model.effect import digest_of, key_of, reference_of
from hub.model.flow import Event, State
from hub.model.step import Effect, Step

_log = structlog.get_logger("crossdock.flow")

SEND_MARGIN = timedelta(seconds=15)


@dataclass(frozen=True)
class Sending:
    """An intent that is durable, and the claim under which it is sent. A worker held up until after `begins_before`
    sends nothing: its lease may run out while the call is on the wire, and others count on it that nothing is under way
    then.
    """

    claim: Claim
    call: Call
    reference: str
    begins_before: datetime
    goes_on: bool = False  # begun by the moment that settled the step before


def sending(effect: Effect, step: Step, order: str, now: datetime) -> Sending:
    """Of an intent, or of the same intent once more."""
    call = Call(effect.connection, effect.capability, effect.body, effect.key)
    return Sending(Claim(order, step.id, step.token, False), call, effect.reference, now + SEND_MARGIN)


@dataclass(frozen=True)
class Plan:
    """A request as it was made: of which input, what it is known by later, its bytes, and what its operation
    promises."""

    made: dict[str, Any]
    content: dict[str, Any]
    body: bytes
    guarantee: Guarantee


def until(guarantee: Guarantee, now: datetime) -> datetime:
    """When the lease of a call that begins by now ends."""
    return now + timedelta(seconds=guarantee.deadline_seconds) + SEND_MARGIN


def happened_elsewhere(book: Book, step: Step) -> bool:
    """Another step's effect is this one, and it happened."""
    known = book.effect(step)
    return known is not None and bool(known.executed) and known.step != step.id


def write(setting: Setting, book: Book, step: Step, plan: Plan, now: datetime) -> Sending:
    """The intent of a leased step that nothing stands in the way of: from here on the call may be on the wire."""
    group = group_of(book, step)
    if group is not None and step.capability in groups.COMMITMENTS:
        group.sent = True
    identity = step.identity(book.key)
    effect = settle.intend(
        book,
        step,
        key=key_of(setting.install_key, identity),
        reference=reference_of(setting.install_key, identity),
        body=plan.body,
        digest=digest_of(plan.body),
        declaration=setting.connectors.declaration(step.connection or ""),
        content=plan.content,
        amount=plan.made.get("amount"),
        currency=plan.made.get("currency"),
        until=until(plan.guarantee, now),
        now=now,
    )
    return sending(effect, step, book.key, now)


def go_on(setting: Setting, book: Book, now: datetime) -> Sending | None:
    """The intent of one step that is due, taken like a claim takes it; None where there is none that can go at once.

    What has anything in its way, or whose request needs an answer first, stays due for whoever claims it.
    """
    for step in book.steps.values():
        if step.state is State.READY and step.next_at is not None and step.next_at <= now:
            plan = _plan(setting, book, step, now)
            if plan is not None and setting.may_go_on(step.connection or ""):
                step.token += 1
                life.move(step, Event.CLAIM, now)
                return replace(write(setting, book, step, plan, now), goes_on=True)
    return None


def _plan(setting: Setting, book: Book, step: Step, now: datetime) -> Plan | None:
    """Changes nothing, whatever it meets: it runs in the transaction of what has already happened."""
    connection, capability = step.connection or "", step.capability or ""
    try:
        if not CAPABILITIES[capability].mutating or happened_elsewhere(book, step) or gap.pending(step):
            return None
        if not isinstance(gate.judge(setting, book, step, now), gate.Go):
            return None
        if setting.connectors.asks_first(connection, capability):
            return None
        made, content = inputs.build(setting, book, step)
        if gate.sums(book, step, made.get("amount")) is not None:
            return None
        body = setting.connectors.prepare(connection, capability, made)
        return Plan(made, content, body, setting.connectors.guarantee(connection, capability))
    except (CannotPrepare, NotPrepared):
        return None
    except Exception:  # whoever claims the step meets it again, with nothing else at stake
        _log.exception("a request met a defect", order=book.key, step=step.id)
        return None
