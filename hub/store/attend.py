"""A person has judged a conflict: it is kept, and no longer asks for attention."""

from __future__ import annotations

from datetime import datetime

from hub.store import rows
from hub.store.record import append_audit
from hub.store.tx import Tx, Writer


def attend(writer: Writer, message: int, actor: str, why: str, now: datetime) -> int:
    """Marks the other bodies of a message's delivery id as seen, on record. Returns how many."""

    def moment(tx: Tx) -> int:
        sql = "UPDATE conflicts SET seen_at = :now WHERE message = :message AND seen_at IS NULL"
        count = tx.run(sql, now=rows.micros(now), message=message)
        if count:
            append_audit(tx, actor, "conflict seen", str(message), {"why": why}, now)
        return count

    return writer.run(moment)
