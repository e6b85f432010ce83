"""SQLite on disk: one writer thread with group commit, readers beside it.

Every moment of every thread goes through the one writer. It takes what has queued up, runs each in its own savepoint
(so that one failure rolls back one moment), commits once, and only then answers the callers: the answer means fsynced.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol, TypeVar

from hub.model.contract import NotDurable
from hub.store.tx import SqliteTx, Tx

T = TypeVar("T")

_BATCH = 256
_BUSY_SECONDS = 10.0  # another process (a command beside a running hub) may hold the lock this long


class Writer(Protocol):
    """Runs a function in a durable transaction and returns what it returned, once it is on disk."""

    def run(self, moment: Callable[[Tx], T]) -> T: ...

    def close(self) -> None: ...


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
    _sync_directory(path.parent)
    return connection


def _sync_directory(directory: Path) -> None:
    """The switch to WAL creates files; their names are durable only once the directory is synced."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class InlineWriter:
    """The same transactions without a thread: for commands and for the simulation."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def run(self, moment: Callable[[Tx], T]) -> T:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                raise NotDurable(str(error)) from error
            try:
                answer = moment(SqliteTx(self._connection))
                self._connection.execute("COMMIT")
                return answer
            except sqlite3.OperationalError as error:
                _rollback(self._connection)
                raise NotDurable(str(error)) from error
            except BaseException:
                _rollback(self._connection)
                raise

    def close(self) -> None:
        self._connection.close()


def _rollback(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


_Work = tuple[Callable[[Tx], Any], "Future[Any]"]


class GroupWriter:
    """The writer thread. `close` finishes what is queued."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="crossdock-writer", daemon=True)
        self._thread.start()

    def run(self, moment: Callable[[Tx], T]) -> T:
        if self._closed:
            raise NotDurable("the store is closed")
        future: Future[T] = Future()
        self._queue.put((moment, future))
        return future.result()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join(timeout=30)
            self._connection.close()

    def _loop(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, last = self._gather(first)
            self._commit(batch)
            if last:
                break
        self._refuse_rest()

    def _gather(self, first: _Work) -> tuple[list[_Work], bool]:
        batch = [first]
        while len(batch) < _BATCH:
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                break
            if work is None:
                return batch, True
            batch.append(work)
        return batch, False

    def _commit(self, batch: list[_Work]) -> None:
        answers: list[tuple[Future[Any], Any]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            tx = SqliteTx(self._connection)
            for moment, future in batch:
                self._one(tx, moment, future, answers)
            self._connection.execute("COMMIT")
        except BaseException as error:  # the disk is full or gone: nobody is told that anything was kept
            _rollback(self._connection)
            for _, future in batch:
                if not future.done():
                    future.set_exception(NotDurable(str(error)))
            return
        for future, answer in answers:
            future.set_result(answer)

    def _one(
        self, tx: Tx, moment: Callable[[Tx], Any], future: Future[Any], answers: list[tuple[Future[Any], Any]]
    ) -> None:
        self._connection.execute("SAVEPOINT moment")
        try:
            answer = moment(tx)
        except sqlite3.OperationalError:
            raise  # no space, I/O error: it concerns the whole batch
        except BaseException as error:
            self._connection.execute("ROLLBACK TO moment")
            self._connection.execute("RELEASE moment")
            future.set_exception(error)
            return
        self._connection.execute("RELEASE moment")
        answers.append((future, answer))

    def _refuse_rest(self) -> None:
        while True:
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                return
            if work is not None:
                work[1].set_exception(NotDurable("the store is closed"))


class Readers:
    """One read-only connection per thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    def tx(self) -> SqliteTx:
        tx: SqliteTx | None = getattr(self._local, "tx", None)
        if tx is None:
            connection = sqlite3.connect(
                f"file:{self._path}?mode=ro", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
            )
            tx = self._local.tx = SqliteTx(connection)
        return tx
