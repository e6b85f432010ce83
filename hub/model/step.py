"""A step of a flow and the tries made for it, as they are stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.model.effect import Identity
from hub.model.flow import State

REPLAYED = "replayed"  # in a step's `spec`: a person had it tried again


@dataclass
class Step:
    """One capability asked of one connection about one subject, or something awaited (`awaits`), or a task for a
    person.

    `id` is `flow/name/subject` within its order. `spec` is the declaration it was made from, pinned with its run.
    """

    id: str
    run: str
    name: str
    subject: str
    state: State
    capability: str | None = None
    awaits: str | None = None
    connection: str | None = None
    generation: int = 1
    tail: bool = False  # the order counts as completed without it
    after: list[str] = field(default_factory=list)
    spec: dict[str, Any] = field(default_factory=dict)
    cause: str | None = None  # of a hold, a refusal, a park, a skip: a stable code
    detail: dict[str, Any] = field(default_factory=dict)  # what a person needs to judge the cause
    returns_to: State | None = None
    tries: int = 0
    lookups: int = 0  # consecutive lookups that found nothing
    next_at: datetime | None = None
    lease_until: datetime | None = None
    token: int = 0
    first_sent: datetime | None = None  # of the current generation: a key's age runs from here
    last_sent: datetime | None = None  # quarantine runs from here
    deadline_at: datetime | None = None  # of an awaited thing
    unresolved: bool = False  # an earlier try of this generation may have happened
    result: dict[str, Any] = field(default_factory=dict)
    began_at: datetime | None = None
    ended_at: datetime | None = None

    def identity(self, order: str) -> Identity:
        return Identity(order, self.capability or "", self.subject, self.generation)


@dataclass
class Effect:
    """The durable intent of one effect: written before the first byte leaves, kept for ever."""

    capability: str
    subject: str
    generation: int
    step: str
    connection: str
    key: str
    reference: str
    body: bytes  # the exact prepared request that every try sends
    body_digest: str
    declaration: str  # hash of the connector's declaration that prepared it
    content: dict[str, Any]  # what a found object must match
    intended_at: datetime
    settled_at: datetime | None = None
    provider_id: str | None = None
    executed: bool | None = None  # True: done; False: surely not; None: not known yet
    amount: int | None = None
    currency: str | None = None


@dataclass
class Attempt:
    """One try: what went out, what came back (redacted)."""

    step: str
    token: int
    trigger: str  # scheduled, replay, resend, lookup
    started_at: datetime
    ended_at: datetime | None = None
    verdict: str | None = None
    code: str | None = None
    message: str | None = None
    transcript: dict[str, Any] = field(default_factory=dict)
    id: int | None = None


@dataclass
class Group:
    """Fulfilment group: lines of one order that one location ships by one method (warehouse, self, pickup, digital,
    storefront, none).
    """

    id: str
    method: str
    connection: str | None
    location_id: str | None
    lines: dict[str, int]  # order line id -> quantity
    destination: dict[str, Any] | None = None
    service: str | None = None
    sent: bool = False  # an intent exists: its lines are frozen
    withdrawn: bool = False


@dataclass
class Parcel:
    """What a warehouse or carrier really sent."""

    id: str
    group: str
    lines: dict[str, int]
    tracking_number: str | None = None
    tracking_url: str | None = None
    carrier: str | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    status: str = "shipped"
    provider_id: str | None = None


@dataclass
class Run:
    """One durable flow of one order, pinned to its declarations' content hashes."""

    id: str
    flow: str
    trigger: str
    declaration: str  # hash of the flow's document
    began_at: datetime
    ended_at: datetime | None = None
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass
class Note:
    """An entry of an order's timeline: who did or saw what, when. `actor` is `hub`, a connection or a person."""

    at: datetime
    actor: str
    kind: str
    text: str
    detail: dict[str, Any] = field(default_factory=dict)
    id: int | None = None
