"""SQLite on disk: one writer thread with group commit, readers beside it.

Every moment of every thread goes through the one writer. It takes what has queued up, runs one after the other in one
transaction, commits once, and only then answers the callers: the answer means fsynced.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from hub.model.contract import NotDurable
from hub.store import group
from hub.store.kept import Kept
from hub.store.tx import AtOnce, SqliteTx, Tx

T = TypeVar("T")

_BUSY_SECONDS = 10.0  # another process (a command beside a running hub) may hold the lock this long


def connect(path: Path, *, synchronous: str = "FULL") -> sqlite3.Connection:
    """A connection in WAL mode with manual transactions. Raises NotDurable when the file cannot be opened."""
    try:
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA wal_autocheckpoint=2000")
        connection.execute("PRAGMA cache_size=-16384")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # makes the log's file, for the sync below
    except sqlite3.Error as error:
        raise NotDurable(f"{path}: {error}") from error
    sync(path.parent)  # the switch to WAL creates files
    return connection


def sync(path: Path) -> None:
    """A file's contents are durable only once it is synced, and a file's name only once its folder is."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _transaction(connection: sqlite3.Connection, kept: Kept) -> Iterator[SqliteTx]:
    """Committed at the end; rolled back, and NotDurable where the disk is to blame, when something is raised."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        kept.seen(connection.execute("PRAGMA data_version").fetchone()[0])
    except sqlite3.Error as error:
        raise NotDurable(str(error)) from error
    try:
        yield SqliteTx(connection, kept)
        connection.execute("COMMIT")
    except BaseException as error:
        kept.forget()
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError):  # no space, I/O error
            raise NotDurable(str(error)) from error
        raise


class InlineWriter(AtOnce):
    """The same transactions without a thread: for commands and for the simulation."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._kept = connection, Kept()
        self._lock = threading.Lock()

    def run(self, moment: Callable[[Tx], T], of: str = "") -> T:
        with self._lock, _transaction(self._connection, self._kept) as tx:
            return moment(tx)

    def close(self) -> None:
        self._connection.close()


class GroupWriter(group.GroupWriter):
    """The one writer thread. `close` finishes what is queued."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, kept = connection, Kept()
        super().__init__(lambda: _transaction(connection, kept), concerns_all=(sqlite3.OperationalError,))

    def close(self) -> bool:
        closed = super().close()
        if closed:
            self._connection.close()
        return closed


class Readers:
    """One read-only connection per thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self.closed = False

    def close(self) -> None:
        """Ends this thread's connection; others' end with their threads."""
        self.closed = True
        tx: SqliteTx | None = self._local.__dict__.pop("tx", None)
        if tx is not None:
            tx.close()

    def tx(self) -> SqliteTx:
        tx: SqliteTx | None = getattr(self._local, "tx", None)
        if tx is None:
            connection = sqlite3.connect(
                f"file:{self._path}?mode=ro", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
            )
            tx = self._local.tx = SqliteTx(connection)
        return tx
