"""The hub's time: the wall's, but never backwards.

A wall clock that is set back would make leases live longer and keys look younger than they are. So time is anchored to
the monotonic clock, and follows the wall only forwards: after a suspended machine wakes, or once it was set right.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

JUMP = timedelta(seconds=2)  # the wall is followed when it is this far ahead


class AnchoredClock:
    """Call it for the time: an aware datetime in UTC, never earlier than the last one it gave."""

    def __init__(
        self,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._lock = threading.Lock()
        self._anchor, self._since = wall(), monotonic()
        self._steady_since = self._anchor

    def steady_since(self) -> datetime:
        """When it was started, or last followed the wall: how long ago earlier things happened, it cannot say."""
        return self._steady_since

    def __call__(self) -> datetime:
        with self._lock:
            anchored = self._anchor + timedelta(seconds=self._monotonic() - self._since)
            wall = self._wall()
            if wall - anchored <= JUMP:
                return anchored
            self._anchor, self._since = wall, self._monotonic()
            self._steady_since = wall
            return wall
