"""Two moments of the store at once, in every order of their statements that forty seeds give: neither misses the other.

What has no row to lock yet is locked by its name. Without that lock the same seeds must show what goes wrong, or they
show nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import pytest

from hub.model.book import Book, Observation
from hub.store.moments import SqlStore
from hub.store.open import open_postgres
from hub.store.postgres import PostgresTx
from tests.simulation import turns
from tests.unit.store.hand import NOW

SEEDS = 40


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    opened = open_postgres(url, connections=5, threaded=False)
    yield opened
    opened.close()


@contextmanager
def unlocked(prefix: str) -> Iterator[None]:
    """A planted bug: what is named so, nobody waits for."""
    original = PostgresTx.alone

    def alone(self: PostgresTx, *names: str) -> None:
        original(self, *(name for name in names if not name.startswith(prefix)))

    PostgresTx.alone = alone  # type: ignore[method-assign]
    try:
        yield
    finally:
        PostgresTx.alone = original  # type: ignore[method-assign]


def missed_evidence(store: SqlStore, url: str) -> int:
    """How often evidence and its effect become known at once without either being told of the other."""
    missed = 0
    for seed in range(SEEDS):
        handle, seen = f"CD-{seed}", list[Observation]()

        def learn(book: Book, handle: str = handle, seen: list[Observation] = seen) -> None:
            seen += book.claim_loose("pay", [handle])
            book.handles.append(("pay", handle))

        told = Observation("payment.captured", "pay", NOW, (handle,), {})
        deeds = [partial(store.place_evidence, told), partial(store.change, f"shop:{seed}", learn, NOW)]
        (keys, first), (_, second) = turns.together(url, random.Random(seed), deeds)
        assert first is None and second is None
        missed += not keys and not seen
    return missed


def lost_words(store: SqlStore, url: str) -> int:
    """How often one of two who hear of a new order at once writes over what the other heard."""
    lost = 0
    for seed in range(SEEDS):

        def say(book: Book, name: str) -> None:
            book.facts = {**book.facts, name: {"version": "1", "document": {}}}
            book.version += 1

        deeds = [partial(store.change, f"shop:{seed}", partial(say, name=name), NOW) for name in ("one", "other")]
        turns.together(url, random.Random(seed), deeds)
        book = store.read(f"shop:{seed}")
        lost += book is None or len(book.facts) < 2
    return lost


@pytest.mark.parametrize("planted", [False, True])
def test_evidence_and_its_effect_never_miss_each_other(store: SqlStore, url: str, planted: bool) -> None:
    with unlocked("handle ") if planted else nullcontext():
        assert bool(missed_evidence(store, url)) is planted


@pytest.mark.parametrize("planted", [False, True])
def test_the_first_words_of_a_new_order_are_both_kept(store: SqlStore, url: str, planted: bool) -> None:
    with unlocked("order ") if planted else nullcontext():
        assert bool(lost_words(store, url)) is planted
