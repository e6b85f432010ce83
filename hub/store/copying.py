"""Takes an embedded store over into a PostgreSQL database: every row as it is, in one transaction, and counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Table

from hub.model.contract import NotDurable
from hub.store.schema import metadata
from hub.store.upgrade import LEAST_FACT

_AT_ONCE = 1000  # rows
Progress = Callable[[str, int, int], None]  # table, rows copied so far, rows there are


class NotEmpty(Exception):
    """The database holds rows already: whose they are, nobody can tell. The message says what to do."""


def copy_to_postgres(path: Path, url: str, progress: Progress = lambda table, done, rows: None) -> dict[str, int]:
    """Copies the file at `path`, which nobody may be writing, into the migrated, empty database at `url`. Returns the
    number of rows by table. Raises NotEmpty; NotDurable where it may not have been kept, in which case the database is
    as it was.
    """
    copied: dict[str, int] = {}
    try:
        with (
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
            psycopg.connect(url) as target,  # one transaction: committed at the end
        ):
            for table in metadata.sorted_tables:
                _check_empty(target, table)
            for table in metadata.sorted_tables:
                copied[table.name] = _copy(source, target, table, progress)
    except psycopg.Error as error:
        raise NotDurable(f"the copy was broken off: {str(error).strip()}") from error
    return copied


def _check_empty(target: psycopg.Connection[Any], table: Table) -> None:
    # What the schema says of itself is no row of anybody's.
    own = sql.SQL("WHERE name <> {}").format(LEAST_FACT) if table.name == "install" else sql.SQL("")
    asked = sql.SQL("SELECT 1 FROM {} {} LIMIT 1").format(sql.Identifier(table.name), own)
    found = target.execute(asked).fetchone()
    if found is not None:
        raise NotEmpty(f"the database's table {table.name} is not empty; copy into a database of its own")


def _copy(source: sqlite3.Connection, target: psycopg.Connection[Any], table: Table, progress: Progress) -> int:
    names = [column.name for column in table.columns]
    (there,) = source.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    done, before = 0, _count(target, table)
    with target.cursor() as cursor, cursor.copy(into) as copy:
        for rows in _rows(source, table.name, names):
            for row in rows:
                copy.write_row(row)
            done += len(rows)
            progress(table.name, done, there)
    kept = _count(target, table) - before
    if not kept == done == there:
        raise NotDurable(f"{table.name}: {there} rows, {done} of them copied, {kept} kept")
    _count_on(target, table)
    return done


def _count(target: psycopg.Connection[Any], table: Table) -> int:
    found = target.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table.name))).fetchone()
    return int(found[0]) if found else 0


def _rows(source: sqlite3.Connection, table: str, names: list[str]) -> Iterator[list[tuple[Any, ...]]]:
    columns = ", ".join(f'"{name}"' for name in names)
    cursor = source.execute(f'SELECT {columns} FROM "{table}"')
    while rows := cursor.fetchmany(_AT_ONCE):
        yield rows


def _count_on(target: psycopg.Connection[Any], table: Table) -> None:
    """The next row gets a number that none of the copied ones has."""
    if table.autoincrement_column is None:
        return
    name = table.autoincrement_column.name
    statement = sql.SQL("SELECT setval(pg_get_serial_sequence(%s, %s), coalesce(max({}), 0) + 1, false) FROM {}")
    target.execute(statement.format(sql.Identifier(name), sql.Identifier(table.name)), (table.name, name))
