"""Migrations of either store. Alembic is imported only when there is something to migrate."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from hub.model.contract import NotDurable

HEAD = "0003"
# The oldest version that can go on over this one's schema, while a rolling upgrade replaces its processes: migrations
# only add to what it uses.
LEAST = "0001"
LEAST_FACT = "least"
APPLICATION = "crossdock"  # what connections of ours are named at the server
MIGRATIONS = Path(__file__).parent / "migrations"


class Newer(Exception):
    """The file was written by a newer Crossdock: install that version, or restore the backup made before it."""


def revision(path: Path) -> str | None:
    """The schema revision of a store file; None for a new or empty one."""
    if not path.exists():
        return None
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    finally:
        connection.close()
    return str(row[0]) if row else None


def upgrade(path: Path) -> tuple[str | None, str]:
    """Brings a store file to this version's schema: (revision before, revision now). Raises Newer."""
    before = revision(path)
    if before == HEAD:
        return before, HEAD
    if before is not None and before > HEAD:
        raise Newer(f"{path.name} is at revision {before}, this version knows {HEAD}")
    _migrate(f"sqlite:///{path}")
    return before, HEAD


def revision_postgres(url: str) -> str | None:
    """The schema revision of a database; None for a new or empty one. Raises NotDurable where it cannot be reached."""
    return _known(url)[0]


def _known(url: str) -> tuple[str | None, str]:
    """Its revision, and the oldest version that can go on over it."""
    with _reached(url) as connection:
        there = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there and there[0] else None
        if row is None:
            return None, LEAST
        least = connection.execute("SELECT value FROM install WHERE name = %s", (LEAST_FACT,)).fetchone()
    return str(row[0]), str(least[0]) if least else str(row[0])


@contextmanager
def _reached(url: str) -> Iterator[Any]:
    import psycopg  # noqa: PLC0415 - the driver is installed only where it is used

    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            yield connection
    except psycopg.Error as error:
        raise NotDurable(f"the database cannot be reached: {str(error).strip()}") from error


def upgrade_postgres(url: str) -> tuple[str | None, str]:
    """Brings a database to this version's schema: (revision before, revision now). Raises Newer, NotDurable.

    While processes of the version before go on: what a migration takes away, the version before it no longer uses.
    """
    before, least = _known(url)
    if before == HEAD:
        return before, HEAD
    if before is not None and before > HEAD:
        if least <= HEAD:  # a rolling upgrade is under way, and this process is one of the version before
            return before, before
        raise Newer(f"the database is at revision {before}, this version knows {HEAD}")
    _migrate(url)
    with _reached(url) as connection:
        connection.execute(
            "INSERT INTO install (name, value) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (LEAST_FACT, LEAST),
        )
    return before, HEAD


def others_on(url: str) -> int:
    """How many connections of Crossdock processes the database has. Raises NotDurable where it cannot be reached."""
    with _reached(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s",
            (APPLICATION,),
        ).fetchone()
    return int(row[0])


def _migrate(url: str) -> None:
    from alembic import command  # noqa: PLC0415 - half a second that only a migration needs

    command.upgrade(config_of(url), "head")


def config_of(url: str) -> Any:
    """Alembic's, for its own commands over a database: sqlite:///PATH or postgresql://..."""
    from alembic.config import Config  # noqa: PLC0415 - half a second that only a migration needs

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return config


def backup(path: Path, directory: Path, now: datetime) -> Path:
    """A consistent copy of a store that may be in use. Returns where it lies."""
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{path.stem}-{now:%Y%m%dT%H%M%SZ}.db"
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    copy = sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    target.chmod(0o600)
    return target
