"""What is shown of the hub's books: read models for the console, the API and the operator's commands.

Plain facts, already joined and sorted; money in minor units, times aware UTC. Words come from `hub.model.cause`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from hub.model.action import Action
from hub.model.book import Book, Observation
from hub.model.cause import Weight
from hub.model.step import Attempt, Note, Step

T = TypeVar("T")


class BadCursor(ValueError):
    """The cursor is not one that a page gave."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list; `next` is the cursor to ask for more with, None at the end."""

    rows: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True)
class Sum:
    """An amount in minor units of an ISO 4217 currency."""

    amount: int
    currency: str


@dataclass(frozen=True)
class OrderQuery:
    """Which orders: `text` is looked for in the label and in the source's id, `states` and `connection` are exact."""

    text: str = ""
    states: tuple[str, ...] = ()
    connection: str | None = None
    after: str | None = None  # a page's `next`
    limit: int = 50


@dataclass(frozen=True)
class OrderRow:
    """One order in a list. `done` of `steps` that count are behind it; `cause` is the first thing that stops it."""

    key: str
    connection: str
    source_id: str
    label: str
    state: str
    disposition: str
    why: str | None
    total: Sum | None
    buyer: str | None
    country: str | None
    units: int
    placed_at: datetime | None
    changed_at: datetime
    done: int = 0
    steps: int = 0
    cause: str | None = None
    awaits: str | None = None  # what it waits for from outside: payment, shipped, delivered


@dataclass(frozen=True)
class StepRow:
    """One step in a list over all orders."""

    order: str
    label: str
    step: Step
    changed_at: datetime  # of its order
    at_stake: Sum | None
    expires_at: datetime | None  # when the order's authorisation ends


@dataclass(frozen=True)
class MessageRow:
    """One message in a list. `conflicts` counts other bodies that came under the same delivery id."""

    id: int
    connection: str
    topic: str
    delivery_id: str
    kind: str
    mapping: str | None
    state: str
    cause: str | None
    detail: Mapping[str, Any]
    received_at: datetime
    tries: int
    size: int
    conflicts: int


@dataclass(frozen=True)
class Body:
    """What was received: `digest` is taken without the source's volatile fields."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    digest: str
    received_at: datetime


@dataclass(frozen=True)
class MessageView:
    """One message with its bytes, the other bodies of the same delivery id, and the orders it speaks of.

    `namesakes`: other messages to which the source gave the same id, where its ids do not name one delivery; each of
    them counts.
    """

    row: MessageRow
    received: Body
    others: tuple[Body, ...]
    orders: tuple[str, ...]
    namesakes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Version:
    """The canonical order as it stood, as plain JSON."""

    number: int
    stored_at: datetime
    document: Mapping[str, Any]
    message: int | None


@dataclass(frozen=True)
class Decision:
    """An entry of the audit chain."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Dossier:
    """Everything about one order."""

    book: Book
    label: str
    state: str
    created_at: datetime
    changed_at: datetime
    attempts: tuple[Attempt, ...]
    notes: tuple[Note, ...]
    versions: tuple[Version, ...]
    messages: tuple[MessageRow, ...]
    observations: tuple[Observation, ...]
    decisions: tuple[Decision, ...]

    def attempts_of(self, step: str) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in self.attempts if attempt.step == step)


@dataclass(frozen=True)
class Entry:
    """One line of an order's timeline.

    `kind`: placed, message, version, attempt, step, parcel, evidence, note, decision, planned (still to come).
    `tone` colours it: good, bad, doubt, plain, quiet.
    """

    at: datetime
    kind: str
    text: str
    actor: str = "hub"
    tone: str = "plain"
    connection: str | None = None
    step: str | None = None
    capability: str | None = None
    verdict: str | None = None
    key: str | None = None
    reference: str | None = None
    provider_id: str | None = None
    message: int | None = None
    more: str | None = None  # a second sentence: the provider's words, or what changed
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Need:
    """Something that needs a person, or (weight notice) that a person may want to know.

    `count` things are the same need and mended together; `order` and `step` are set where it concerns just one.
    """

    code: str
    weight: Weight
    title: str
    words: str
    state: str  # held, parked, rejected, dead, paused, conflict, expiring
    action: Action
    since: datetime
    count: int = 1
    order: str | None = None
    label: str | None = None
    step: str | None = None
    what: str | None = None  # the capability's title
    connection: str | None = None
    message: int | None = None
    at_stake: tuple[Sum, ...] = ()
    due_at: datetime | None = None
    due: str | None = None  # what happens then
    said: str | None = None  # the provider's words, or what differs

    @property
    def needs_person(self) -> bool:
        return self.weight is not Weight.NOTICE


@dataclass(frozen=True)
class Counts:
    """What the header of the console and the metrics say. Ages in seconds."""

    orders: Mapping[str, int]
    steps: Mapping[str, int]  # of steps that are due or that need a person, by state
    causes: Mapping[str, int]  # of steps that need a person, by cause
    messages_due: int
    messages_held: Mapping[str, int]  # by cause
    conflicts: int
    paused: tuple[str, ...]
    oldest_due_seconds: float  # how long the oldest due work has waited; 0 when none is overdue
