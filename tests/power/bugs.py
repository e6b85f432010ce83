"""Bugs that a store like this may have, planted to see that the judge finds them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hub.model.book import Book
from hub.store import books, saving
from hub.store.kept import Before
from hub.store.moments import SqlStore
from hub.store.open import open_sqlite
from hub.store.sqlite import GroupWriter, Readers, connect
from hub.store.tx import SqliteTx, Tx
from tests.power.campaign import HUNT, Campaign, Tally
from tests.power.life import Habits
from tests.power.versions import migrate_by_statements

T = TypeVar("T")


class _Eager(GroupWriter):
    """Answers its callers, and then commits."""

    def _commit(self, joining: Iterator[tuple[Callable[[Tx], Any], Future[Any]]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        tx = SqliteTx(self._connection)
        for future, answer in [(future, moment(tx)) for moment, future in joining]:
            future.set_result(answer)
        time.sleep(0.001)  # long enough for a caller to say 200
        self._connection.execute("COMMIT")


class _Split(SqlStore):
    """Writes an order's steps in one transaction, and the intent that goes with them in another."""

    def change(self, order: str, decide: Callable[[Book], T], now: datetime) -> T:
        made: list[tuple[Book, Before]] = []

        def first(tx: Tx) -> T:
            book, before = books.load(tx, order, lock=True)
            made[:] = [(book, before)]
            answer = decide(book)
            saving.save_order(tx, book, before.order, now)
            saving.save_steps(tx, book, before.steps)
            return answer

        def second(tx: Tx) -> None:
            for book, before in made:
                saving.save_effects(tx, book, before.effects)
                books._append(tx, book)
                books._conclude(tx, book, now)

        answer = self.writer.run(first)
        self.writer.run(second)
        return answer


def _eager(path: Path) -> SqlStore:
    return SqlStore(_Eager(connect(path)), Readers(path))


def _split(path: Path) -> SqlStore:
    return _Split(GroupWriter(connect(path)), Readers(path))


@dataclass(frozen=True)
class Bug:
    """`shown`: at least one of these kinds of `tests.power.examine.Broken` must be found."""

    name: str
    habits: Habits
    shown: frozenset[str]


_LOSS = frozenset({"lost message", "lost intent", "lost result", "called without intent", "regressed"})

PLANTED = (
    Bug("synchronous=NORMAL", Habits(partial(open_sqlite, synchronous="NORMAL")), _LOSS),
    Bug("synchronous=OFF", Habits(partial(open_sqlite, synchronous="OFF")), _LOSS),
    Bug("acknowledged before the commit", Habits(_eager), _LOSS),
    Bug("no sync of the folder after the switch to WAL", Habits(deaf=frozenset({"hub", "sqlite"})), _LOSS),
    Bug("an intent's moment in two transactions", Habits(_split), frozenset({"half moment", "regressed"})),
    Bug("a migration statement by statement", Habits(migrate=migrate_by_statements), frozenset({"unopenable"})),
)


def hunt(bug: Bug, seed: int, images: int) -> Tally:
    """Judges images of a hub that has the bug, until it is found or there were so many."""
    campaign = Campaign(seed, bug.habits, HUNT)
    for _ in campaign.run(images):
        pass
    return campaign.tally
