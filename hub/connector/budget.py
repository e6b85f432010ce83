"""How fast a connection may be called, and when it is left alone: a token bucket and a breaker that holds."""

from __future__ import annotations

import threading
from collections.abc import Callable

Clock = Callable[[], float]  # monotonic seconds


class Bucket:
    """A token bucket. `take` reserves the next turn; turns come in the order they were asked for."""

    def __init__(self, calls: int, per_seconds: float, burst: int, clock: Clock) -> None:
        self._gap = per_seconds / calls
        self._depth = self._gap * (burst - 1)
        self._clock = clock
        self._lock = threading.Lock()
        self._next = clock() - self._depth  # full to begin with

    def take(self, longest_wait: float) -> tuple[bool, float]:
        """(True, seconds to wait), the turn reserved; or (False, seconds until there is one), nothing reserved."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - self._depth)
            wait = max(turn - now, 0.0)
            if wait > longest_wait:
                return False, wait
            self._next = turn + self._gap
            return True, wait

    def pause(self, seconds: float) -> None:
        """No turn before so many seconds: the provider said to wait. What was saved up is gone."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)


class Breaker:
    """Opens after so many failures in a row, and holds calls; then lets one through to see. A success closes it."""

    def __init__(self, failures: int, opens_for_seconds: float, clock: Clock) -> None:
        self._limit = failures
        self._opens_for = opens_for_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until: float | None = None

    def closed_in(self) -> float:
        """Seconds until a call may be tried; 0 when one may go now. Asking changes nothing."""
        with self._lock:
            return 0.0 if self._until is None else max(self._until - self._clock(), 0.0)

    def enter(self) -> float:
        """0 and the call may go; or the seconds to hold it. While open, one call per period is let through."""
        with self._lock:
            if self._until is None:
                return 0.0
            now = self._clock()
            if now < self._until:
                return self._until - now
            self._until = now + self._opens_for
            return 0.0

    def note(self, success: bool) -> None:
        with self._lock:
            if success:
                self._failures, self._until = 0, None
                return
            self._failures += 1
            if self._failures >= self._limit:
                self._until = self._clock() + self._opens_for
