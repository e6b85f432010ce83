"""Whether the books went back: a small file beside the install key knows how far they had come.

A backup that somebody puts in their place by hand says nothing of itself, and a hub that went on from it would do again
what was done since. So a counter in the books rises while a hub works, and the file follows it: books whose counter is
behind the file's were put back, and nobody works on them before they know it (crossdock store restored).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import structlog

from hub.assembly.database import Older, read_fact, write_fact
from hub.model.contract import NotDurable
from hub.store.moments import SqlStore
from hub.store.tx import Tx
from hub.vault.files import replace_private

_BOOKS_FACT, _HEIGHT_FACT = "books", "height"
_EVERY_SECONDS = 15.0
_LEAP = 1000  # beyond whatever other machines' files may have seen
_ANYTHING = "SELECT 1 FROM orders UNION ALL SELECT 1 FROM messages LIMIT 1"
_RISE = (
    "UPDATE install SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = :name RETURNING value AS height"
)
_log = structlog.get_logger("crossdock")


def check(store: SqlStore, file: Path) -> None:
    """Raises Older where the books are behind the file, or others; where either is new, there is nothing to compare."""
    told = _told(file)
    if told is None or store.readers.tx().one(_ANYTHING) is None:
        return
    same = read_fact(store, _BOOKS_FACT) == told.books
    if same and int(read_fact(store, _HEIGHT_FACT) or 0) >= told.height:
        return
    what = "older than those that this installation worked on last" if same else "not those it worked on last"
    raise Older(
        f"These books are {what}: a backup was put back. What was done since must not be done again, so tell them: "
        "crossdock store restored --since WHEN-IT-WAS-MADE"
    )


def rise(store: SqlStore, file: Path) -> None:
    """First the books, then the file: whatever ends this process in between, the file is never ahead of them."""
    if read_fact(store, _HEIGHT_FACT) is None:
        write_fact(store, _HEIGHT_FACT, "0")
    books = read_fact(store, _BOOKS_FACT) or _named(store, str(uuid4()))
    _write(file, books, store.writer.run(_higher))


def leap(store: SqlStore, file: Path) -> None:
    """The books know now that they were put back: they are above whatever any machine's file has seen."""
    told = _told(file)
    if told is None:
        return
    if read_fact(store, _BOOKS_FACT) != told.books:
        _named(store, told.books)
    write_fact(store, _HEIGHT_FACT, str(max(told.height, int(read_fact(store, _HEIGHT_FACT) or 0)) + _LEAP))


class Waterline:
    """Rises at its start, now and then, and at its end."""

    def __init__(self, store: SqlStore, file: Path, every_seconds: float = _EVERY_SECONDS) -> None:
        self._store, self._file, self._every_seconds = store, file, every_seconds
        self._over = threading.Event()
        self._told = False
        self._thread = threading.Thread(target=self._go_on, name="crossdock-waterline", daemon=True)

    def start(self) -> None:
        self._rise()
        self._thread.start()

    def stop(self) -> None:
        """Before the store is closed."""
        self._over.set()
        self._thread.join(timeout=10)
        self._rise()

    def _go_on(self) -> None:
        while not self._over.wait(self._every_seconds):
            self._rise()

    def _rise(self) -> None:
        try:
            rise(self._store, self._file)
        except (NotDurable, OSError, sqlite3.Error) as error:  # a full disk keeps nobody from working
            if not self._told:
                _log.warning("the waterline does not rise", error=str(error))
            self._told = True


def _higher(tx: Tx) -> int:
    row = tx.one(_RISE, name=_HEIGHT_FACT)
    assert row is not None
    return int(row["height"])


def _named(store: SqlStore, books: str) -> str:
    write_fact(store, _BOOKS_FACT, books)
    return books


class _Told(NamedTuple):
    books: str
    height: int


def _told(file: Path) -> _Told | None:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return _Told(str(told["books"]), int(told["height"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write(file: Path, books: str, height: int) -> None:
    replace_private(file, json.dumps({"books": books, "height": height}).encode())
