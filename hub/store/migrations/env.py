"""Runs migrations in one transaction over the URL it is given."""

from __future__ import annotations

import sqlite3
from typing import Any

from alembic import context
from sqlalchemy import Connection, Engine, create_engine, event

from hub.store.schema import metadata

_MIGRATING = 7_236_118_405  # any number that nothing else locks


def run() -> None:
    engine = create_engine(context.config.attributes["url"])
    if engine.dialect.name == "sqlite":
        _whole(engine)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=True,
            compare_type=True,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            if engine.dialect.name == "postgresql":  # of two processes that start at once, one migrates
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
            context.run_migrations()
    engine.dispose()


def _whole(engine: Engine) -> None:
    """Python's driver begins no transaction for a CREATE TABLE by itself, and alembic thinks that SQLite has none: each
    statement would be committed alone, and a process that ended in between would leave a file that nobody can migrate.
    """

    @event.listens_for(engine, "connect")
    def leave_transactions_to_us(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


run()
