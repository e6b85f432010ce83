"""Opening a store: the embedded one's file and its lock for life, or a PostgreSQL database."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from hub.store.group import First
from hub.store.moments import SqlStore
from hub.store.sqlite import GroupWriter, InlineWriter, Readers, connect


class Occupied(Exception):
    """Another hub process owns this store; stop it first."""


def hold_lock(path: Path) -> IO[str]:
    """The embedded hub's lock on its store, held until the returned file is closed (or the process dies)."""
    handle = open(path.with_suffix(".lock"), "a+")  # noqa: SIM115 - held for life
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise Occupied(f"another hub runs on {path.name}") from error
    handle.seek(0)
    handle.truncate()
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def open_postgres(url: str, *, connections: int = 10, threaded: bool = True) -> SqlStore:
    """A store over a migrated database. `threaded`: deliveries are committed in groups. Raises NotDurable."""
    from hub.store import postgres  # noqa: PLC0415 - the driver is installed only where it is used

    pool = postgres.pool_of(url, connections)
    ingest = postgres.group_writer(pool) if threaded else None
    return SqlStore(postgres.PostgresWriter(pool), postgres.PostgresReaders(pool), ingest=ingest)


def open_sqlite(path: Path, *, threaded: bool = True, synchronous: str = "FULL") -> SqlStore:
    """A store over an existing, migrated file. `threaded`: group commit for a hub; without: for one command."""
    connection = connect(path, synchronous=synchronous)
    if not threaded:
        return SqlStore(InlineWriter(connection), Readers(path))
    writer = GroupWriter(connection)
    return SqlStore(writer, Readers(path), ingest=First(writer))
