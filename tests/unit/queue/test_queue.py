"""Tokens over a real Valkey: one lies there, whoever loses it, and RQ's own tools see it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from rq import Queue
from rq.job import Job

from hub.queue.lookout import Lookout
from hub.queue.tokens import QUEUE, Tokens
from hub.queue.worker import DrainWorker, _Drainer
from tests.valkey import Valkey, valkey_server

NOW = datetime(2026, 5, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey_server() as server:
        yield server


@pytest.fixture
def tokens(server: Valkey) -> Iterator[Tokens]:
    server.flush()
    made = Tokens(server.url)
    yield made
    made.close()


def eventually(true: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_one_lies_there_until_somebody_begins_it(tokens: Tokens) -> None:
    assert [tokens.enqueue() for _ in range(3)] == [True] * 3
    assert len(tokens.queue) == 1
    tokens.begun()
    tokens.enqueue()
    assert len(tokens.queue) == 2


def test_what_was_flushed_is_enqueued_again(tokens: Tokens, server: Valkey) -> None:
    tokens.enqueue()
    server.flush()
    tokens.enqueue()
    assert len(tokens.queue) == 1


def test_rqs_worker_does_it_in_this_process_and_keeps_nothing(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    drained: list[int] = []
    monkeypatch.setattr(_Drainer, "work", lambda: drained.append(threading.get_ident()))
    tokens.enqueue()
    (job,) = Queue(QUEUE, connection=tokens.connection).jobs
    DrainWorker([QUEUE], connection=tokens.connection).work(burst=True)
    assert drained == [threading.get_ident()]
    assert not Job.exists(job.id, connection=tokens.connection)
    assert not tokens.queue.failed_job_registry.get_job_ids()


def test_a_drain_that_fails_leaves_nothing_behind_but_a_word_in_the_log(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(_Drainer, "work", broken)
    tokens.enqueue()
    DrainWorker([QUEUE], connection=tokens.connection).work(burst=True)
    assert not tokens.queue.jobs
    tokens.begun()
    assert tokens.enqueue()


def test_a_queue_that_is_away_is_said_so_and_found_again(server: Valkey) -> None:
    made = Tokens(server.url)
    server.stop()
    try:
        assert not made.enqueue()
    finally:
        server.start()
    assert made.enqueue()
    made.close()


class TestLookout:
    def test_it_enqueues_what_is_due_and_waits_for_what_is_not(self) -> None:
        due = [NOW + timedelta(hours=1)]
        asked: list[datetime] = []
        lookout = Lookout(lambda: due[0], lambda: NOW, lambda: not asked.append(NOW))  # type: ignore[func-returns-value]
        lookout.start()
        time.sleep(0.3)
        assert not asked
        due[0] = NOW
        eventually(lambda: bool(asked))
        lookout.stop()

    def test_who_is_woken_does_not_ask_first(self) -> None:
        asked: list[datetime] = []
        lookout = Lookout(lambda: None, lambda: NOW, lambda: not asked.append(NOW))  # type: ignore[func-returns-value]
        lookout.start()
        lookout.wake()
        eventually(lambda: bool(asked))
        lookout.stop()

    def test_where_nobody_would_hear_of_it_it_is_done_here(self) -> None:
        done: list[int] = []
        lookout = Lookout(lambda: NOW, lambda: NOW, lambda: False, lambda: done.append(1))
        lookout.start()
        eventually(lambda: len(done) > 1)
        lookout.stop()

    def test_a_database_that_is_away_does_not_end_it(self) -> None:
        told: list[int] = []

        def next_due() -> datetime:
            told.append(1)
            if len(told) == 1:
                raise OSError("away")
            return NOW

        asked: list[int] = []
        lookout = Lookout(next_due, lambda: NOW, lambda: not asked.append(1))  # type: ignore[func-returns-value]
        lookout.start()
        eventually(lambda: bool(asked))
        lookout.stop()
