"""What must be true of every run, once it has come to rest. Each check yields the promises that were broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hub.model.cause import CAUSES
from hub.model.flow import NEEDS_PERSON, TERMINAL, State
from hub.sandbox import checks
from hub.sandbox.verdict import ZEROES
from hub.sandbox.verdict import judge as verdict_of
from tests.simulation import bookkeeping, overtaking
from tests.simulation.case import Broken, Case
from tests.simulation.clock import SECOND, micros_of
from tests.simulation.door import digest
from tests.simulation.house import ACCOUNTS
from tests.simulation.result import Violation

_ENDS = {
    "completed": ("completed",),
    # history: it was cancelled before the hub ever saw it
    "cancelled": ("cancelled", "completed", "history"),
    "held": ("held",),
    "waiting": ("waiting", "held"),
    "untouched": ("history", "ignored"),
    "completed|held": ("completed", "held"),
    "waiting|completed|held": ("waiting", "completed", "held", "cancelled", "history"),
}
# What a person's cancellation at the hub changes of the world's verdict: what should be missing may be.
_OF_CANCELLED = ("missing_effect", "wrong_effect")
_FORWARD = ("payment.capture", "fulfillment.create", "shipment.create", "label.buy")
_STUCK_SECONDS = 300


def verdict(case: Case) -> Broken:
    """The world's own: nothing lost, missing, wrong, twice, or attempted twice."""
    keys = {book.source_id: key for key, book in case.books.items()}
    for offence in verdict_of(case.evidence, case.answers(), 0.0).offences:
        key = keys.get(offence.order, offence.order)
        forgiven = key in case.cancelled and offence.count in _OF_CANCELLED
        forgiven |= offence.count == "attempted_doubles" and case.voided_by_both(key, offence.why.partition(" ")[0])
        if offence.count in ZEROES and not forgiven:
            yield Violation(offence.count, key, f"{offence.name} ({offence.story}): {offence.why}")


def ends(case: Case) -> Broken:
    """Every order ends as its story says; none waits for nobody."""
    states = {answer["source_order_id"]: answer["state"] for answer in case.answers()}
    for order in case.evidence.live:
        state, key = states.get(order["id"]), case.scene.key_of(order["prefix"], order["id"])
        if state is None or key in case.cancelled or state in _ENDS[order["expect"]]:
            continue
        if state == "held" and key in case.crossed:
            continue  # nobody can stop what was on its way when the cancellation came: a person is told
        if state == "held" and (key in case.clicked or order["prefix"] in case.scene.observed_accounts):
            continue
        why = f"{order['name']} ({order['story']}) should be {order['expect']}; it is {state}: {_open(case, key)}"
        yield Violation("wrong end", key, why)


def _open(case: Case, key: str) -> str:
    book = case.books.get(key)
    open_steps = [s for s in book.steps.values() if s.state not in (State.DONE, State.SKIPPED)] if book else []
    return "; ".join(f"{step.id} {step.state.value} {step.cause or ''} {step.detail or ''}" for step in open_steps)


def cancellations(case: Case) -> Broken:
    """After a person's cancellation nothing new was begun, and what had been begun was taken back or had left."""
    for key, at in case.cancelled.items():
        book = case.books[key]
        for effect in book.effects.values():
            if effect.capability in _FORWARD and effect.intended_at > at:
                yield Violation(
                    "after cancel", key, f"{effect.capability} was intended at {effect.intended_at}, after {at}"
                )
        order = case.evidence.orders.get(book.source_id)
        if order is None:
            continue
        seen = checks.Case(case.evidence, order, "")
        if (checks.live_orders(seen) or checks.live_labels(seen)) and not seen.parcels:
            yield Violation("after cancel", key, f"it was cancelled, and nobody called it back: {_open(case, key)}")
        moving = [s.id for s in book.steps.values() if s.state in (State.READY, State.BLOCKED) and not s.tail]
        if moving and not book.in_state(*NEEDS_PERSON):
            yield Violation("after cancel", key, f"{moving} go on")


def webhooks(case: Case) -> Broken:
    """Every delivery that was acknowledged is there, and was looked at."""
    kept = {(connection, digest(body)) for connection, body in case.rows("SELECT connection, body FROM messages")}
    others = case.rows("SELECT m.connection, c.body FROM conflicts c JOIN messages m ON m.id = c.message")
    kept |= {(connection, digest(body)) for connection, body in others}
    for (connection, body), delivery in case.scene.door.acknowledged.items():
        if (connection, body) not in kept:
            yield Violation("lost webhook", "", f"{delivery.topic} #{delivery.number} of {connection}")
    for row in case.rows("SELECT id, connection, topic, detail FROM messages WHERE cause = 'defect'"):
        yield Violation("defect", "", f"message {row}")
    for refused in case.scene.door.refused:
        yield Violation("refused webhook", "", refused)


def visible(case: Case) -> Broken:
    """What was acknowledged is done, running, held with a cause, or suppressed with one; and it is there once."""
    for row in case.rows("SELECT id, connection, topic, state, cause FROM messages"):
        if row[3] not in ("translated", "held", "ignored") or (row[3] != "translated" and not row[4]):
            yield Violation("invisible", "", f"message {row} is nowhere to be seen")
    kept: Counter[tuple[str, str]] = Counter()
    for connection, body in case.rows("SELECT connection, body FROM messages WHERE topic <> 'pull'"):
        kept[(connection, digest(body))] += 1
    for (connection, body), count in kept.items():
        if ACCOUNTS[connection].startswith("woocommerce/"):
            continue  # its deliveries have no names of their own: nobody can tell a repeat from a second one
        if count > len(case.scene.door.posted.get((connection, body), ())):
            yield Violation("kept twice", "", f"one delivery of {connection} was kept {count} times")


def evidence_is_used(case: Case) -> Broken:
    """A report whose order is known by now does not lie about as if it were not."""
    sql = (
        "SELECT h.order_key, o.type, l.handle FROM loose_handles l JOIN observations o ON o.id = l.observation "
        "JOIN handles h ON h.connection = l.connection AND h.handle = l.handle"
    )
    for row in case.rows(sql):
        yield Violation("unused evidence", row[0], f"{row[1]} of {row[2]} was never looked at again")


def nothing_stuck(case: Case) -> Broken:
    """Whatever is due was looked at within five minutes; nothing is blocked by what has ended."""
    now = micros_of(case.scene.clock.now())
    for row in case.rows("SELECT order_key, id, state FROM steps WHERE due_at < ?", now - _STUCK_SECONDS * SECOND):
        yield Violation("stuck", row[0], f"{row[1]} is {row[2]} and was due long ago")
    for key, book in case.books.items():
        if book.fetch_at is not None and now - micros_of(book.fetch_at) > _STUCK_SECONDS * SECOND:
            yield Violation("stuck", key, "is still to be read at its source")
        for step in book.in_state(*NEEDS_PERSON):
            if step.cause not in CAUSES:
                yield Violation("stuck", key, f"{step.id} is {step.state.value} for {step.cause!r}, which nobody knows")
        open_steps = [step for step in book.steps.values() if step.state not in TERMINAL]
        if open_steps and all(step.state is State.BLOCKED for step in open_steps):
            yield Violation("stuck", key, f"{[step.id for step in open_steps]} wait for nothing")


ALL: tuple[Callable[[Case], Broken], ...] = (
    verdict, ends, cancellations, webhooks, visible, evidence_is_used, nothing_stuck, *bookkeeping.ALL,
    *overtaking.ALL,
)  # fmt: skip
