"""A provider that does not answer keeps some of the workers, never all of them."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import replace

from hub.flow.drive import Engine
from hub.flow.rooms import Rooms
from hub.model.flow import State
from tests.unit.flow.stage import order


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_connection_never_has_all_workers() -> None:
    rooms = Rooms(16)
    for _ in range(12):
        assert rooms.free("carrier") > 0
        rooms.enter("carrier")
    assert rooms.free("carrier") == 0
    assert rooms.free("mail") == 12


def test_where_calls_are_stuck_a_connection_gets_fewer() -> None:
    watch = Watch()
    rooms = Rooms(16, watch)
    places = [rooms.enter("carrier") for _ in range(3)]
    with ExitStack() as calls:
        for place in places:
            calls.enter_context(place.calling("carrier"))
        assert rooms.free("carrier") == 9
        watch.now = 2.5
        assert rooms.free("carrier") == 1
    assert rooms.free("carrier") == 9
    for place in places:
        place.leave()
    assert rooms.free("carrier") == 12


def test_a_place_that_was_promised_is_nobody_elses() -> None:
    rooms = Rooms(4)
    place = rooms.enter("pay")
    assert [rooms.promise("mail") for _ in range(4)] == [True, True, True, False]
    place.go_on("mail")
    assert rooms.free("mail") == 0  # one there, two promised
    assert rooms.free("pay") == 3


def test_what_was_promised_in_a_transaction_that_failed_is_free_again() -> None:
    rooms = Rooms(4)
    place = rooms.enter("pay")
    assert all(rooms.promise("mail") for _ in range(3))
    place.leave(kept=False)
    assert rooms.free("mail") == 3


def test_a_worker_is_where_its_call_is() -> None:
    rooms = Rooms(4)
    place = rooms.enter("pay")
    with place.calling("shop"):
        assert (rooms.free("pay"), rooms.free("shop")) == (3, 2)
    place.leave()
    assert (rooms.free("pay"), rooms.free("shop")) == (3, 3)


def test_other_orders_go_on_while_a_warehouse_does_not_answer(stage) -> None:
    """Ten orders wait for it; those that need it not are done meanwhile."""
    answers, send = threading.Event(), stage.provider.send

    def hanging(call):
        if call.connection == "warehouse":
            answers.wait(20)
        return send(call)

    stage.provider.send = hanging
    for number in range(10):
        stage.receive(order(str(number)))
    engine = Engine(replace(stage.setting), stage.clock, threads=4)
    engine.start()
    try:
        until = time.monotonic() + 15
        while time.monotonic() < until:
            books = [stage.store.read(f"shop:{number}") for number in range(10)]
            letters = [s for b in books if b for s in b.steps.values() if s.name == "confirmation"]
            if len(letters) == 10 and all(step.state is State.DONE for step in letters):
                break
            time.sleep(0.05)
        else:
            raise AssertionError("they waited for the warehouse")
        busy = [s for b in books if b for s in b.steps.values() if s.name == "warehouse" and s.state is State.INTENT]
        assert 1 <= len(busy) <= 3
    finally:
        answers.set()
        engine.stop()


def test_a_shop_beside_others_has_half_of_the_workers_and_alone_all() -> None:
    watch = Watch()
    rooms = Rooms(8, watch)
    for _ in range(6):
        assert rooms.free_for("noisy") > 0
        rooms.enter("carrier", "noisy")
    assert rooms.free_for("noisy") == 2
    assert rooms.free_for("quiet") == 4
    assert rooms.free_for("noisy") == -2  # those that are at work finish
    watch.now = 11.0
    assert rooms.free_for("noisy") == 2


def test_while_all_wait_for_the_processor_a_shop_beside_others_has_fewer() -> None:
    rooms = Rooms(24, Watch())
    rooms.free_for("quiet")
    assert rooms.free_for("noisy") == 12
    for _ in range(200):
        rooms.ran_after(0.02)
    assert rooms.free_for("noisy") == 2
    for _ in range(400):
        rooms.ran_after(0.0001)
    assert rooms.free_for("noisy") == 12
