"""Many writers at once on a real PostgreSQL: what SQLite's one writer gives for nothing must hold here too."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest

from hub.model.book import Book, Observation
from hub.model.contract import NotDurable
from hub.model.effect import digest_of
from hub.model.flow import State
from hub.model.message import Delivery, Kept
from hub.store import rows
from hub.store.accounts import Accounts
from hub.store.moments import SqlStore
from hub.store.open import open_postgres
from hub.store.postgres import pool_of
from tests.looking import look
from tests.postgres import PostgresServer
from tests.unit.store.hand import NOW, add, order_for

MANY = 8


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    opened = open_postgres(url, connections=MANY + 2)
    yield opened
    opened.close()


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """All of them, begun together."""
    gate = threading.Barrier(len(deeds))

    def begun(deed: Callable[[], Any]) -> Any:
        gate.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(begun, deeds))


def delivery(number: int, body: bytes = b"{}") -> Delivery:
    return Delivery("shop", "orders", str(number), "order", "m", (), body, digest_of(body))


def ready_step(store: SqlStore, source_id: str, name: str = "capture") -> None:
    def begin(hand: Any) -> None:
        hand.begin(order_for(source_id, f"#{source_id}", NOW))
        hand.step(name, "order", State.READY, "pay", "payment.capture")

    add(store, f"shop:{source_id}", timedelta(0), begin)
    store.writer.run(lambda tx: tx.run("UPDATE steps SET due_at = 0, next_at = 0 WHERE state = 'ready'"))


def test_two_who_hear_of_a_new_order_at_once_both_leave_their_word(store: SqlStore) -> None:
    def say(name: str) -> Callable[[], None]:
        def decide(book: Book) -> None:
            time.sleep(0.01)  # long enough for the others to begin
            book.facts = {**book.facts, name: {"version": "1", "document": {}}}
            book.version += 1

        return lambda: store.change("shop:1", decide, NOW)

    at_once(*(say(f"refund:{number}") for number in range(MANY)))
    book = store.read("shop:1")
    assert book is not None
    assert set(book.facts) == {f"refund:{number}" for number in range(MANY)}


def test_no_two_claim_the_same(store: SqlStore) -> None:
    for number in range(60):
        store.keep(delivery(number), NOW)

    def claim() -> list[int]:
        found: list[int] = []
        while mine := store.claim_messages(3, NOW):
            found += [message.id for message in mine]
        return found

    claimed = Counter(number for mine in at_once(*[claim] * MANY) for number in mine)
    assert len(claimed) == 60
    assert set(claimed.values()) == {1}


def test_a_claim_passes_over_what_is_being_changed_and_a_change_never_takes_a_claim_back(store: SqlStore) -> None:
    ready_step(store, "1")
    later = NOW + timedelta(hours=1)
    claims: list[Any] = []

    def change(book: Book) -> None:
        claims.append(list(store.claim_steps(5, later)))
        book.note(NOW, "ann", "note", "A word.")

    store.change("shop:1", change, NOW)
    assert claims == [[]]
    (claim,) = store.claim_steps(5, later)
    store.change("shop:1", lambda book: book.note(NOW, "ann", "note", "Another."), NOW)
    book = store.read("shop:1")
    assert book is not None
    (step,) = book.steps.values()
    assert (step.token, step.state) == (claim.token, State.LEASED)


def test_evidence_that_comes_while_its_effect_becomes_known_finds_it(store: SqlStore) -> None:
    for number in range(30):
        key, handle = f"shop:{number}", f"CD-{number}"
        seen: list[Observation] = []

        def learn(book: Book, handle: str = handle, seen: list[Observation] = seen) -> None:
            seen += book.claim_loose("pay", [handle])
            book.handles.append(("pay", handle))

        told = Observation("payment.captured", "pay", NOW, (handle,), {})
        keys, _ = at_once(partial(store.place_evidence, told), partial(store.change, key, learn, NOW))
        assert bool(keys) != bool(seen), number  # one of the two, and not both


def test_processes_that_start_at_once_each_offer_the_first_user_a_token(store: SqlStore) -> None:
    accounts = Accounts(store.writer, store.readers)
    for number in range(20):
        assert all(at_once(*(partial(accounts.expect_setup, f"{number}-{who}") for who in range(MANY))))
        store.writer.run(lambda tx: tx.run("DELETE FROM install"))


def test_decisions_stay_one_chain(store: SqlStore) -> None:
    def decide(who: int) -> None:
        for number in range(5):
            store.audit("ann", "note", f"{who}-{number}", {}, NOW)

    at_once(*(partial(decide, who) for who in range(MANY)))
    found = look(store, "SELECT previous, hash, at, actor, action, subject, detail FROM audit ORDER BY id")
    assert len(found) == 5 * MANY
    previous = ""
    for before, digest, *said in found:
        assert before == previous
        previous = digest
        assert digest == digest_of("\0".join((before, *map(str, said))).encode())


def test_a_transaction_that_stood_in_anothers_way_is_run_again(store: SqlStore) -> None:
    gate = threading.Barrier(2, timeout=5)
    tries: Counter[str] = Counter()

    def both(first: str, second: str) -> Callable[[], None]:
        def moment(tx: Any) -> None:
            tries[first] += 1
            tx.alone(first)
            if tries[first] == 1:
                gate.wait()
            tx.alone(second)
            store_word(tx, first)

        return lambda: store.writer.run(moment)

    def store_word(tx: Any, word: str) -> None:
        tx.run("INSERT INTO install (name, value) VALUES (:word, 'there')", word=word)

    at_once(both("one", "other"), both("other", "one"))
    assert sorted(tries.values()) == [1, 2]
    assert {row[0] for row in look(store, "SELECT name FROM install")} >= {"one", "other"}


def test_deliveries_of_many_threads_are_each_kept_once(store: SqlStore) -> None:
    def keep(who: int) -> list[Kept]:
        return [store.keep(delivery(who % 4 + 10 * number), NOW) for number in range(20)]

    told = at_once(*(partial(keep, who) for who in range(MANY)))
    assert Counter(kept for mine in told for kept in mine) == {Kept.NEW: 80, Kept.REPEAT: 80}
    assert store.keep(delivery(0, b'{"other": 1}'), NOW) is Kept.CONFLICT
    assert look(store, "SELECT count(*) FROM messages") == [(80,)]


def test_moments_that_read_wait_for_no_second_connection(url: str) -> None:
    """As many at once as there are connections, each of which asks whether somebody is paused."""
    store = open_postgres(url, connections=2)

    def decide(book: Book) -> bool:
        time.sleep(0.05)  # until all of them have their connection
        return store.standing("carrier").paused

    try:
        told = at_once(*(partial(store.change, f"shop:{number}", decide, NOW) for number in range(6)))
        assert told == [False] * 6
    finally:
        store.close()


class TestADatabaseThatGoesAway:
    def terminate(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def test_a_moment_that_was_broken_off_is_not_durable_and_the_next_is(self, store: SqlStore, url: str) -> None:
        with pytest.raises(NotDurable):
            store.change("shop:1", lambda book: self.terminate(url), NOW)
        assert store.read("shop:1") is None
        deadline = time.monotonic() + 20
        while True:  # each of the pool's connections has to be found out
            try:
                store.change("shop:1", lambda book: book.note(NOW, "ann", "note", "There."), NOW)
                break
            except NotDurable:
                assert time.monotonic() < deadline
        assert store.read("shop:1") is not None

    def test_a_delivery_is_refused_and_then_kept(self, store: SqlStore, url: str) -> None:
        store.keep(delivery(1), NOW)
        self.terminate(url)
        told: list[Any] = []
        while not told or told[-1] is NotDurable:
            try:
                told.append(store.keep(delivery(2), NOW))
            except NotDurable:
                told.append(NotDurable)
            assert len(told) < 20
        assert told[-1] is Kept.NEW

    def test_reading_goes_on_by_itself(self, store: SqlStore, url: str) -> None:
        ready_step(store, "1")
        self.terminate(url)
        assert store.read("shop:1") is not None

    def test_one_that_is_not_there_is_said_to_be_so(self, postgres: PostgresServer) -> None:
        with pytest.raises(NotDurable, match="cannot be reached"):
            open_postgres(postgres.of("nowhere"))


def test_a_server_that_vanished_without_a_word_is_found_out_soon_unless_the_url_says_otherwise(url: str) -> None:
    for told, idle in ((url, "10"), (f"{url}&keepalives_idle=77", "77")):
        with closing(pool_of(told, 1)) as pool, pool.connection() as connection:
            said = connection.info.get_parameters()
            assert (said["keepalives_idle"], said["tcp_user_timeout"]) == (idle, "30000")


def test_times_are_the_same_instants(store: SqlStore) -> None:
    moment = datetime(2026, 5, 12, 9, 30, 1, 234567, tzinfo=UTC)
    ready_step(store, "1")
    store.change("shop:1", lambda book: setattr(book, "read_at", moment), NOW)
    book = store.read("shop:1")
    assert book is not None
    assert book.read_at == moment
    assert look(store, "SELECT read_at FROM orders") == [(rows.micros(moment),)]


def test_a_lost_lease_is_claimed_again_only_when_it_is_over(store: SqlStore) -> None:
    ready_step(store, "1")
    (claim,) = store.claim_steps(1, NOW)
    assert not store.claim_steps(1, NOW + timedelta(seconds=59))
    (again,) = store.claim_steps(1, NOW + timedelta(seconds=61))
    assert again == replace(claim, token=claim.token + 1)


def test_what_was_broken_off_together_leaves_no_connection_that_fails(url: str) -> None:
    """Behind a failure the driver believes to be prepared what the server never saw: after how many times, it knows."""

    def asked(store: SqlStore, sql: str, times: int) -> list[Any]:
        return store.writer.run(lambda tx: [tx.tuples(sql, x=1) for _ in range(times)])

    def fails(tx: Any, sql: str, times: int) -> None:
        with tx.together():
            tx.run("SELECT 1 / 0")
            for _ in range(times):
                tx.run(sql, x=1)

    with closing(open_postgres(url, connections=1, threaded=False)) as store:
        for before, within in itertools.product(range(2, 7), range(1, 4)):
            sql = f"SELECT {before} + :x + {within}"
            asked(store, sql, before)
            with pytest.raises(psycopg.Error):
                store.writer.run(partial(fails, sql=sql, times=within))
            assert asked(store, sql, 3) == [[(before + 1 + within,)]] * 3
