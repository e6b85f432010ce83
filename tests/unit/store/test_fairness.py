"""Claims on either database: one shop's backlog, or one connection's, keeps no other's work from being begun."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from hub.model.book import Book
from hub.model.flow import State
from hub.model.lane import Room
from hub.model.message import Delivery
from hub.model.step import Run, Step
from hub.store import claims
from hub.store.moments import SqlStore
from tests.stores import MakeStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(make_store: MakeStore) -> SqlStore:
    return make_store()


def keep(store: SqlStore, connection: str, number: int, now: datetime = NOW) -> None:
    name = f"{connection}-{number}"
    store.keep(Delivery(connection, "orders", name, "order", "m", (), b"{}", name), now)


def lay(store: SqlStore, order: str, connection: str, *, steps: int = 1, now: datetime = NOW) -> None:
    """An order with steps that are due."""

    def decide(book: Book) -> None:
        book.disposition = "active"
        book.runs["flow"] = Run("flow", "flow", "placed", "x", now)
        for number in range(steps):
            name = f"flow/step/{number:04}"
            step = Step(name, "flow", "step", f"order:{number}", State.READY, "notification.send")
            step.connection, step.next_at = connection, now
            book.steps[name] = step

    store.change(order, decide, now)


@pytest.fixture(params=[50, 900], ids=["few", "more than the head shows"])
def backlog(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_messages_of_a_shop_with_a_backlog_let_the_others_through(store: SqlStore, backlog: int) -> None:
    for number in range(backlog):
        keep(store, "noisy", number)
    for number in range(3):
        keep(store, "quiet", number, NOW + timedelta(seconds=1))
    later = NOW + timedelta(seconds=2)
    claimed = Counter(message.delivery.connection for message in store.claim_messages(6, later))
    assert claimed == {"noisy": 3, "quiet": 3}
    assert len(store.claim_messages(backlog, later)) == backlog - 3  # and nothing is left behind


def test_steps_of_a_shop_with_a_backlog_let_the_others_through(store: SqlStore, backlog: int) -> None:
    lay(store, "noisy:1", "carrier", steps=backlog)
    lay(store, "quiet:1", "carrier", steps=2, now=NOW + timedelta(seconds=1))
    claimed = Counter(claim.order for claim in store.claim_steps(6, NOW + timedelta(seconds=2)))
    assert claimed == {"noisy:1": 4, "quiet:1": 2}


def test_steps_of_a_connection_without_room_are_left_where_they_are(store: SqlStore, backlog: int) -> None:
    lay(store, "one:1", "dead", steps=backlog)
    lay(store, "one:2", "mail", now=NOW + timedelta(seconds=1))
    later = NOW + timedelta(seconds=2)
    claimed = store.claim_steps(8, later, Room(lambda connection: 1 if connection == "dead" else 8))
    assert Counter(claim.connection for claim in claimed) == {"dead": 1, "mail": 1}
    assert len(store.claim_steps(backlog, later)) == backlog - 1


def test_where_there_is_a_place_for_everything_everything_is_claimed(store: SqlStore) -> None:
    for shop in ("a", "b", "c"):
        lay(store, f"{shop}:1", "carrier")
        keep(store, shop, 1)
    assert len(store.claim(20, NOW)) == 6


def test_with_one_place_at_a_time_no_kind_of_work_waits_for_another(store: SqlStore) -> None:
    for number in range(30):
        keep(store, "shop", number)
        store.plan_chore("fetch", f"shop:{number}", NOW)
    lay(store, "shop:x", "carrier", steps=30)
    kinds = Counter(type(task).__name__ for _ in range(30) for task in store.claim(1, NOW))
    assert kinds == {"StoredMessage": 10, "Chore": 10, "Claim": 10}


def test_released_messages_wait_for_new_ones(store: SqlStore) -> None:
    for number in range(20):
        keep(store, "shop", number)
    for message in store.claim_messages(20, NOW):
        store.settle_message(message.id, message.token, "held", "unmappable", {}, NOW)
    assert store.release_messages(NOW) == 20
    for number in range(20, 40):
        keep(store, "shop", number, NOW + timedelta(seconds=1))
    new = {f"shop-{number}" for number in range(20, 40)}
    claimed = [message.delivery.delivery_id in new for message in store.claim_messages(16, NOW + timedelta(seconds=2))]
    assert Counter(claimed) == {True: 14, False: 2}


def test_lanes_that_the_head_hides_are_looked_for_again_when_new_ones_come(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_HEAD", 8)
    for number in range(20):
        keep(store, "noisy", number)
    assert {message.delivery.connection for message in store.claim_messages(2, NOW)} == {"noisy"}
    keep(store, "quiet", 1, NOW + timedelta(milliseconds=1))
    later = NOW + timedelta(seconds=1)
    assert "quiet" in {message.delivery.connection for message in store.claim_messages(2, later)}
