"""The migrations lead to exactly the tables that the code speaks of."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from hub.store import upgrade
from hub.store.sqlite import connect
from hub.store.tables import create_tables


def shape(connection: sqlite3.Connection) -> dict[str, Any]:
    """Columns of every table, and of every index its columns, in order, and its condition."""
    tables = [
        row[0]
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    ]
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    return {
        **{
            table: sorted(tuple(column)[1:] for column in connection.execute(f"PRAGMA table_info({table})"))
            for table in tables
        },
        **{row[0]: _plain(row[1]) for row in indexes},
    }


def _plain(sql: str) -> str:
    return "".join(sql.replace('"', "").split()).lower()


@pytest.fixture
def migrated(tmp_path: Path) -> dict[str, Any]:
    upgrade.upgrade(tmp_path / "migrated.db")
    connection = sqlite3.connect(tmp_path / "migrated.db")
    found = shape(connection)
    connection.close()
    return {name: columns for name, columns in found.items() if name != "alembic_version"}


@pytest.fixture
def declared(tmp_path: Path) -> dict[str, Any]:
    connection = connect(tmp_path / "declared.db", synchronous="OFF")
    create_tables(connection)
    found = shape(connection)
    connection.close()
    return found


def test_the_migrations_make_what_is_declared(migrated: dict[str, Any], declared: dict[str, Any]) -> None:
    assert migrated == declared


def test_the_reader_sees_a_difference(tmp_path: Path, declared: dict[str, Any]) -> None:
    connection = connect(tmp_path / "other.db", synchronous="OFF")
    create_tables(connection)
    connection.execute("DROP INDEX steps_attention")
    connection.execute("ALTER TABLE orders ADD COLUMN extra TEXT")
    assert shape(connection).keys() != declared.keys()
    assert shape(connection)["orders"] != declared["orders"]
    connection.close()
