"""Opening the embedded store: the file, its lock for life, its schema."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

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


def open_sqlite(path: Path, *, threaded: bool = True, synchronous: str = "FULL") -> SqlStore:
    """A store over an existing, migrated file. `threaded`: group commit for a hub; without: for one command."""
    connection = connect(path, synchronous=synchronous)
    writer = GroupWriter(connection) if threaded else InlineWriter(connection)
    return SqlStore(writer, Readers(path))
