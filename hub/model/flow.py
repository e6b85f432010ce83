"""The life of a step: its states, what can befall it, and the ONE transition table.

The table is data. The store applies it, the docs draw it, the tests enumerate every cell of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    BLOCKED = "blocked"  # waits for other steps
    AWAITING = "awaiting"  # waits for evidence from outside
    READY = "ready"
    LEASED = "leased"  # a worker looks at it; nothing was sent in this lease
    INTENT = "intent"  # what will be sent is durable; it may be on the wire
    WAITING = "waiting"  # will be tried again at next_at; nothing unresolved
    UNKNOWN = "unknown"  # a try may have happened: to be resolved by what the provider can do
    HELD = "held"  # stopped with a cause; goes back to `returns_to`
    PARKED = "parked"  # only a person can tell whether it happened
    REJECTED = "rejected"  # the provider said a definite no
    DEAD = "dead"  # tries or age exhausted
    DONE = "done"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Event(StrEnum):
    FREED = "freed"  # predecessors done
    SKIP = "skip"  # `when` is false
    EVIDENCE = "evidence"  # what was awaited has come
    DEADLINE = "deadline"  # it has not come in time
    CLAIM = "claim"
    CLAIM_AFTER_INTENT = "claim after intent"  # the lease of a try that was sent has run out
    HOLD = "hold"  # connection paused, breaker open, gate raised, overtaken
    WITHDRAW = "withdraw"  # no longer wanted, and nothing was sent
    INTEND = "intend"
    ANSWERED = "answered"  # a read gave its answer: no intent was needed
    SUCCESS = "success"
    NOT_EXECUTED = "not executed"
    NOT_EXECUTED_BUT = "not executed, an earlier try unresolved"
    BUSY = "busy"
    REFUSED = "refused"
    REFUSED_BUT = "refused, an earlier try unresolved"
    LOST = "lost"  # time-out, reset, 5xx, unreadable, crash
    RESEND = "resend"  # same key, stored bytes
    FOUND = "found"
    FOUND_UNLIKE = "found several or another"
    ABSENT_SURELY = "absent, search complete"
    ABSENT = "absent"
    LOOKUP_FAILED = "lookup failed"
    UNRESOLVABLE = "unresolvable"  # class none, or the key expired and nothing was found
    EXHAUSTED = "exhausted"
    REPLAY = "replay"
    REPLAY_UNRESOLVED = "replay, a try unresolved"
    EDIT = "edit"  # a person mends what was refused: generation + 1
    MEND = "mend"  # the cause of a hold is gone
    HAPPENED = "happened"  # a person says so, with the provider's id
    DID_NOT = "did not happen"
    NEW_GENERATION = "new generation"
    ABANDON = "abandon"
    CANCEL = "cancel"


S, E = State, Event


@dataclass(frozen=True)
class Transition:
    state: State
    event: Event
    next: tuple[State, ...]  # more than one only for MEND: back to `returns_to`
    writes: str  # what is written in the same transaction, for the documentation


_LEASE = "token + 1, lease_until"
_BACK = (S.READY, S.WAITING, S.UNKNOWN, S.AWAITING, S.BLOCKED, S.DONE)
_UNSENT = (S.BLOCKED, S.READY, S.WAITING, S.HELD, S.AWAITING, S.REJECTED, S.DEAD, S.LEASED)


def _rows() -> list[Transition]:
    def row(state: State, event: Event, after: State | tuple[State, ...], writes: str = "") -> Transition:
        return Transition(state, event, after if isinstance(after, tuple) else (after,), writes)

    rows = [
        row(S.BLOCKED, E.FREED, (S.READY, S.AWAITING)),
        row(S.BLOCKED, E.SKIP, S.SKIPPED),
        row(S.BLOCKED, E.HOLD, S.HELD, "cause, returns_to"),
        row(S.AWAITING, E.SKIP, S.SKIPPED),
        row(S.AWAITING, E.EVIDENCE, S.DONE, "evidence linked"),
        row(S.AWAITING, E.CLAIM, S.AWAITING, _LEASE),
        row(S.AWAITING, E.DEADLINE, S.AWAITING, "poll, next deadline"),
        row(S.AWAITING, E.HOLD, S.HELD, "cause, returns_to"),
        row(S.READY, E.CLAIM, S.LEASED, _LEASE),
        row(S.READY, E.HOLD, S.HELD, "cause, returns_to"),
        row(S.WAITING, E.CLAIM, S.LEASED, _LEASE),
        row(S.WAITING, E.HOLD, S.HELD, "cause, returns_to"),
        row(S.LEASED, E.CLAIM, S.LEASED, _LEASE),
        row(S.LEASED, E.HOLD, S.HELD, "cause, returns_to"),
        row(S.LEASED, E.SKIP, S.SKIPPED, "successors freed"),
        row(S.LEASED, E.INTEND, S.INTENT, "attempt, effect, key, exact body bytes and hash, connector hash, deadline"),
        row(S.LEASED, E.ANSWERED, S.DONE, "result; successors freed"),
        row(S.LEASED, E.NOT_EXECUTED, S.WAITING, "next_at"),
        row(S.LEASED, E.LOST, S.WAITING, "next_at (a read: nothing can have happened)"),
        row(S.LEASED, E.REFUSED, S.REJECTED, "the provider's reason"),
        row(S.LEASED, E.EXHAUSTED, S.DEAD, "dead letter"),
        row(S.INTENT, E.CLAIM_AFTER_INTENT, S.UNKNOWN, _LEASE),
        row(S.INTENT, E.SUCCESS, S.DONE, "effect row; observations; successors freed"),
        row(S.INTENT, E.NOT_EXECUTED, S.WAITING, "next_at = max(Retry-After, jittered backoff)"),
        row(S.INTENT, E.NOT_EXECUTED_BUT, S.UNKNOWN, "an old try is never forgotten"),
        row(S.INTENT, E.BUSY, S.UNKNOWN, "somebody, perhaps we, is executing"),
        row(S.INTENT, E.REFUSED, S.REJECTED, "the provider's reason"),
        row(S.INTENT, E.REFUSED_BUT, S.UNKNOWN, "lookup first"),
        row(S.INTENT, E.LOST, S.UNKNOWN, "first_sent kept, last_sent set"),
        row(S.INTENT, E.EXHAUSTED, S.DEAD, "dead letter"),
        row(S.INTENT, E.HOLD, S.HELD, "credentials refused: certainly not executed"),
        row(S.INTENT, E.CANCEL, S.INTENT, "resolve first, then compensate"),
        row(S.UNKNOWN, E.CLAIM, S.UNKNOWN, _LEASE),
        row(S.UNKNOWN, E.RESEND, S.INTENT, "same key, stored bytes"),
        row(S.UNKNOWN, E.FOUND, S.DONE, "what the lookup saw"),
        row(S.UNKNOWN, E.FOUND_UNLIKE, S.PARKED, "the difference"),
        row(S.UNKNOWN, E.ABSENT_SURELY, S.WAITING, "what the lookup saw; the old try is resolved"),
        row(S.UNKNOWN, E.ABSENT, S.PARKED, "what the lookup saw"),
        row(S.UNKNOWN, E.LOOKUP_FAILED, S.UNKNOWN, "backoff"),
        row(S.UNKNOWN, E.UNRESOLVABLE, S.PARKED, "the reason"),
        row(S.UNKNOWN, E.REFUSED, S.REJECTED, "lookup saw no execution; the provider's reason"),
        row(S.UNKNOWN, E.HOLD, S.HELD, "cause, returns_to"),
        row(S.UNKNOWN, E.CANCEL, S.UNKNOWN, "resolve first, then compensate"),
        row(S.WAITING, E.EXHAUSTED, S.DEAD, "dead letter"),
        row(S.DEAD, E.REPLAY, S.READY, "same generation, so the same key"),
        row(S.DEAD, E.REPLAY_UNRESOLVED, S.UNKNOWN, "same generation, so the same key"),
        row(S.REJECTED, E.EDIT, S.READY, "generation + 1; JSON Patch, actor, reason"),
        row(S.REJECTED, E.REPLAY, S.READY, "generation + 1 after a definite refusal; actor, reason"),
        row(S.HELD, E.MEND, _BACK, "audit row where a person did"),
        row(S.HELD, E.SKIP, S.SKIPPED, "successors freed"),
        row(S.HELD, E.EVIDENCE, S.DONE, "evidence linked"),
        row(S.PARKED, E.HAPPENED, S.DONE, "audit row; successors freed"),
        row(S.PARKED, E.DID_NOT, S.READY, "audit row; the old try is resolved"),
        row(S.PARKED, E.NEW_GENERATION, S.READY, "audit row; generation + 1"),
        row(S.PARKED, E.ABANDON, S.CANCELLED, "audit row"),
        row(S.PARKED, E.CANCEL, S.PARKED, "resolve first, then compensate"),
        row(S.REJECTED, E.ABANDON, S.CANCELLED, "audit row"),
        row(S.DEAD, E.ABANDON, S.CANCELLED, "audit row"),
        row(S.HELD, E.ABANDON, S.CANCELLED, "audit row"),
    ]
    # Evidence (a provider's report, a late answer) settles whatever has not been settled yet.
    rows += [
        row(s, E.FOUND, S.DONE, "evidence linked") for s in (S.INTENT, S.PARKED, S.HELD, S.WAITING, S.READY, S.DEAD)
    ]
    for state in _UNSENT:
        rows.append(row(state, E.CANCEL, S.CANCELLED, "only without an unresolved try"))
        rows.append(row(state, E.WITHDRAW, S.CANCELLED, "why; only without an unresolved try"))
    return rows


TRANSITIONS: dict[tuple[State, Event], Transition] = {(row.state, row.event): row for row in _rows()}

TERMINAL = frozenset({S.DONE, S.SKIPPED, S.CANCELLED})
NEEDS_PERSON = frozenset({S.HELD, S.PARKED, S.REJECTED, S.DEAD})
SATISFIES = frozenset({S.DONE, S.SKIPPED})  # what frees a successor
CLAIMABLE = (S.READY, S.WAITING, S.UNKNOWN, S.LEASED, S.INTENT, S.AWAITING)


class Impossible(Exception):
    """The table has no such cell: a defect of the program, never of a provider or a person."""


def after(state: State, event: Event, target: State | None = None) -> State:
    """The next state. `target` chooses where the table allows several (FREED, MEND); Impossible where it has no
    cell.
    """
    transition = TRANSITIONS.get((state, event))
    if transition is None:
        raise Impossible(f"{event.value!r} cannot befall a step that is {state.value}")
    if target is None:
        if len(transition.next) > 1:
            raise Impossible(f"{event.value!r} from {state.value} needs a target")
        return transition.next[0]
    if target not in transition.next:
        raise Impossible(f"{event.value!r} does not lead from {state.value} to {target.value}")
    return target
