"""Every book that a writer kept is compared with what its rows say, whenever a moment begins on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

from hub.model.book import Book
from hub.store import books
from hub.store.tx import Tx

_NOT_ROWS = ("claim_loose",)


@contextmanager
def compared() -> Iterator[list[str]]:
    """The names of what differed, and how many books were compared as the last item."""
    original, count = books.change, [0]
    found: list[str] = []

    def change(tx: Tx, key: str, decide: Callable[[Book], Any], now: datetime) -> Any:
        kept = tx.kept._books.get(key) if tx.kept is not None else None
        if kept is not None:
            count[0] += 1
            found.extend(_differences(kept, books.load(tx, key, lock=True)))
        return original(tx, key, decide, now)

    books.change = change
    try:
        yield found
    finally:
        books.change = original
        found.append(f"{count[0]} compared")


def _differences(kept: tuple[Book, Any], read: tuple[Book, Any]) -> Iterator[str]:
    for name in (field.name for field in fields(Book) if field.name not in _NOT_ROWS):
        ours, theirs = getattr(kept[0], name), getattr(read[0], name)
        if ours != theirs or (isinstance(ours, dict) and list(ours) != list(theirs)):
            yield f"{name}: {ours} is not {theirs}"
    for name in ("order", "steps", "effects"):
        if getattr(kept[1], name) != getattr(read[1], name):
            yield f"the rows of {name}: {getattr(kept[1], name)} is not {getattr(read[1], name)}"
