"""How a connection stands: what a moment is told is what was last said, by whomever."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.model.book import Book
from hub.store.moments import SqlStore
from hub.store.open import open_sqlite
from hub.store.sqlite import connect
from hub.store.tables import create_tables
from tests.stores import MakeStore

NOW = datetime(2026, 9, 21, 15, 33, 20, tzinfo=UTC)


def told(store: SqlStore) -> bool:
    """Whether the carrier is paused, as a moment sees it."""

    def moment(book: Book) -> bool:
        assert book.standing is not None
        return book.standing("carrier").paused

    return store.change("shop:1", moment, NOW)


@pytest.fixture
def store(make_store: MakeStore) -> SqlStore:
    return make_store()


def test_a_moment_sees_what_was_said_before_it(store: SqlStore) -> None:
    assert not told(store)
    store.set_standing("carrier", NOW, paused=True, why="asked")
    assert told(store)
    assert store.standing("carrier").why == "asked"
    store.set_standing("carrier", NOW, paused=False, why=None)
    assert not told(store)


def test_a_moment_sees_what_another_process_said(tmp_path: Path) -> None:
    connection = connect(tmp_path / "hub.db")
    create_tables(connection)
    connection.close()
    ours, theirs = open_sqlite(tmp_path / "hub.db"), open_sqlite(tmp_path / "hub.db")
    try:
        assert not told(ours)
        assert not told(ours)
        theirs.set_standing("carrier", NOW, paused=True)
        assert told(ours)
    finally:
        ours.close()
        theirs.close()


def test_a_moment_that_fails_leaves_nothing_remembered(store: SqlStore) -> None:
    def failing(book: Book) -> None:
        assert book.standing is not None
        book.standing("carrier")
        raise LookupError

    with pytest.raises(LookupError):
        store.change("shop:1", failing, NOW)
    store.set_standing("carrier", NOW, paused=True)
    assert told(store)
