"""The books that a writer changed last, so that an order's next moment need not read and decode it again, and how the
connections stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from hub.model.book import Book, Standing
from hub.store.tx import Row

V = TypeVar("V")
Values = dict[str, Any]

MOST = 64


@dataclass
class Before:
    """What a book was made from, to see later what changed: the order's row, and the fields of each step and effect.

    What a field holds is replaced and never changed in its place, or a change would not be seen.
    """

    order: Row | None = None
    steps: dict[str, Values] = field(default_factory=dict)
    effects: dict[tuple[str, str, int], Values] = field(default_factory=dict)


class Kept:
    """Only for a writer that is alone: a book is as the rows are, until something else than its moments changes them.

    `take` gives a book away, and only a moment that ended well puts it back; a transaction that fails forgets them all,
    and so does one that finds that somebody else has written.
    """

    def __init__(self, most: int = MOST) -> None:
        self._books: dict[str, tuple[Book, Before]] = {}
        self._most = most
        self._version: int | None = None
        self.standings: dict[str, Standing] = {}  # of connections

    def seen(self, version: int) -> None:
        """`version`: changes whenever another connection has written to the database."""
        if version != self._version:
            self.forget()
            self._version = version

    def take(self, key: str) -> tuple[Book, Before] | None:
        return self._books.pop(key, None)

    def put(self, book: Book, before: Before) -> None:
        """As it was written. The oldest gives way."""
        book.facts = _in_order(book.facts)  # in which it would be read
        book.steps = _in_order(book.steps)
        book.effects = _in_order(book.effects)
        for told in (
            book.attempts,
            book.observations,
            book.notes,
            book.handles,
            book.chores,
            book.decisions,
            book.ends,
        ):
            told.clear()
        if len(self._books) >= self._most:
            del self._books[next(iter(self._books))]
        self._books[book.key] = book, before

    def drop(self, *keys: str) -> None:
        """Rows of these orders, or of any where none is named, were changed beside their books."""
        for key in keys:
            self._books.pop(key, None)
        if not keys:
            self.forget()

    def forget(self) -> None:
        self._books.clear()
        self.standings.clear()


def _in_order(known: dict[Any, V]) -> dict[Any, V]:
    names = sorted(known)
    return known if names == list(known) else {name: known[name] for name in names}
