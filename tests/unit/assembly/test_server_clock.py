"""The clock of a database's machine: what an answer that was long on its way says of it is not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hub.assembly.database import ServerClock
from hub.model.contract import NotDurable
from hub.store.moments import SqlStore

START = datetime(2026, 5, 12, 9, tzinfo=UTC)


class Machine:
    """Its time is one's own stopwatch's; an answer says the time at which the question came, and takes `delays`."""

    closed = False

    def __init__(self, *delays: float) -> None:
        self.seconds = 0.0
        self.delays = list(delays)

    @property
    def readers(self) -> Machine:
        return self

    def tx(self) -> Machine:
        return self

    def one(self, sql: str) -> dict[str, Any]:
        if not self.delays:
            raise NotDurable("the test is over")
        now = self.now
        self.seconds += self.delays.pop(0)
        return {"now": now}

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def clock(self) -> ServerClock:
        return ServerClock(cast(SqlStore, self), lambda: self.seconds)


def error(clock: ServerClock, machine: Machine) -> float:
    return abs((clock() - machine.now).total_seconds())


def test_a_process_that_stood_still_while_it_asked_does_not_take_the_past_for_the_present() -> None:
    machine = Machine(0.01, 90.0, 0.01)
    clock = machine.clock()
    clock.ask()
    assert error(clock, machine) < 0.1
    clock.ask()
    assert error(clock, machine) < 0.1


def test_at_its_start_it_asks_again_until_an_answer_is_quick_and_believes_the_quickest() -> None:
    machine = Machine(40.0, 0.02)
    assert error(machine.clock(), machine) < 0.1
    slow = Machine(12.0, 6.0, 3.0, 6.0, 12.0)
    assert error(slow.clock(), slow) < 2.0
