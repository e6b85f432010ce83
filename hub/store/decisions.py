"""What stands beside the orders: connections' standing, declarations by hash, and the chain of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.model.book import Standing
from hub.model.contract import Decision
from hub.model.effect import digest_of
from hub.store import books, rows
from hub.store.record import append_audit
from hub.store.tx import Readers, Tx, Writer


class Decisions:
    """A part of `hub.store.moments.SqlStore`."""

    writer: Writer
    readers: Readers

    def standing(self, connection: str) -> Standing:
        return books.standing_of(self.readers.tx(), connection)

    def set_standing(self, connection: str, now: datetime, decision: Decision | None = None, **values: Any) -> None:
        """Sets `act_from`, `paused`, `why` of a connection; what is not named stays. `decision`: whose it was."""

        def moment(tx: Tx) -> None:
            tx.run(
                "INSERT INTO connections (name, changed_at) VALUES (:name, :now) ON CONFLICT DO NOTHING",
                name=connection,
                now=rows.micros(now),
            )
            for column in ("act_from", "paused", "why"):
                if column in values:
                    value: Any = rows.micros(values[column]) if column == "act_from" else values[column]
                    value = int(value) if column == "paused" else value
                    tx.run(f"UPDATE connections SET {column} = :value WHERE name = :name", value=value, name=connection)
            tx.changed_beside()
            if decision is not None:
                append_audit(tx, decision.actor, decision.action, connection, decision.detail, now)

        self.writer.run(moment)

    def store_declaration(self, kind: str, name: str, content: str, now: datetime) -> str:
        """Stored whole, by hash: what a flow used can always be shown. Returns the hash."""
        digest = digest_of(content.encode())
        sql = books.insert("declarations", ["hash", "kind", "name", "content", "stored_at"]) + " ON CONFLICT DO NOTHING"
        values = {"hash": digest, "kind": kind, "name": name, "content": content, "stored_at": rows.micros(now)}
        self.writer.run(lambda tx: tx.run(sql, **values))
        return digest

    def declaration(self, digest: str) -> str | None:
        row = self.readers.tx().one("SELECT content FROM declarations WHERE hash = :hash", hash=digest)
        return row["content"] if row else None

    def audit(self, actor: str, action: str, subject: str, detail: Mapping[str, Any], now: datetime) -> None:
        """Appends to the hash chain: every decision about money or an order has an actor."""
        self.writer.run(lambda tx: append_audit(tx, actor, action, subject, detail, now))
