"""What books that are a backup must be told before a hub goes on from them. For a store that nobody works on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from hub.model.book import Book
from hub.model.flow import TERMINAL
from hub.store import books, rows
from hub.store.moments import SqlStore
from hub.store.tx import Tx

_AT_ONCE = 100  # orders in one transaction
_OVER = ", ".join(f"'{state.value}'" for state in sorted(TERMINAL))
_OPEN = f"SELECT DISTINCT order_key FROM steps WHERE state NOT IN ({_OVER}) ORDER BY order_key"
_NEWEST = (
    "SELECT max(at) AS at FROM (SELECT max(received_at) AS at FROM messages "
    "UNION ALL SELECT max(changed_at) FROM orders UNION ALL SELECT max(ended_at) FROM attempts "
    "UNION ALL SELECT max(at) FROM audit) AS kept"
)
# Whoever was read while these books were kept is read again before anything irreversible.
_DISTRUST = "UPDATE orders SET read_at = NULL, stale_at = :now WHERE read_at IS NOT NULL"
_ASKED = (
    "SELECT count(*) AS n FROM steps WHERE state NOT IN ({over}) AND capability IS NOT NULL AND spec LIKE '%\"ask\":%'"
)

Recall = Callable[[Book], None]
Progress = Callable[[str, int, int], None]  # what, done so far, of how many


def newest(store: SqlStore) -> datetime | None:
    """When the last thing happened that the books know of; None for empty ones."""
    row = store.readers.tx().one(_NEWEST)
    return rows.moment(row["at"]) if row else None


def recall(store: SqlStore, each: Recall, since: datetime, now: datetime, progress: Progress) -> tuple[int, int]:
    """Every unfinished order's book through `each`; sweeps reach back to before `since`. May be interrupted and given
    again. Returns (orders, steps to be asked about).
    """
    keys = [row["order_key"] for row in store.readers.tx().all(_OPEN)]
    for first in range(0, len(keys), _AT_ONCE):
        _some(store, keys[first : first + _AT_ONCE], each, now)
        progress("orders", min(first + _AT_ONCE, len(keys)), len(keys))
    store.writer.run(lambda tx: _others(tx, since, now))
    row = store.readers.tx().one(_ASKED.format(over=_OVER))
    return len(keys), int(row["n"]) if row else 0


def _some(store: SqlStore, keys: list[str], each: Recall, now: datetime) -> None:
    def moment(tx: Tx) -> None:
        for key in keys:
            books.change(tx, key, each, now)

    store.writer.run(moment)


def _others(tx: Tx, since: datetime, now: datetime) -> None:
    tx.changed_beside()
    tx.run(_DISTRUST, now=rows.micros(now))
    for row in tx.all("SELECT key, detail FROM chores WHERE kind = 'sweep'"):
        known = rows.from_json(row["detail"]).get("since")
        began = min(since - timedelta(hours=1), datetime.fromisoformat(known) if known else since)
        tx.run(
            "UPDATE chores SET due_at = :now, detail = :detail WHERE kind = 'sweep' AND key = :key",
            now=rows.micros(now),
            detail=rows.to_json({"since": began.isoformat()}),
            key=row["key"],
        )
