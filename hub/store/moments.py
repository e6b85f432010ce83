"""The moments: each is one durable transaction. `now` is always given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hub.model.book import Book, Observation
from hub.model.contract import Chore, Decision
from hub.model.lane import Lane
from hub.model.message import Delivery, Kept, MessageEnd
from hub.store import books, ingest, rows
from hub.store.claims import CLAIM_LEASE, Claims
from hub.store.decisions import Decisions
from hub.store.record import append_audit
from hub.store.tx import Readers, Tx, Writer

T = TypeVar("T")


class SqlStore(Decisions, Claims):
    """Implements `hub.model.contract.Store` over a writer and readers."""

    def __init__(
        self, writer: Writer, readers: Readers, *, ingest: Writer | None = None, lease: timedelta = CLAIM_LEASE
    ) -> None:
        """`ingest`: the writer that commits deliveries in groups, where it is another."""
        self.writer = writer
        self.readers = readers
        self._ingest = ingest
        Claims.__init__(self, lease)

    @property
    def ingest(self) -> Writer:
        return self._ingest or self.writer

    # --- messages

    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        return self.ingest.run(lambda tx: ingest.keep(tx, delivery, now))

    def keep_soon(self, deliveries: Sequence[tuple[Delivery, datetime]]) -> Future[Sequence[Kept]]:
        return self.ingest.begin(lambda tx: ingest.keep_all(tx, deliveries))

    def settle_message(
        self, message: int, token: int, state: str, cause: str | None, detail: Mapping[str, Any], now: datetime
    ) -> None:
        end = MessageEnd(message, token, state, cause, dict(detail))
        self.writer.run(lambda tx: books.end_message(tx, end))

    def retry_message(self, message: int, token: int, at: datetime) -> None:
        sql = "UPDATE messages SET due_at = :at WHERE id = :id AND token = :token"
        self.writer.run(lambda tx: tx.run(sql, at=rows.micros(at), id=message, token=token))

    def release_messages(
        self,
        now: datetime,
        cause: str | None = None,
        ids: Sequence[int] = (),
        decision: Decision | None = None,
        subject: str = "all",
    ) -> int:
        """Held messages whose cause is mended are translated again. Returns how many."""
        where = "AND cause = :cause" if cause else ""
        late = "lane = connection || :late"  # what is new goes first
        sql = f"UPDATE messages SET state = 'kept', due_at = :now, {late} WHERE state = 'held' {where}"
        given = {"now": rows.micros(now), "late": str(Lane("", late=True)), **({"cause": cause} if cause else {})}

        def moment(tx: Tx) -> int:
            count = sum(tx.run(sql + " AND id = :id", id=i, **given) for i in ids) if ids else tx.run(sql, **given)
            if decision is not None:
                said = {**decision.detail, "messages": count}
                append_audit(tx, decision.actor, decision.action, subject, said, now)
            return count

        return self.writer.run(moment)

    # --- steps and orders

    def change(self, order: str, decide: Callable[[Book], T], now: datetime) -> T:
        return self.writer.run(lambda tx: books.change(tx, order, decide, now), of=order.partition(":")[0])

    def read(self, order: str) -> Book | None:
        tx = self.readers.tx()
        if tx.one("SELECT 1 FROM orders WHERE key = :key", key=order) is None:
            return None
        return books.load(tx, order, lock=False)[0]

    def held_for(self, connection: str, causes: Sequence[str], limit: int) -> list[str]:
        tx, found = self.readers.tx(), dict[str, None]()
        for cause in causes:
            sql = (
                "SELECT DISTINCT order_key FROM steps WHERE state = 'held' AND cause = :cause "
                "AND connection = :name LIMIT :n"
            )
            found |= dict.fromkeys(row["order_key"] for row in tx.all(sql, cause=cause, name=connection, n=limit))
        return list(found)[:limit]

    def place_evidence(self, observation: Observation) -> Sequence[str]:
        return self.writer.run(lambda tx: _place(tx, observation))

    def late_answers(self, order: str) -> Sequence[dict[str, Any]]:
        sql = "SELECT document FROM observations WHERE order_key = :key AND type = 'late_answer' ORDER BY id"
        return [rows.from_json(row["document"]) for row in self.readers.tx().all(sql, key=order)]

    # --- chores

    def plan_chore(self, kind: str, key: str, due_at: datetime, detail: Mapping[str, Any] | None = None) -> None:
        told = rows.to_json(dict(detail or {}))
        self.writer.run(lambda tx: books.plan_chore(tx, kind, key, due_at, told))

    def finish_chore(self, chore: Chore, again_at: datetime | None, detail: Mapping[str, Any] | None = None) -> None:
        sql = (
            "UPDATE chores SET due_at = :due, detail = :detail, tries = :tries "
            "WHERE kind = :kind AND key = :key AND token = :token"
        )
        values = {
            "due": rows.micros(again_at),
            "detail": rows.to_json(dict(chore.detail if detail is None else detail)),
            "tries": chore.tries if detail is None and again_at else 0,
            "kind": chore.kind,
            "key": chore.key,
            "token": chore.token,
        }
        self.writer.run(lambda tx: tx.run(sql, **values))

    def known_orders(self, connection: str, source_ids: Sequence[str]) -> set[str]:
        tx = self.readers.tx()
        sql = "SELECT 1 FROM orders WHERE connection = :connection AND source_id = :source_id "
        sql += "AND (document IS NOT NULL OR disposition = 'archived')"
        return {i for i in source_ids if tx.one(sql, connection=connection, source_id=i) is not None}

    def expire_leases(self, now: datetime) -> int:
        """At boot of an embedded hub, which alone owns the file: earlier boots' leases end now. Returns how many."""
        stamp = rows.micros(now)

        def moment(tx: Tx) -> int:
            tx.changed_beside()
            count = tx.run(
                "UPDATE steps SET due_at = :now, lease_until = :now "
                "WHERE due_at IS NOT NULL AND lease_until IS NOT NULL",
                now=stamp,
            )
            count += tx.run("UPDATE messages SET due_at = :now WHERE due_at > :now AND token > 0", now=stamp)
            tx.run("UPDATE chores SET due_at = :now WHERE due_at > :now AND tries > 0", now=stamp)
            return count

        return self.writer.run(moment)

    def next_due(self) -> datetime | None:
        row = self.readers.tx().one(
            "SELECT min(due_at) AS due FROM (SELECT min(due_at) AS due_at FROM steps WHERE due_at IS NOT NULL "
            "UNION ALL SELECT min(due_at) FROM messages WHERE due_at IS NOT NULL "
            "UNION ALL SELECT min(due_at) FROM chores WHERE due_at IS NOT NULL) AS dues"
        )
        return rows.moment(row["due"]) if row else None

    def close(self) -> None:
        self.ingest.close()
        self.writer.close()
        self.readers.close()


def _place(tx: Tx, observation: Observation) -> list[str]:
    keys: dict[str, None] = {}
    tx.alone(*(books.handle_name(observation.connection, handle) for handle in observation.handles))
    for handle in observation.handles:
        for row in tx.all(
            "SELECT order_key FROM handles WHERE connection = :connection AND handle = :handle",
            connection=observation.connection,
            handle=handle,
        ):
            keys[row["order_key"]] = None
    if not keys:
        identity = books.save_observation(tx, observation, None)
        tx.many(
            "INSERT INTO loose_handles (connection, handle, observation) VALUES (:connection, :handle, :observation) "
            "ON CONFLICT DO NOTHING",
            [{"connection": observation.connection, "handle": h, "observation": identity} for h in observation.handles],
        )
    return list(keys)
