"""The one clock of a run. Time passes only because the scheduler, or a call on the wire, says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START_MICROS = 1_772_366_400_000_000  # 2026-03-01T12:00:00Z
SECOND = 1_000_000


class VirtualClock:
    """Whole microseconds since the epoch, so that adding never rounds.

    During an event on the wire time runs ahead (`spend`): the calls it makes take time for the worker that makes them,
    while everybody else goes on. The scheduler takes what was spent (`settle`) and lets that worker rest for as long.

    The hub's clock is another's business than time itself: somebody may set it forward (`now`), which moves nothing in
    the world (`seconds`) and no stopwatch (`monotonic`).
    """

    def __init__(self) -> None:
        self.micros = START_MICROS
        self._spent = 0
        self._ahead = 0  # of the hub's clock

    def set_forward(self, seconds: float) -> None:
        self._ahead += round(seconds * SECOND)

    def spend(self, seconds: float) -> None:
        self._spent += max(round(seconds * SECOND), 0)

    def settle(self) -> int:
        """Microseconds that the event took; the clock is back where it was when the event began."""
        spent, self._spent = self._spent, 0
        return spent

    def now(self) -> datetime:
        """What the hub's clock shows."""
        return _EPOCH + timedelta(microseconds=self.micros + self._spent + self._ahead)

    def seconds(self) -> float:
        """Epoch seconds, as the sandbox counts."""
        return (self.micros + self._spent) / SECOND

    def monotonic(self) -> float:
        return (self.micros + self._spent - START_MICROS) / SECOND


def micros_of(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(microseconds=1)
