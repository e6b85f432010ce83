"""Fills a hub's database with orders, by copying one that the hub itself has finished.

Every row of it is copied in every table, with the order's number replaced; keys and references that are hashes become
random ones, so that the indexes are as wide and as scattered as real ones. `slim` leaves out the long texts (payloads,
documents, transcripts): a million whole orders would be tens of gigabytes, and none of them is read again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import BigInteger, Integer, LargeBinary, Table

from benchmarks.order import FIRST_ORDER
from hub.store.schema import metadata

FIRST_COPY = FIRST_ORDER + 100_000
_FINISHED = ("messages", "orders", "order_versions", "steps", "effects", "attempts", "handles", "notes", "touches")
_DUE = ("messages", "orders", "order_versions", "steps", "notes", "touches")  # nothing was intended yet
_SCATTERED = {("effects", "key"), ("effects", "reference"), ("handles", "handle")}
_NUMBERED_BY_ITSELF = {("attempts", "id"), ("notes", "id")}
_MESSAGE = {("messages", "id"), ("order_versions", "message"), ("touches", "message")}
_LONG = {"body", "headers", "facts", "document", "groups", "runs", "transcript", "content"}
_LISTS = {"headers", "groups", "runs"}


@dataclass(frozen=True)
class Dialect:
    """What the two databases say differently. `numbers` yields i from :first to :last."""

    numbers: str
    random: str
    digits: str
    empty: str
    now: str


_SQLITE = Dialect(
    "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) ",
    "lower(hex(randomblob(20)))",
    "CAST(i AS TEXT)",
    "x''",
    "CAST(strftime('%s', 'now') AS INTEGER) * 1000000",
)
_POSTGRES = Dialect(
    "WITH n(i) AS (SELECT generate_series({first}::bigint, {last}::bigint)) ",
    "md5(random()::text) || md5(random()::text)",
    "i::text",
    "''::bytea",
    "(extract(epoch FROM now()) * 1000000)::bigint",
)


def statements(dialect: Dialect, first: int, count: int, *, slim: bool, due: bool) -> list[str]:
    """What copies the first order `count` times, as numbers from `first` on. `due`: nothing is done of them."""
    numbers = dialect.numbers.format(first=first, last=first + count - 1)
    return [
        _copy(metadata.tables[name], dialect, numbers, slim=slim and not due, due=due)
        for name in (_DUE if due else _FINISHED)
    ]


def _copy(table: Table, dialect: Dialect, numbers: str, *, slim: bool, due: bool) -> str:
    named, made = [], []
    for column in table.columns:
        if (table.name, column.name) in _NUMBERED_BY_ITSELF:
            continue
        named.append(f'"{column.name}"')
        made.append(_value(table, column.name, dialect, slim=slim, due=due))
    into = f"INSERT INTO {table.name} ({', '.join(named)}) "
    chosen = f"SELECT {', '.join(made)} FROM n, {table.name} t WHERE {_owner(table)}"  # noqa: S608 - names of our own
    return numbers + into + chosen if dialect is _POSTGRES else into + numbers + chosen


def _owner(table: Table) -> str:
    """Which rows are the first order's."""
    key = f"'shop:{FIRST_ORDER}'"
    if table.name == "messages":
        return f"t.id = (SELECT min(message) FROM touches WHERE order_key = {key})"  # noqa: S608 - our own name
    return f"t.{'key' if table.name == 'orders' else 'order_key'} = {key}"


def _value(table: Table, name: str, dialect: Dialect, *, slim: bool, due: bool) -> str:
    """What a copy has in this column."""
    if (table.name, name) in _SCATTERED:
        return dialect.random
    if (table.name, name) in _MESSAGE:
        return f't."{name}" + i'
    if due and (changed := _undone(table.name, name, dialect)) is not None:
        return changed
    column = table.columns[name]
    if isinstance(column.type, BigInteger | Integer):
        return f't."{name}"'
    if slim and name in _LONG:
        if isinstance(column.type, LargeBinary):
            return dialect.empty
        return "'[]'" if name in _LISTS else "'{}'"
    if isinstance(column.type, LargeBinary):
        return f't."{name}"'
    return f"""replace(t."{name}", '{FIRST_ORDER}', {dialect.digits})"""


def _undone(table: str, name: str, dialect: Dialect) -> str | None:
    """A finished order's column as it was when its first step had just become due."""
    if table == "orders":
        return {"state": "'running'"}.get(name)
    if table != "steps":
        return None
    first = "t.name = 'charge'"
    return {
        "state": f"CASE WHEN {first} THEN 'ready' ELSE 'blocked' END",
        "due_at": f"CASE WHEN {first} THEN {dialect.now} END",
        "result": "'{}'", "tries": "0", "token": "0", "first_sent": "NULL", "last_sent": "NULL", "began_at": "NULL",
        "ended_at": "NULL", "generation": "1", "unresolved": "0",
    }.get(name)  # fmt: skip


def fill_sqlite(file: Path, count: int, *, slim: bool, due: bool, first: int) -> None:
    """Fills the file of a hub that does not run."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = OFF", "cache_size = -400000"):
            connection.execute(f"PRAGMA {pragma}")
        _in_parts(lambda part: _run(connection.execute, part), _SQLITE, first, count, slim=slim, due=due)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def fill_postgres(url: str, count: int, *, slim: bool, due: bool, first: int) -> None:
    """Fills a database; then it is looked through as autovacuum would do it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        _in_parts(lambda part: _run(connection.execute, part), _POSTGRES, first, count, slim=slim, due=due)
        connection.execute("SELECT setval(pg_get_serial_sequence('messages', 'id'), (SELECT max(id) FROM messages))")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _in_parts(
    run: Callable[[Sequence[str]], None], dialect: Dialect, first: int, count: int, *, slim: bool, due: bool
) -> None:
    """A transaction for every so many orders, so that no log grows without an end."""
    part = 20_000
    for start in range(0, count, part):
        run(statements(dialect, first + start, min(part, count - start), slim=slim, due=due))


def _run(execute: Callable[..., object], part: Sequence[str]) -> None:
    execute("BEGIN")
    for statement in part:
        execute(statement)
    execute("COMMIT")
