"""Runs migrations in one transaction over the URL it is given."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine

from hub.store.schema import metadata


def run() -> None:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "sqlite://")
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
