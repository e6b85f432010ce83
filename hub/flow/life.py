"""Moving one step through the transition table: the only place where a step's state changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.model.flow import NEEDS_PERSON, TERMINAL, Event, State, after
from hub.model.step import Step

_UNLEASED = TERMINAL | NEEDS_PERSON | {State.BLOCKED}


def move(
    step: Step,
    event: Event,
    now: datetime,
    *,
    target: State | None = None,
    cause: str | None = None,
    detail: dict[str, Any] | None = None,
    next_at: datetime | None = None,
) -> None:
    """Applies one event. Raises Impossible where the table has no such cell, and changes nothing then."""
    came_from = step.state
    step.state = after(came_from, event, target)
    if event is Event.HOLD:
        step.returns_to = _return_of(step, came_from)
    if cause is not None or step.state not in NEEDS_PERSON:
        step.cause, step.detail = cause, detail or {}
    if step.state is not State.LEASED:
        step.lease_until = None
    step.next_at = next_at if step.state not in _UNLEASED else None
    if step.state is State.READY and step.next_at is None:
        step.next_at = now
    if step.state in TERMINAL:
        step.ended_at = now
        step.deadline_at = None
    elif step.began_at is None and step.state is not State.BLOCKED:
        step.began_at = now


def _return_of(step: Step, came_from: State) -> State:
    """Where a held step goes back to when its cause is mended."""
    if step.unresolved:
        return State.UNKNOWN
    if came_from in (State.LEASED, State.INTENT, State.WAITING):
        return State.READY
    return came_from


def hold(step: Step, cause: str, now: datetime, **detail: Any) -> None:
    move(step, Event.HOLD, now, cause=cause, detail=detail)


def mend(step: Step, now: datetime) -> None:
    """The cause of a hold is gone: back to where it came from."""
    target = step.returns_to or State.READY
    step.returns_to = None
    deadline, waited = step.deadline_at, step.cause == "not_shipped_in_time"
    move(step, Event.MEND, now, target=target, next_at=now)
    if step.state is State.AWAITING:
        step.deadline_at = deadline
        if waited:
            step.began_at = now  # it waits as long once more; counted from before, the next poll would hold it again


def can_withdraw(step: Step) -> bool:
    """Only what was surely not sent may be taken back without asking anybody."""
    from_here = (State.BLOCKED, State.READY, State.WAITING, State.HELD, State.AWAITING, State.REJECTED, State.DEAD)
    return step.state in from_here and not step.unresolved
