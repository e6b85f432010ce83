"""While many deliveries arrive, work begins more slowly, and goes on."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from hub.assembly.doors import RUSH, RUSH_SECONDS, Waking
from hub.flow.drive import Engine
from hub.model.message import Delivery, Kept
from tests.inboxes import EachAtOnce
from tests.unit.flow.stage import counts, order

NOW = datetime(2026, 9, 21, tzinfo=UTC)


def test_a_rush_holds_work_back_for_a_moment_only(stage) -> None:
    for number in range(5):
        stage.receive(order(str(number)))
    engine = Engine(stage.setting, stage.clock, threads=1, rushing=lambda: frozenset({"shop"}))
    began = time.monotonic()
    engine.start()
    try:
        while counts(stage).get("fulfillment.create", 0) < 5 and time.monotonic() < began + 20:
            time.sleep(0.02)
    finally:
        engine.stop()
    assert counts(stage)["fulfillment.create"] == 5
    assert time.monotonic() - began > 0.9


class Memory(EachAtOnce):
    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        return Kept.NEW


def test_a_shops_rush_is_not_anothers(stage) -> None:
    stage.receive(order("1"))
    engine = Engine(stage.setting, stage.clock, threads=1, rushing=lambda: frozenset({"another"}))
    assert engine._claim() == 1
    engine.stop()


def come(inbox: Waking, deliveries: int) -> None:
    delivery = Delivery("shop", "t", "d", "order", None, (), b"", "")
    for _ in range(deliveries // 2):
        inbox.keep(delivery, NOW)
    inbox.keep_soon([(delivery, NOW)] * (deliveries - deliveries // 2)).result()


def test_a_rush_is_so_many_deliveries_in_a_moment_and_is_over_soon() -> None:
    clock, woken = [100.0], list[int]()
    inbox = Waking(Memory(), lambda: woken.append(1), lambda: clock[0])
    come(inbox, RUSH - 1)
    assert not inbox.rushing()
    come(inbox, 1)
    assert inbox.rushing() == {"shop"}
    clock[0] += RUSH_SECONDS * 0.9
    assert inbox.rushing() == {"shop"}  # between two commits none come
    clock[0] += RUSH_SECONDS
    assert not inbox.rushing()
    assert len(woken) == (RUSH - 1) // 2 + 2  # each that came alone, and each batch


def test_a_busy_shop_makes_no_rush() -> None:
    """A hundred orders a second, ten at a time, as after a moment in which the disk was slow."""
    clock = [100.0]
    inbox = Waking(Memory(), lambda: None, lambda: clock[0])
    for _ in range(50):
        come(inbox, 10)
        assert not inbox.rushing()
        clock[0] += 0.1
