"""The hub's time: the wall's, but never backwards.

A wall clock that is set back would make leases live longer and keys look younger than they are. So time is anchored to
the monotonic clock, and follows the wall only forwards: after a suspended machine wakes, or once it was set right.

A wall that is set forward makes things look older than they are, and a call that may still be on its way seem settled.
So the clock says since when it has only run, in this process and, where the machine can tell, in those before it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

JUMP = timedelta(seconds=2)  # the wall is followed when it is this far ahead
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Steady:
    """Since when the wall has kept step with the time since the machine's boot, `offset_seconds` behind it."""

    since: str
    boot: str
    offset_seconds: float

    def after(self, earlier: str | None) -> Steady:
        """The same, from as far back as an earlier process's word agrees with it."""
        try:
            known = Steady(**json.loads(earlier)) if earlier else None
        except (ValueError, TypeError):
            known = None
        if known is None or not self.boot or known.boot != self.boot:
            return self
        if abs(known.offset_seconds - self.offset_seconds) > JUMP.total_seconds():
            return self
        return Steady(min(self.since, known.since), self.boot, known.offset_seconds)

    def text(self) -> str:
        return json.dumps(asdict(self))

    def moment(self) -> datetime:
        return datetime.fromisoformat(self.since)


def boot_identity() -> str:
    """Which boot of the machine this is; "" where it cannot tell."""
    try:
        return _BOOT.read_text("ascii").strip() if hasattr(time, "CLOCK_BOOTTIME") else ""
    except OSError:
        return ""


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

    def steady(self, earlier: str | None, boot: str) -> Steady:
        """Trusts the clock as far back as what an earlier process wrote down agrees with it; to be written down in
        its place. `boot` is the machine's, "" where it cannot tell.
        """
        since_boot = time.clock_gettime(time.CLOCK_BOOTTIME) if boot else 0.0
        offset = self._wall().timestamp() - since_boot
        found = Steady(self._steady_since.isoformat(), boot, offset).after(earlier)
        self._steady_since = found.moment()
        return found

    def __call__(self) -> datetime:
        with self._lock:
            anchored = self._anchor + timedelta(seconds=self._monotonic() - self._since)
            wall = self._wall()
            if wall - anchored <= JUMP:
                return anchored
            self._anchor, self._since = wall, self._monotonic()
            self._steady_since = wall
            return wall
