"""Some things a hub does to its disk, always the same: made for `test_recorder.py`, which watches them from two sides.

As a program: `python -m tests.power.deeds FOLDER` says each acknowledgement on its standard output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from hub.model.book import Book
from hub.model.message import Delivery
from hub.store import upgrade
from hub.store.moments import SqlStore
from hub.store.open import open_sqlite
from tests.unit.flow.papers import START


def do(folder: Path, acknowledged: Callable[[], None]) -> None:
    """A first start, messages and a change of an order, an emptied log, a clean end, a second start, a message."""
    path = folder / "hub.db"
    upgrade.upgrade(path)
    store = open_sqlite(path)
    for number in range(6):
        _keep(store, number)
        acknowledged()
    store.change("shop:1", _note, START)
    acknowledged()
    store.writer.run(lambda tx: tx.run("PRAGMA wal_autocheckpoint=10"))
    for number in range(6, 12):
        _keep(store, number)
        acknowledged()
    store.close()
    store = open_sqlite(path)
    _keep(store, 12)
    acknowledged()
    store.close()


def _keep(store: SqlStore, number: int) -> None:
    body = bytes([65 + number]) * (100 + 2_000 * number)
    store.keep(Delivery("shop", "orders", f"d{number}", "order", "m", (), body, str(number)), START)


def _note(book: Book) -> None:
    book.note(START, "hub", "received", "The order was received.")


def _say() -> None:
    os.write(1, b"acknowledged\n")


if __name__ == "__main__":
    do(Path(sys.argv[1]), _say)
