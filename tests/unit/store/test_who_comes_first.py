"""Deliveries come first: a sender waits for the next transaction, however much work waits for the disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.model.contract import NotDurable
from hub.store.group import First
from hub.store.sqlite import GroupWriter, connect


@pytest.fixture
def writer(tmp_path: Path) -> GroupWriter:
    return GroupWriter(connect(tmp_path / "books.db"))


def started(*runs: Callable[[], Any]) -> list[threading.Thread]:
    threads = [threading.Thread(target=run, daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    return threads


def test_who_comes_first_overtakes_who_waits(writer: GroupWriter) -> None:
    begun, go, order = threading.Event(), threading.Event(), list[str]()

    def held(tx: object) -> None:
        begun.set()
        go.wait(10)

    threads = started(lambda: writer.run(held))
    begun.wait(10)
    threads += started(*(lambda n=n: writer.run(lambda tx: order.append(f"work {n}")) for n in range(40)))
    while len(writer._waiting) < 40:
        pass
    threads += started(lambda: First(writer).run(lambda tx: order.append("delivery")))
    while not writer._first:
        pass
    time.sleep(0.02)  # longer than others may join the transaction that is held
    go.set()
    for thread in threads:
        thread.join(10)
    assert order[0] == "delivery"
    assert len(order) == 41


def test_who_waits_is_never_overtaken_for_ever(writer: GroupWriter) -> None:
    over, kept = threading.Event(), list[int]()

    def flood() -> None:
        while not over.is_set():
            First(writer).run(lambda tx: kept.append(1))

    threads = started(*[flood] * 8)
    for _ in range(20):
        writer.run(lambda tx: None)
    over.set()
    for thread in threads:
        thread.join(10)
    assert kept


def test_both_lines_are_finished_at_the_end(writer: GroupWriter) -> None:
    begun, go, done = threading.Event(), threading.Event(), list[str]()

    def held(tx: object) -> None:
        begun.set()
        go.wait(10)

    threads = started(lambda: writer.run(held))
    begun.wait(10)
    threads += started(
        lambda: writer.run(lambda tx: done.append("work")), lambda: First(writer).run(lambda tx: done.append("first"))
    )
    while not (writer._first and writer._waiting):
        pass
    closing = started(writer.close)
    while not writer._closed:
        pass
    with pytest.raises(NotDurable):
        First(writer).run(lambda tx: None)
    go.set()
    for thread in (*threads, *closing):
        thread.join(10)
    assert sorted(done) == ["first", "work"]
