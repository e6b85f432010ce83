"""While many deliveries arrive, work begins more slowly, and goes on."""

from __future__ import annotations

import threading
import time

from hub.assembly.doors import RUSH, RUSH_SECONDS, Waking
from hub.flow.drive import Engine
from hub.model.message import Delivery, Kept
from tests.inboxes import EachAtOnce
from tests.unit.flow.stage import counts, order


def test_a_rush_holds_work_back_for_a_moment_only(stage) -> None:
    for number in range(3):
        stage.receive(order(str(number)))
    engine = Engine(stage.setting, stage.clock, threads=1, wait=lambda: True)
    began = time.monotonic()
    engine.start()
    try:
        while counts(stage).get("fulfillment.create", 0) < 3 and time.monotonic() < began + 20:
            time.sleep(0.02)
    finally:
        engine.stop()
    assert counts(stage)["fulfillment.create"] == 3
    assert time.monotonic() - began > 0.5


def test_a_rush_is_so_many_deliveries_at_once() -> None:
    go, woken = threading.Event(), list[int]()

    class Slow(EachAtOnce):
        def keep(self, delivery: Delivery, now: object) -> Kept:
            go.wait(10)
            return Kept.NEW

    inbox = Waking(Slow(), lambda: woken.append(1))
    delivery = Delivery("shop", "t", "d", "order", None, (), b"", "")
    threads = [threading.Thread(target=inbox.keep, args=(delivery, None), daemon=True) for _ in range(RUSH)]
    for thread in threads:
        assert not inbox.in_a_rush
        thread.start()
        while thread.ident is None or inbox._under_way < threads.index(thread) + 1:
            pass
    assert inbox.in_a_rush
    go.set()
    for thread in threads:
        thread.join(10)
    assert inbox.in_a_rush  # between two commits there are fewer
    time.sleep(RUSH_SECONDS)
    assert not inbox.in_a_rush
    assert len(woken) == RUSH
