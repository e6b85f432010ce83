"""Makes an old installation of a young one: orders that were really carried to their end are there many times over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Table

from hub.store.schema import metadata

MARK = "~"  # stands in the key of every order that nobody placed
# What names an order, or what must be unique beside it: it gets the copy's number behind it.
_NAMES = {
    "orders": ("key", "source_id"),
    "order_versions": ("order_key",),
    "steps": ("order_key",),
    "effects": ("order_key", "key", "reference"),
    "attempts": ("order_key",),
    "handles": ("order_key", "handle"),
    "observations": ("order_key",),
    "notes": ("order_key",),
}
# Nothing of them moves any more, be it a parcel that is on its way.
OVER = (
    "SELECT key FROM orders WHERE state IN ('completed', 'cancelled') AND NOT EXISTS (SELECT 1 FROM steps "
    "WHERE order_key = orders.key AND state NOT IN ('done', 'skipped', 'cancelled')) ORDER BY key"
)


def multiply(database: Path, orders: int) -> int:
    """Copies the ended orders of a file that no hub works on, until there are so many in all. Returns how many came."""
    with closing(sqlite3.connect(database)) as books:
        there = int(books.execute("SELECT count(*) FROM orders").fetchone()[0])
        ended = [key for (key,) in books.execute(OVER)]
        assert ended, "no order has come to its end"
        books.execute("CREATE TEMP TABLE chosen (key TEXT PRIMARY KEY)")
        for number, some in _rounds(ended, orders - there):
            books.execute("DELETE FROM chosen")
            books.executemany("INSERT INTO chosen VALUES (?)", [(key,) for key in some])
            for table in metadata.sorted_tables:
                if table.name in _NAMES:
                    books.execute(_copying(table, number))
        books.commit()
        return int(books.execute("SELECT count(*) FROM orders").fetchone()[0]) - there


def _rounds(keys: list[str], wanted: int) -> Iterator[tuple[int, list[str]]]:
    for number, first in enumerate(range(0, max(wanted, 0), len(keys))):
        yield number, keys[: min(len(keys), wanted - first)]


def _copying(table: Table, number: int) -> str:
    names = _NAMES[table.name]
    columns = [c.name for c in table.columns if c is not table.autoincrement_column]
    into = ", ".join(f'"{column}"' for column in columns)
    found = ", ".join(f"\"{c}\" || '{MARK}{number}'" if c in names else f'"{c}"' for c in columns)
    return f'INSERT INTO "{table.name}" ({into}) SELECT {found} FROM "{table.name}" WHERE {names[0]} IN chosen'
