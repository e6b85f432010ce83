"""The newest schema at once, for stores that live no longer than a test. A hub's own file is migrated."""

from __future__ import annotations

import sqlite3

from sqlalchemy import create_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from hub.store.schema import metadata


def create_tables(connection: sqlite3.Connection) -> None:
    """Makes every table and index."""
    engine = create_engine("sqlite://")
    for table in metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(engine)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(str(CreateIndex(index).compile(engine)))
