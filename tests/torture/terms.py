"""What a run is made of. Spans are (shortest, longest), in seconds."""

from __future__ import annotations

from dataclasses import dataclass

Span = tuple[float, float]


@dataclass(frozen=True)
class Terms:
    """`minutes` of orders under torture, then calm until everything has come to rest, `calm` seconds at most."""

    minutes: float = 3.0
    rate: float = 3.0  # orders a second
    seed: int = 1
    level: str = "torture"
    calm: float = 900.0
    quiet: float = 20.0  # so long nothing may change before a run counts as over
    kill_every: Span = (2.0, 10.0)  # of a life, not of a boot
    killed_booting: float = 0.1  # of the boots
    stop_every: Span = (120.0, 300.0)
    stop_for: Span = (5.0, 180.0)
    killed_stopped: float = 0.35  # of those that stand still
    clock_every: Span = (15.0, 45.0)
    clock_error: Span = (-300.0, 300.0)
    calm_error: float = 290.0  # as far ahead as it may be while signatures, valid for 300 s, still arrive in time
    full_every: Span = (45.0, 120.0)
    full_for: Span = (3.0, 15.0)
    sweep_every: float = 60.0  # each storefront by the hub, which looks back ten times as far
    parked_share: float = 0.001  # so many of the orders may be parked
    letters: bool = False  # letters that were sent three times, unanswered, and wait for a person are not among these

    @property
    def seconds(self) -> float:
        return self.minutes * 60

    @property
    def orders(self) -> int:
        return max(1, round(self.seconds * self.rate))

    @property
    def longest_stop(self) -> float:
        """A short run must not be one long stop."""
        return max(self.stop_for[0], min(self.stop_for[1], self.seconds * 0.2))
