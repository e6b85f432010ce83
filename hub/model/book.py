"""Everything the hub holds about one order, as one transaction sees it.

Every moment that concerns an order loads its book under the order's lock, changes it in memory by a pure function,
and the store writes what changed. What must not race is therefore decided in one place, with everything in sight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.model.effect import digest_of
from hub.model.flow import TERMINAL, State
from hub.model.message import MessageEnd
from hub.model.order import Order
from hub.model.step import Attempt, Effect, Group, Note, Parcel, Run, Step

ARCHIVED = "archived"  # it is over, and what was known of it lies in a file: nothing of it is ever begun again


@dataclass
class Observation:
    """A provider's or storefront's word that matched nothing else yet, or late evidence of a fenced worker. Append-
    only.
    """

    type: str
    connection: str
    seen_at: datetime
    handles: tuple[str, ...]
    document: dict[str, Any]
    message: int | None = None
    id: int | None = None


@dataclass(frozen=True)
class Standing:
    """What the store knows of a connection. `act_from`: orders placed earlier are history."""

    act_from: datetime | None = None
    paused: bool = False
    why: str | None = None


@dataclass
class Book:
    """The aggregate. `key` is `connection:source_order_id`."""

    key: str
    connection: str
    source_id: str
    facts: dict[str, Any] = field(default_factory=dict)  # the merge state (hub.model.merge)
    order: Order | None = None
    version: int = 0
    disposition: str = "new"  # new, active, history, ignored, observed, archived
    why: str | None = None
    approved: bool = False
    adopted: bool = False
    read_at: datetime | None = None  # when the source was asked for what was last read; None where news came since
    stale_at: datetime | None = None  # what was asked for earlier says nothing of the latest news
    source_version: str = ""
    fetch_at: datetime | None = None  # a read of the source is due
    runs: dict[str, Run] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    effects: dict[tuple[str, str, int], Effect] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    parcels: dict[str, Parcel] = field(default_factory=dict)
    # Takes over the observations that arrived before the effect they tell of: handles at a connection -> them.
    claim_loose: Callable[[str, Sequence[str]], list[Observation]] = lambda connection, handles: []
    # How a connection stands, as the moment's transaction sees it; None outside of one.
    standing: Callable[[str], Standing] | None = None
    # Appended by the moment, never loaded:
    attempts: list[Attempt] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    handles: list[tuple[str, str]] = field(default_factory=list)  # (connection, reference or provider id) -> this order
    chores: list[tuple[str, str, datetime]] = field(
        default_factory=list
    )  # (kind, key, due) to be planned with this change
    decisions: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)  # (actor, action, detail)
    ends: list[MessageEnd] = field(default_factory=list)  # of messages that tell of nothing but this order

    def trust(self, asked: datetime) -> None:
        """The source was read; `asked` is when. It counts as fresh unless news came while it was under way."""
        if self.stale_at is None or asked >= self.stale_at:
            self.read_at = asked

    def distrust(self, now: datetime) -> None:
        """Nothing irreversible is decided before the source has been read again."""
        self.read_at, self.stale_at = None, now

    def effect(self, step: Step) -> Effect | None:
        """The step's effect in its current generation."""
        return self.effects.get((step.capability or "", step.subject, step.generation))

    def steps_named(self, name: str) -> list[Step]:
        return [step for step in self.steps.values() if step.name == name]

    def in_state(self, *states: State) -> list[Step]:
        return [step for step in self.steps.values() if step.state in states]

    def executed(self, capability: str) -> Iterable[Effect]:
        """Effects of a capability that happened or may have happened."""
        return (e for e in self.effects.values() if e.capability == capability and e.executed is not False)

    @property
    def taken_back(self) -> bool:
        """Cancelled at its source, or by a person here: nothing new is begun for it."""
        if self.order is not None and self.order.standing in ("cancelled", "deleted"):
            return True
        return any(run.trigger == "cancelled" and run.inputs.get("commanded") for run in self.runs.values())

    def note(self, at: datetime, actor: str, kind: str, text: str, **detail: Any) -> None:
        self.notes.append(Note(at, actor, kind, text, detail))


def state_of(book: Book) -> str:
    """One word for a list of orders: the worst of its steps, else how far it is.

    history, ignored, archived, new, parked, dead, held, running, waiting, cancelled, completed.
    """
    if book.disposition in ("history", "ignored", ARCHIVED):
        return book.disposition
    states = {step.state for step in book.steps.values()}
    for word, bad in (("parked", {State.PARKED}), ("dead", {State.DEAD}), ("held", {State.HELD, State.REJECTED})):
        if states & bad:
            return word
    if book.order is None or not book.runs:
        return "new"
    open_states = {step.state for step in book.steps.values() if not step.tail} - TERMINAL
    if open_states:
        return "waiting" if open_states <= {State.AWAITING, State.BLOCKED} else "running"
    return "cancelled" if book.taken_back else "completed"


def reserved_until(book: Book) -> datetime | None:
    """The soonest end of an authorisation that nobody has captured or released; None where no money is at stake."""
    settled = {e.subject for e in book.effects.values() if e.executed and e.capability in _SETTLES_MONEY}
    payments = book.order.payments if book.order is not None else []
    open_ = [
        p for p in payments if p.status in ("authorized", "partially_captured") and f"payment:{p.id}" not in settled
    ]
    return min((p.expires_at for p in open_ if p.expires_at is not None), default=None)


_SETTLES_MONEY = ("payment.capture", "payment.void")


def parcel_id(connection: str, shipment_id: str) -> str:
    """A parcel's stable id from the warehouse's or carrier's shipment id."""
    return digest_of(f"{connection}\0{shipment_id}".encode())[:12]
