"""What is over and old enough leaves the books: whole, to whoever files it; a stone with its names stays.

The stone is what exactly once needs: a message's delivery id and digest, so that a repeat is known; an order's row, so
that nothing of it is ever begun again; its effects' keys and references, and its handles. Nothing that is unfinished is
ever touched.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.model.book import ARCHIVED
from hub.model.flow import TERMINAL
from hub.store import rows
from hub.store.moments import SqlStore
from hub.store.tx import Row, Tx

_OVER = ", ".join(f"'{state.value}'" for state in sorted(TERMINAL))
_ENDED_STATES = ("completed", "cancelled", "history", "ignored")
_ORDERS = f"""
SELECT key FROM orders WHERE state = :state AND changed_at < :cutoff AND fetch_at IS NULL
AND NOT EXISTS (SELECT 1 FROM steps WHERE order_key = orders.key AND state NOT IN ({_OVER}))
AND NOT EXISTS (SELECT 1 FROM touches t JOIN messages m ON m.id = t.message
  WHERE t.order_key = orders.key AND m.state NOT IN ('translated', 'ignored'))
ORDER BY changed_at LIMIT :limit
"""
_MESSAGES = f"""
SELECT * FROM messages WHERE id > :after AND received_at < :cutoff AND state IN ('translated', 'ignored')
AND length(body) > 0 AND NOT EXISTS (SELECT 1 FROM touches t JOIN steps s ON s.order_key = t.order_key
  WHERE t.message = messages.id AND s.state NOT IN ({_OVER}))
AND NOT EXISTS (SELECT 1 FROM conflicts c WHERE c.message = messages.id AND c.seen_at IS NULL)
ORDER BY id LIMIT :limit
"""
# Beside the order's own row; what stays of them, if anything, is in _STONE.
_OF_ORDER = {
    "order_versions": "order_key", "steps": "order_key", "effects": "order_key", "attempts": "order_key",
    "observations": "order_key", "notes": "order_key", "handles": "order_key", "touches": "order_key",
}  # fmt: skip
_LEAVES = ("order_versions", "steps", "attempts", "observations", "notes")
_STONE = (
    "UPDATE orders SET disposition = :archived, state = :archived, why = :archived, facts = '{}', document = NULL, "
    "runs = '[]', \"groups\" = '[]', parcels = '[]', expires_at = NULL, read_at = NULL, stale_at = NULL "
    "WHERE key = :key AND changed_at = :changed AND disposition <> :archived"
)
_BARE = "UPDATE effects SET body = :none, content = '{}' WHERE order_key = :key"
_EMPTY = (
    "UPDATE messages SET body = :none, headers = '[]' "
    "WHERE id = :id AND body_digest = :digest AND state IN ('translated', 'ignored')"
)

_MANY = 1_000_000
Document = dict[str, Any]


@dataclass(frozen=True)
class Old:
    """What may leave: each with the document that is to be filed."""

    orders: tuple[Document, ...] = ()
    messages: tuple[Document, ...] = ()


def old_orders(store: SqlStore, before: datetime, limit: int) -> list[Document]:
    """Orders that are over, and changed last before then: all that the books hold of each."""
    tx, found = store.readers.tx(), list[Document]()
    for state in _ENDED_STATES:
        left = limit - len(found)
        keys = tx.all(_ORDERS, state=state, cutoff=rows.micros(before), limit=left) if left else []
        found += [_order(tx, row["key"]) for row in keys]
    return found


def old_messages(store: SqlStore, before: datetime, after: int, limit: int) -> list[Document]:
    """Messages that were received before then, with numbers above `after`, and tell of nothing unfinished."""
    found = store.readers.tx().all(_MESSAGES, after=after, cutoff=rows.micros(before), limit=limit)
    return [_plain(row) for row in found]


def count_old(store: SqlStore, orders: datetime | None, messages: datetime | None) -> tuple[int, int]:
    """How many orders and messages may leave; None: none of these ever may."""
    tx, found = store.readers.tx(), 0
    for state in _ENDED_STATES if orders else ():
        found += len(tx.tuples(_ORDERS, state=state, cutoff=rows.micros(orders), limit=_MANY))
    if not messages:
        return found, 0
    sql = _MESSAGES.replace("SELECT *", "SELECT id", 1)
    return found, len(tx.tuples(sql, after=0, cutoff=rows.micros(messages), limit=_MANY))


def leave_stones(store: SqlStore, old: Old) -> tuple[int, int]:
    """What was filed leaves the books, unless it changed meanwhile: (orders, messages)."""

    def moment(tx: Tx) -> tuple[int, int]:
        return sum(_bury(tx, one) for one in old.orders), sum(_empty(tx, one) for one in old.messages)

    return store.writer.run(moment)


def _bury(tx: Tx, order: Document) -> int:
    row = order["orders"][0]
    if not tx.run(_STONE, archived=ARCHIVED, key=row["key"], changed=row["changed_at"]):
        return 0
    tx.changed_beside(row["key"])
    for table in _LEAVES:
        tx.run(f"DELETE FROM {table} WHERE order_key = :key", key=row["key"])
    tx.run(_BARE, none=b"", key=row["key"])
    return 1


def _empty(tx: Tx, message: Document) -> int:
    return tx.run(_EMPTY, none=b"", id=message["id"], digest=message["body_digest"])


def _order(tx: Tx, key: str) -> Document:
    found = {"orders": [_plain(row) for row in tx.all("SELECT * FROM orders WHERE key = :key", key=key)]}
    for table, column in _OF_ORDER.items():
        found[table] = [_plain(row) for row in tx.all(f"SELECT * FROM {table} WHERE {column} = :key", key=key)]
    return found


def _plain(row: Row | Mapping[str, Any]) -> Document:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    return {"base64": b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value
