"""What is shown of the books: read-only, one method per question. Cheap enough to be asked every few seconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.model.flow import State
from hub.model.message import MessageState
from hub.model.view import Counts, Dossier, Entry, MessageRow, MessageView, Need, OrderQuery, OrderRow, Page, StepRow
from hub.store import census, dossier, listing, needs, timeline
from hub.store.tx import Readers


class Views:
    """Lists raise BadCursor for a cursor that no page gave."""

    def __init__(self, reads: Readers) -> None:
        self._reads = reads

    def orders(self, query: OrderQuery) -> Page[OrderRow]:
        """Orders, the newest change first."""
        return listing.orders(self._reads.tx(), query)

    def knows(self, key: str) -> bool:
        return self._reads.tx().one("SELECT 1 FROM orders WHERE key = :key", key=key) is not None

    def order(self, key: str) -> Dossier | None:
        """One order with everything; None where the hub has no such order."""
        return dossier.dossier(self._reads.tx(), key)

    def timeline(self, found: Dossier) -> tuple[Entry, ...]:
        """What happened to it, oldest first, and at the end what is still to come."""
        return timeline.timeline(found)

    def attention(self, now: datetime) -> list[Need]:
        """Everything that needs a person, the most pressing first; then what goes on by itself."""
        return needs.needs(self._reads.tx(), now)

    def steps(self, states: Sequence[State], connection: str | None = None, limit: int = 200) -> list[StepRow]:
        """Steps in these states over all orders, those of the longest untouched orders first."""
        return listing.steps(self._reads.tx(), states, limit, connection)

    def orders_held_for(self, connection: str, causes: Sequence[str], limit: int) -> list[str]:
        """Keys of orders with a step held at a connection for one of the causes."""
        return listing.orders_held_for(self._reads.tx(), connection, causes, limit)

    def held_messages(self, connection: str | None, cause: str | None) -> list[int]:
        """Ids of all held messages of a connection and cause (None: of any)."""
        return listing.held_messages(self._reads.tx(), connection, cause)

    def messages(
        self,
        state: MessageState | None = None,
        connection: str | None = None,
        after: str | None = None,
        limit: int = 50,
        conflicts: bool = False,
    ) -> Page[MessageRow]:
        """Messages, newest first; `conflicts`: only those with another body that nobody has judged yet."""
        return listing.messages(self._reads.tx(), state, connection, after, limit, conflicts)

    def message(self, number: int) -> MessageView | None:
        """One message with its bytes; None where the hub has no such message."""
        return dossier.message(self._reads.tx(), number)

    def counts(self, now: datetime) -> Counts:
        """How much there is of everything, for a header and for metrics."""
        return census.census(self._reads.tx(), now)

    def connections(self) -> tuple[str, ...]:
        """The names of connections that orders came from."""
        rows = self._reads.tx().all("SELECT DISTINCT connection FROM orders ORDER BY connection")
        return tuple(row["connection"] for row in rows)
