"""What one wing needs of another, said once. `hub.assembly` joins the implementations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from hub.model.book import Book, Observation, Standing
from hub.model.capability import Safety
from hub.model.lane import Room
from hub.model.message import Delivery, Kept, StoredMessage, Translation
from hub.model.outcome import Outcome

T = TypeVar("T")


class NotDurable(Exception):
    """The store could not make it durable (disk full, database gone): nothing was acknowledged."""


class Inbox(Protocol):
    """What the front door needs of the store."""

    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        """Returns once the delivery is on stable storage. Raises NotDurable and keeps nothing otherwise."""
        ...

    def keep_soon(self, deliveries: Sequence[tuple[Delivery, datetime]]) -> Future[Sequence[Kept]]:
        """The same for several in one commit, without waiting for it: all are kept, or none is."""
        ...


class Translator(Protocol):
    """What the flow needs of the mappings."""

    def translate(self, mapping: str, body: bytes, settings: Mapping[str, Any]) -> Translation:
        """A payload's entities or evidence, or its problems. `settings` are the connection's; never raises on bad
        input.
        """
        ...

    def translate_document(self, mapping: str, document: Any, settings: Mapping[str, Any]) -> Translation:
        """The same for a document that was already decoded (an order that was pulled)."""
        ...


@dataclass(frozen=True)
class Guarantee:
    """What a mutating operation's manifest declares of its safety; times in seconds."""

    safety: Safety
    deadline_seconds: float  # of one call, total
    settles_within_seconds: float  # after the last send, an execution may still become visible
    key_life_seconds: float | None = None  # class key
    key_replays_errors: bool = False  # class key: a stored 500 is answered again
    find: str | None = None  # the capability to look it up with
    index_lag_seconds: float = 0.0  # class lookup, unique
    complete: bool = False  # the search surely lists everything
    max_sends: int = 3  # class at_least_once
    max_tries: int = 8
    max_age_seconds: float = 3 * 24 * 3600.0
    backoff_seconds: float = 2.0  # first backoff; doubles, jittered
    backoff_cap_seconds: float = 900.0


@dataclass(frozen=True)
class Call:
    """One request to a connection. `body` is the prepared request, stored before it is sent; `key` rides where
    declared.
    """

    connection: str
    capability: str
    body: bytes
    key: str | None = None


class Connectors(Protocol):
    """What the flow needs of the connectors. Connections are named as in the configuration."""

    def supports(self, connection: str, capability: str) -> bool: ...

    def guarantee(self, connection: str, capability: str) -> Guarantee: ...

    def declaration(self, connection: str) -> str:
        """The content hash of the connector's declaration."""
        ...

    def prepare(self, connection: str, capability: str, inputs: Mapping[str, Any]) -> bytes:
        """The exact bytes of the request, without credentials.

        May first make the reads its manifest declares. Raises CannotPrepare when the input does not fit (a person must
        mend it) and NotPrepared when a read failed (try again later).
        """
        ...

    def asks_first(self, connection: str, capability: str) -> bool:
        """Whether `prepare` makes reads."""
        ...

    def send(self, call: Call) -> Outcome:
        """Makes the one call of a mutating operation. Never raises."""
        ...

    def read(self, connection: str, capability: str, inputs: Mapping[str, Any]) -> Outcome:
        """Asks a question (lookups, lists, fetches). Never raises; the verdict is DONE, REFUSED, AUTH, HELD,
        NOT_EXECUTED or UNKNOWN.
        """
        ...


class CannotPrepare(Exception):
    """A request cannot be built from this input: a person must mend the order or the declaration."""

    def __init__(self, what: str, path: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what, self.path, self.mend = what, path, mend


class NotPrepared(Exception):
    """A read that the request needs has failed: nothing was changed, try again later."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message or outcome.verdict.value)
        self.outcome = outcome


@dataclass(frozen=True)
class Letter:
    """A rendered customer message."""

    subject: str
    text: str
    html: str


class Notices(Protocol):
    """What the flow needs of the customer messages."""

    def render(self, kind: str, scope: Mapping[str, Any]) -> Letter:
        """kind: confirmation, shipped, delivered, refunded, cancelled. Raises CannotPrepare when a template fails."""
        ...


@dataclass(frozen=True)
class Claim:
    """A step a worker may look at until `lease_until`. `token` fences: a later claim has a larger one."""

    order: str
    step: str
    token: int
    after_intent: bool
    connection: str = ""  # whom it asks


@dataclass(frozen=True)
class Chore:
    """Due work that is not a step: fetch (read one order), poll (ask a provider about an awaited thing), sweep (list
    a storefront).
    """

    kind: str
    key: str
    token: int
    tries: int
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """A person's, for the record: it is written down in the transaction of what was decided."""

    actor: str
    action: str
    detail: Mapping[str, Any]


class Store(Inbox, Protocol):
    """Moments, not tables: each call is one durable transaction."""

    def claim_messages(self, limit: int, now: datetime) -> Sequence[StoredMessage]: ...

    def claim_steps(self, limit: int, now: datetime) -> Sequence[Claim]: ...

    def claim_chores(self, limit: int, now: datetime) -> Sequence[Chore]: ...

    def claim(self, limit: int, now: datetime, room: Room | None = None) -> Sequence[Chore | StoredMessage | Claim]:
        """What is due of all three, at most `limit`, in one transaction; the claimer works on them in this order.

        `room`: how many more steps may ask a connection now.
        """
        ...

    def change(self, order: str, decide: Callable[[Book], T], now: datetime) -> T:
        """Loads the order's book under its lock, runs `decide`, writes what it changed. An unknown order gets an
        empty book.
        """
        ...

    def settle_message(
        self, message: int, token: int, state: str, cause: str | None, detail: Mapping[str, Any], now: datetime
    ) -> None: ...

    def retry_message(self, message: int, token: int, at: datetime) -> None: ...

    def plan_chore(self, kind: str, key: str, due_at: datetime, detail: Mapping[str, Any] | None = None) -> None:
        """Inserts the chore, or moves it earlier."""
        ...

    def finish_chore(
        self, chore: Chore, again_at: datetime | None, detail: Mapping[str, Any] | None = None
    ) -> None: ...

    def place_evidence(self, observation: Observation) -> Sequence[str]:
        """Keys of the orders which hold one of its handles at its connection; when none does, the observation is kept
        loose.

        One transaction, so that evidence and the effect it tells of cannot miss each other.
        """
        ...

    def held_for(self, connection: str, causes: Sequence[str], limit: int) -> Sequence[str]:
        """Keys of orders with steps held for a connection's sake."""
        ...

    def standing(self, connection: str) -> Standing: ...

    def late_answers(self, order: str) -> Sequence[dict[str, Any]]:
        """What fenced workers learned about an order's effects: {key, verdict, result, code}."""
        ...

    def read(self, order: str) -> Book | None:
        """A book as it stands, without the lock."""
        ...

    def declaration(self, digest: str) -> str | None:
        """The text of a declaration that was stored by this hash."""
        ...

    def audit(self, actor: str, action: str, subject: str, detail: Mapping[str, Any], now: datetime) -> None:
        """Appends to the hash chain of decisions."""
        ...

    def next_due(self) -> datetime | None: ...
