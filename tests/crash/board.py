"""What the processes of a case share: a page of memory with the one clock, and who waits for whom.

Time stands still while anybody works. It moves by a hair with every event of the hub, and jumps to whatever is due next
once the hub has said that nothing is due now. So a case takes the time it computes, not the time it waits, and the
providers' days and the hub's quarantines are passed in full.
"""

from __future__ import annotations

import mmap
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
START_MICROS = 1_772_366_400_000_000  # 2026-03-01T12:00:00Z


class _Cell:
    """One whole number, written and read at once."""

    def __init__(self, place: int) -> None:
        self._place = place

    def __get__(self, board: Board, owner: type[Board]) -> int:
        return board.cells[self._place]

    def __set__(self, board: Board, value: int) -> None:
        board.cells[self._place] = value


class Board:
    """Made before anybody is forked. Each cell has one writer at a time; 0 is "none" everywhere."""

    micros = _Cell(0)  # the time
    turn = _Cell(1)  # raised by the world after whatever may concern the hub
    rested = _Cell(2)  # written by the hub: nothing is due, having seen this turn
    due = _Cell(3)  # written by the hub: when a worker must look again, sweeps and onlookers included
    moving = _Cell(4)  # the same of what an order's end waits for
    up = _Cell(5)  # the number of the hub's process that takes webhooks now
    open = _Cell(6)  # the world answers
    armed = _Cell(7)  # the fault that befalls the next call that fits (see tests.crash.outcomes)
    wanted = _Cell(8)  # which calls fit: 1 any, 2 only those that change something
    calls = _Cell(9)  # calls and letters that reached the world
    changes = _Cell(10)  # those of them that ask for a change
    over = _Cell(11)  # everything has come to rest

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self.cells = memoryview(self._page).cast("q")

    def clear(self) -> None:
        for place in range(16):
            self.cells[place] = 0
        self.micros = START_MICROS
        self.turn = 1

    # --- the clock, as each part of the project reads one

    def now(self) -> datetime:
        return _EPOCH + timedelta(microseconds=self.micros)

    def seconds(self) -> float:
        """Epoch seconds, as the sandbox counts."""
        return self.micros / SECOND

    def monotonic(self) -> float:
        return (self.micros - START_MICROS) / SECOND

    def pass_time(self, seconds: float) -> None:
        """A wait that the hub takes standing, such as for its turn in a budget."""
        self.micros += round(seconds * SECOND)


def micros_of(when: datetime | None) -> int:
    return 0 if when is None else (when - _EPOCH) // timedelta(microseconds=1)
