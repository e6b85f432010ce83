"""What must be true of every run, once it has come to rest. Each check yields the promises that were broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.model.book import Book
from hub.model.flow import NEEDS_PERSON, TERMINAL, State
from hub.model.step import Effect
from hub.sandbox import checks
from hub.sandbox.evidence import Evidence
from hub.sandbox.verdict import ZEROES
from hub.sandbox.verdict import judge as verdict_of
from tests.simulation import truth
from tests.simulation.clock import SECOND, micros_of
from tests.simulation.door import digest
from tests.simulation.result import Violation
from tests.simulation.scene import Scene

Rows = Callable[..., list[tuple[Any, ...]]]
Broken = Iterator[Violation]

_ENDS = {
    "completed": ("completed",),
    # history: it was cancelled before the hub ever saw it
    "cancelled": ("cancelled", "completed", "history"),
    "held": ("held",),
    "waiting": ("waiting", "held"),
    "untouched": ("history", "ignored"),
    "completed|held": ("completed", "held"),
}
# What a person's cancellation at the hub changes of the world's verdict: what should be missing may be.
_OF_CANCELLED = ("missing_effect", "wrong_effect")
_FORWARD = ("payment.capture", "fulfillment.create", "shipment.create", "label.buy")
_STUCK_SECONDS = 300


@dataclass(frozen=True)
class Case:
    scene: Scene
    evidence: Evidence
    books: Mapping[str, Book]
    rows: Rows
    cancelled: Mapping[str, datetime]

    def answers(self) -> list[dict[str, Any]]:
        """What the hub says of each order, and of payloads that it holds because no mapping could read them."""
        orders = self.rows("SELECT connection, source_id, state FROM orders WHERE document IS NOT NULL")
        found = [{"connection": c, "source_order_id": s, "state": state} for c, s, state in orders]
        known = {answer["source_order_id"] for answer in found}
        for connection, body in self.rows("SELECT connection, body FROM messages WHERE state = 'held' ORDER BY id"):
            source_id = _named(bytes(body))
            if source_id is not None and source_id not in known:
                known.add(source_id)
                found.append({"connection": connection, "source_order_id": source_id, "state": "held"})
        return found


def verdict(case: Case) -> Broken:
    """The world's own: nothing lost, missing, wrong, twice, or attempted twice."""
    keys = {book.source_id: key for key, book in case.books.items()}
    for offence in verdict_of(case.evidence, case.answers(), 0.0).offences:
        key = keys.get(offence.order, offence.order)
        forgiven = key in case.cancelled and offence.count in _OF_CANCELLED
        if offence.count in ZEROES and not forgiven:
            yield Violation(offence.count, key, f"{offence.name} ({offence.story}): {offence.why}")


def ends(case: Case) -> Broken:
    """Every order ends as its story says; none waits for nobody."""
    states = {answer["source_order_id"]: answer["state"] for answer in case.answers()}
    for order in case.evidence.live:
        state, key = states.get(order["id"]), case.scene.key_of(order["prefix"], order["id"])
        if state is None or key in case.cancelled or state in _ENDS[order["expect"]]:
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


def nothing_stuck(case: Case) -> Broken:
    """Whatever is due was looked at within five minutes; nothing is blocked by what has ended."""
    now = case.scene.clock.micros
    for row in case.rows("SELECT order_key, id, state FROM steps WHERE due_at < ?", now - _STUCK_SECONDS * SECOND):
        yield Violation("stuck", row[0], f"{row[1]} is {row[2]} and was due long ago")
    for key, book in case.books.items():
        if book.fetch_at is not None and now - micros_of(book.fetch_at) > _STUCK_SECONDS * SECOND:
            yield Violation("stuck", key, "is still to be read at its source")
        open_steps = [step for step in book.steps.values() if step.state not in TERMINAL]
        if open_steps and all(step.state is State.BLOCKED for step in open_steps):
            yield Violation("stuck", key, f"{[step.id for step in open_steps]} wait for nothing")


def effects(case: Case) -> Broken:
    """What the hub says of each effect is what the provider's ledger says."""
    ledgers = truth.read(case.scene.world.directory)
    for key, book in case.books.items():
        for effect in book.effects.values():
            if not truth.knows(effect.capability):
                continue
            line = truth.happened(effect, book, ledgers)
            name = f"{effect.capability} of {effect.subject} ({effect.generation})"
            if effect.executed and line is None:
                yield Violation("phantom", key, f"{name} is done, and no ledger knows it")
            elif effect.executed is False and line is not None and not _excused(book, effect):
                yield Violation("disowned", key, f"{name} surely did not happen, says the hub; the ledger knows it")


def _excused(book: Book, effect: Effect) -> bool:
    """A status that somebody else changed back is not there; another generation's line may be taken for this one's."""
    if effect.capability == "order.complete":
        return True
    return any(e.capability == effect.capability and e is not effect and e.executed for e in book.effects.values())


def money(case: Case) -> Broken:
    """Captured by the hub <= authorised; given back by it <= captured; by order and currency."""
    for order_id, lines in case.evidence.effects.items():
        order = case.evidence.orders.get(order_id)
        if order is None:
            continue
        sums: dict[tuple[str, str], int] = {}
        for line in lines:
            if line["effect"] in ("payment.capture", "payment.refund"):
                name = (line["effect"], line["currency"])
                sums[name] = sums.get(name, 0) + int(line["amount"])
        for (what, currency), amount in sums.items():
            if amount > order["amount"] or currency != order["currency"]:
                yield Violation(
                    "money", order_id, f"{what} {amount} {currency} of {order['amount']} {order['currency']}"
                )


ALL: tuple[Callable[[Case], Broken], ...] = (
    verdict, ends, cancellations, webhooks, nothing_stuck, effects, money,
)  # fmt: skip


def _named(body: bytes) -> str | None:
    """The source's id in a payload that could not be translated, if it can be read at all."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    found = document.get("id") if isinstance(document, dict) else None
    return str(found) if found is not None else None
