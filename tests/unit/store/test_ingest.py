"""Deliveries that are kept in one commit: each is told what became of it, as if it had come alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.model.message import Delivery, Kept
from hub.store.moments import SqlStore
from tests.stores import MakeStore

NOW = datetime(2026, 9, 21, 15, 33, 20, 123456, tzinfo=UTC)


@pytest.fixture
def store(make_store: MakeStore) -> SqlStore:
    return make_store()


def delivery(name: str, body: bytes = b"{}") -> Delivery:
    return Delivery("shop", "orders/create", name, "order", "m", (("X-A", "b"),), body, body.hex())


def kept(store: SqlStore, *deliveries: Delivery) -> list[Kept]:
    times = (NOW + timedelta(seconds=number) for number in range(len(deliveries)))
    return list(store.keep_soon(list(zip(deliveries, times, strict=False))).result())


def test_all_are_new(store: SqlStore) -> None:
    assert kept(store, *(delivery(str(number)) for number in range(45))) == [Kept.NEW] * 45
    messages = store.claim_messages(100, NOW + timedelta(minutes=1))
    assert [one.delivery for one in messages] == [delivery(str(number)) for number in range(45)]
    assert [one.received_at for one in messages] == [NOW + timedelta(seconds=number) for number in range(45)]


def test_one_that_was_there_keeps_no_other_away(store: SqlStore) -> None:
    store.keep(delivery("known"), NOW)
    told = kept(store, delivery("a"), delivery("known"), delivery("known", b"[]"), delivery("b"), delivery("c"))
    assert told == [Kept.NEW, Kept.REPEAT, Kept.CONFLICT, Kept.NEW, Kept.NEW]
    assert len(store.claim_messages(100, NOW + timedelta(minutes=1))) == 4


def test_one_that_comes_twice_in_a_commit_is_kept_once(store: SqlStore) -> None:
    assert kept(store, delivery("a"), delivery("a"), delivery("a", b"[]")) == [Kept.NEW, Kept.REPEAT, Kept.CONFLICT]


def test_nothing_is_kept_where_one_cannot_be(store: SqlStore) -> None:
    with pytest.raises(UnicodeEncodeError):
        kept(store, delivery("a"), delivery("\ud800"))
    assert kept(store, delivery("a"), delivery("b")) == [Kept.NEW, Kept.NEW]


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 100])
def test_however_many_they_are_none_is_left_out(store: SqlStore, count: int) -> None:
    assert kept(store, *(delivery(str(number)) for number in range(count))) == [Kept.NEW] * count
    found = store.claim_messages(200, NOW + timedelta(minutes=5))
    assert [one.delivery for one in found] == [delivery(str(number)) for number in range(count)]
