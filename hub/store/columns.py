"""What tables are made of. Times are integer microseconds since the epoch, UTC; documents are JSON text."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, UniqueConstraint, text

metadata = MetaData()

NOW = BigInteger  # microseconds since the epoch
ROW_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only by INTEGER


def table(name: str, *columns: Column[object] | UniqueConstraint) -> Table:
    return Table(name, metadata, *columns)


def partial(name: str, where: str, *columns: Column[Any]) -> None:
    """An index of only those rows for which `where` holds; SQLite uses it for conditions that say so word for word."""
    Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def claimed(table: Table) -> None:
    """What is due in it is found by time, and by lane."""
    partial(f"{table.name}_due", "due_at IS NOT NULL", table.c.due_at, table.c.lane)
    partial(f"{table.name}_lane", "due_at IS NOT NULL", table.c.lane, table.c.due_at)
