"""What the world will do by itself, and when."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

Deed = Callable[[float], None]


class Agenda:
    """Deeds in order of their time; equal times keep the order in which they were planned."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deed]] = []
        self._order = itertools.count()

    def at(self, due: float, deed: Deed) -> None:
        """Plans a deed; it is given the time for which it was planned."""
        heapq.heappush(self._heap, (due, next(self._order), deed))

    def run(self, now: float) -> int:
        """Does everything due, deeds planned meanwhile included; says how many."""
        done = 0
        while self._heap and self._heap[0][0] <= now:
            due, _, deed = heapq.heappop(self._heap)
            deed(due)
            done += 1
        return done

    def next_due(self) -> float | None:
        return self._heap[0][0] if self._heap else None
