"""Writing back what a moment changed of an order: few statements, and only what is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, TypeVar

from hub.model.book import Book, reserved_until, state_of
from hub.store import rows
from hub.store.kept import Values
from hub.store.tx import Row, Tx

K = TypeVar("K")
N = TypeVar("N")

ORDER_COLUMNS = (
    "key",
    "connection",
    "source_id",
    "label",
    "state",
    "disposition",
    "why",
    "approved",
    "adopted",
    "version",
    "source_version",
    "facts",
    "document",
    "runs",
    "groups",
    "parcels",
    "total",
    "currency",
    "placed_at",
    "expires_at",
    "read_at",
    "stale_at",
    "fetch_at",
    "created_at",
    "changed_at",
)
_MOST = 16  # rows in one statement


def quoted(column: str) -> str:
    return '"groups"' if column == "groups" else column  # a keyword in SQLite's window functions


def insert_rows(table: str, columns: Sequence[str], count: int) -> str:
    """Of so many rows, by position."""
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(map(quoted, columns))}) VALUES {', '.join([row] * count)}"


@cache
def _upsert(table: str, columns: tuple[str, ...], keys: tuple[str, ...], count: int = 1) -> str:
    updates = ", ".join(f"{quoted(c)} = excluded.{quoted(c)}" for c in columns if c not in keys)
    return f"{insert_rows(table, columns, count)} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {updates}"


_SAVE_ORDER = _upsert("orders", ORDER_COLUMNS, ("key",)).replace("created_at = excluded.created_at, ", "")
_VERSION = (
    "INSERT INTO order_versions (order_key, version, document, message, stored_at) "
    "VALUES (:order_key, :version, :document, :message, :stored_at) ON CONFLICT DO NOTHING"
)


@lru_cache(maxsize=256)
def _save_order_changes(columns: tuple[str, ...]) -> str:
    return f"UPDATE orders SET {', '.join(f'{quoted(column)} = ?' for column in columns)} WHERE key = ?"


def save_order(tx: Tx, book: Book, old: Row | None, now: datetime) -> Row:
    """Returns the row as it is now."""
    row = _order_row(book, old, now)
    if old is None:
        tx.put(_SAVE_ORDER, [row[column] for column in ORDER_COLUMNS])
    else:
        changed = tuple(column for column, value in row.items() if value != old[column])
        if changed in ((), ("changed_at",)) and not (book.notes or book.attempts):
            return old
        if changed:
            tx.put(_save_order_changes(changed), (*map(row.__getitem__, changed), book.key))
    if row["document"] is not None and (old is None or row["version"] != old["version"]):
        tx.run(
            _VERSION,
            order_key=book.key,
            version=book.version,
            document=row["document"],
            message=None,
            stored_at=row["changed_at"],
        )
    return row


def _order_row(book: Book, old: Row | None, now: datetime) -> dict[str, Any]:
    order, stamp = book.order, rows.micros(now)
    same = old is not None and book.version == old["version"]
    return {
        "key": book.key,
        "connection": book.connection,
        "source_id": book.source_id,
        "label": order.label if order else None,
        "state": state_of(book),
        "disposition": book.disposition,
        "why": book.why,
        "approved": int(book.approved),
        "adopted": int(book.adopted),
        "version": book.version,
        "source_version": book.source_version,
        "facts": old["facts"] if same and old else rows.to_json(book.facts),
        "document": old["document"]
        if same and old
        else (order.model_dump_json(exclude_defaults=True) if order else None),
        "runs": rows.to_json(list(book.runs.values())),
        "groups": rows.to_json(list(book.groups.values())),
        "parcels": rows.to_json(list(book.parcels.values())),
        "total": order.total("total") if order else None,
        "currency": order.currency if order else None,
        "placed_at": rows.micros(order.placed_at) if order else None,
        "expires_at": rows.micros(reserved_until(book)),
        "read_at": rows.micros(book.read_at),
        "stale_at": rows.micros(book.stale_at),
        "fetch_at": rows.micros(book.fetch_at),
        "created_at": old["created_at"] if old else stamp,
        "changed_at": stamp,
    }


def save_steps(tx: Tx, book: Book, before: dict[str, Values]) -> None:
    _save(tx, book.key, book.steps, before, rows.step_row, "steps", rows.STEP_COLUMNS, ("order_key", "id"))


def save_effects(tx: Tx, book: Book, before: dict[tuple[str, str, int], Values]) -> None:
    keys = ("order_key", "capability", "subject", "generation")
    _save(tx, book.key, book.effects, before, rows.effect_row, "effects", rows.EFFECT_COLUMNS, keys)


def _save(
    tx: Tx,
    order: str,
    nouns: Mapping[K, N],
    before: dict[K, Values],
    row_of: Callable[[str, N], tuple[Any, ...]],
    table: str,
    columns: tuple[str, ...],
    keys: tuple[str, ...],
) -> None:
    """Those that are not as they were before; some with each statement."""
    changed = [(identity, noun) for identity, noun in nouns.items() if before.get(identity) != vars(noun)]
    for at in range(0, len(changed), _MOST):
        some = changed[at : at + _MOST]
        values = [value for _, noun in some for value in row_of(order, noun)]
        tx.put(_upsert(table, columns, keys, len(some)), values)
    before.update((identity, dict(vars(noun))) for identity, noun in changed)
