"""Writing back what a moment changed of an order: few statements, and only what is new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from hub.model.book import Book, reserved_until, state_of
from hub.store import rows
from hub.store.kept import Values
from hub.store.tx import Row, Tx

ORDER_COLUMNS = [
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
]
_MOST = 16  # rows in one statement


def quoted(column: str) -> str:
    return '"groups"' if column == "groups" else column  # a keyword in SQLite's window functions


def _upsert(table: str, columns: Sequence[str], keys: Sequence[str], count: int = 1) -> str:
    """Of `count` rows, by position."""
    names = ", ".join(quoted(column) for column in columns)
    row = f"({', '.join('?' * len(columns))})"
    updates = ", ".join(f"{quoted(c)} = excluded.{quoted(c)}" for c in columns if c not in keys)
    return (
        f"INSERT INTO {table} ({names}) VALUES {', '.join([row] * count)} "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {updates}"
    )


_SAVE_ORDER = _upsert("orders", ORDER_COLUMNS, ("key",)).replace("created_at = excluded.created_at, ", "")
_VERSION = (
    "INSERT INTO order_versions (order_key, version, document, message, stored_at) "
    "VALUES (:order_key, :version, :document, :message, :stored_at) ON CONFLICT DO NOTHING"
)


@lru_cache(maxsize=256)
def _save_order_changes(columns: tuple[str, ...]) -> str:
    return f"UPDATE orders SET {', '.join(f'{quoted(column)} = ?' for column in columns)} WHERE key = ?"


@cache
def _save_steps_of(count: int) -> str:
    return _upsert("steps", rows.STEP_COLUMNS, ("order_key", "id"), count)


@cache
def _save_effects_of(count: int) -> str:
    return _upsert("effects", rows.EFFECT_COLUMNS, ("order_key", "capability", "subject", "generation"), count)


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
    values: list[Any] = []
    for step in book.steps.values():
        if before.get(step.id) != vars(step):
            values += rows.step_row(book.key, step)
            before[step.id] = dict(vars(step))
    _put(tx, _save_steps_of, values, len(rows.STEP_COLUMNS))


def save_effects(tx: Tx, book: Book, before: dict[tuple[str, str, int], Values]) -> None:
    values: list[Any] = []
    for identity, effect in book.effects.items():
        if before.get(identity) != vars(effect):
            values += rows.effect_row(book.key, effect)
            before[identity] = dict(vars(effect))
    _put(tx, _save_effects_of, values, len(rows.EFFECT_COLUMNS))


def _put(tx: Tx, statement: Callable[[int], str], values: list[Any], columns: int) -> None:
    """Rows of so many columns, some with each statement."""
    for at in range(0, len(values), _MOST * columns):
        some = values[at : at + _MOST * columns]
        tx.put(statement(len(some) // columns), some)
