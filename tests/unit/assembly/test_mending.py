"""Mending a mapping releases what was held for it, once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.assembly.mending import read_again
from hub.model.message import Delivery, MessageState
from hub.store.open import open_sqlite
from hub.store.upgrade import upgrade

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    upgrade(tmp_path / "hub.db")
    opened = open_sqlite(tmp_path / "hub.db", threaded=False)
    yield opened
    opened.close()


def held(store, cause: str) -> None:
    store.keep(Delivery("shop", "orders/create", cause, "order", "m", (), b"{}", "d"), NOW)
    (message,) = store.claim_messages(1, NOW)
    store.settle_message(message.id, message.token, MessageState.HELD.value, cause, {}, NOW)


def test_a_change_of_what_reads_them_lets_held_messages_be_read_again(store):
    read_again(store, "first", NOW)
    held(store, "unmappable")
    assert read_again(store, "first", NOW) == 0
    assert read_again(store, "second", NOW) == 1
    assert len(store.claim_messages(5, NOW)) == 1


def test_a_defect_of_ours_is_not_mended_by_a_mapping(store):
    held(store, "defect")
    assert read_again(store, "second", NOW) == 0
