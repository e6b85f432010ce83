"""Deliveries that wait together are kept together, and each is told what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest

from hub.model.contract import NotDurable
from hub.model.message import Delivery, Kept
from hub.webhook.gathering import Gathering

NOW = datetime(2026, 9, 21, 15, 33, 20, tzinfo=UTC)


def delivery(name: str) -> Delivery:
    return Delivery("shop", "t", name, "order", None, (), b"", "")


class Disk:
    """Remembers what is to be committed; nothing is until `sync`."""

    def __init__(self) -> None:
        self.begun: list[tuple[list[str], Future[Sequence[Kept]]]] = []

    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        raise NotImplementedError

    def keep_soon(self, deliveries: Sequence[tuple[Delivery, datetime]]) -> Future[Sequence[Kept]]:
        names = [one.delivery_id for one, _ in deliveries]
        if "refused at once" in names:
            raise OverflowError("it cannot even be begun")
        self.begun.append((names, Future()))
        return self.begun[-1][1]

    def sync(self) -> list[str]:
        """Commits the oldest that is not yet."""
        names, future = next(one for one in self.begun if not one[1].done())
        if "broken" in names:
            future.set_exception(OverflowError("no database holds that"))
        elif "unsure" in names:
            future.set_exception(NotDurable("the disk is full"))
        else:
            future.set_result([Kept.REPEAT if name == "again" else Kept.NEW for name in names])
        return names


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def played(*turns: Sequence[str]) -> tuple[list[list[str]], dict[str, object]]:
    """What was committed together where each turn's deliveries come while the one before is committed."""
    disk, committed, told = Disk(), list[list[str]](), dict[str, object]()

    async def play() -> None:
        gathering, tasks = Gathering(disk), dict[str, asyncio.Task[Kept]]()
        for turn in turns:
            tasks |= {name: asyncio.create_task(gathering.keep(delivery(name), NOW)) for name in turn}
            await settle()
        while not all(task.done() for task in tasks.values()):
            if any(not future.done() for _, future in disk.begun):
                committed.append(disk.sync())
            await settle()
        told.update({name: task.exception() or task.result() for name, task in tasks.items()})

    asyncio.run(play())
    return committed, told


def test_who_comes_during_a_commit_shares_the_next() -> None:
    committed, told = played(["a"], ["b", "again"], ["c"])
    assert committed == [["a"], ["b", "again", "c"]]
    assert told == {"a": Kept.NEW, "b": Kept.NEW, "again": Kept.REPEAT, "c": Kept.NEW}


def test_who_is_ready_at_once_goes_at_once() -> None:
    assert played(["a", "b", "c"])[0] == [["a", "b", "c"]]


def test_a_commit_stays_small_enough_to_be_quick() -> None:
    committed, told = played(["first"], [str(number) for number in range(300)])
    assert [len(names) for names in committed] == [1, 128, 128, 44]
    assert set(told.values()) == {Kept.NEW}


def test_what_is_not_durable_is_told_to_all_and_the_next_is_tried() -> None:
    _, told = played(["unsure", "b"], ["c"])
    assert isinstance(told["unsure"], NotDurable)
    assert isinstance(told["b"], NotDurable)
    assert told["c"] is Kept.NEW


@pytest.mark.parametrize("bad", ["broken", "refused at once"])
def test_what_cannot_be_kept_takes_no_other_along(bad: str) -> None:
    _, told = played(["a"], ["b", bad, "c"], ["d"])
    assert isinstance(told.pop(bad), OverflowError)
    assert set(told.values()) == {Kept.NEW}
    assert len(told) == 4


def test_who_went_away_meanwhile_keeps_nobody_waiting() -> None:
    async def play() -> Kept:
        disk = Disk()
        gathering = Gathering(disk)
        gone = asyncio.create_task(gathering.keep(delivery("gone"), NOW))
        there = asyncio.create_task(gathering.keep(delivery("there"), NOW))
        await settle()
        gone.cancel()
        await settle()
        assert disk.sync() == ["gone", "there"]
        return await there

    assert asyncio.run(play()) is Kept.NEW
