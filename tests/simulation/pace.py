"""How fast a run's world turns: as in the demo, a fortnight in a minute; or as it really does, with the manifests' own
deadlines, lags and lives of keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.sandbox.settings import DAY, HOUR, Settings


@dataclass(frozen=True)
class Pace:
    """Times in seconds. `hurry` is what one second of the quick pace is here, for what the scheduler itself plans."""

    name: str
    settings: Settings
    replica: float  # so long a storefront's lookups may lag behind its changes
    settles: float  # so long after its caller gave up a request may still arrive
    hurry: float
    sweep: dict[str, float]
    poll: float
    timing: bool  # the demo's own deadlines, lags and backoff; else the manifests'
    quiet: float  # nothing changes for so long: longer than anything the world still plans, a lost lease and a sweep
    longest: float  # so long after the last fault everything must have come to rest

    @property
    def storefront(self) -> dict[str, Any]:
        return {"sweep": self.sweep}


QUICK = Pace(
    "quick",
    Settings.hasty().but(shipbob_index_lag_seconds=0.35, handed_in_after=(0.05, 2.5)),
    replica=0.38,
    settles=1.3,  # nine tenths of it are waited for; the demo's connections count on 1.2
    hurry=1.0,
    sweep={"every_seconds": 40.0, "overlap_seconds": 120.0},
    poll=4.0,
    timing=True,
    quiet=110.0,
    longest=1800.0,
)
REAL = Pace(
    "real",
    Settings(
        shipbob_index_lag_seconds=25.0, ships_after=(2 * HOUR, 10 * HOUR), parcels_apart=(HOUR, 4 * HOUR),
        delivered_after=(6 * HOUR, DAY), handed_in_after=(HOUR, 10 * HOUR), label_refunded_after=(HOUR, DAY),
        paid_after=(6 * HOUR, DAY), refunded_after=(HOUR, 6 * HOUR), linger_seconds=12 * HOUR,
        patience_seconds=30 * DAY, webhook_late=(HOUR, 6 * HOUR),
    ),
    replica=1.9,
    settles=25.0,
    hurry=600.0,
    sweep={"every_seconds": 7200.0, "overlap_seconds": 14400.0},
    poll=7200.0,
    timing=False,
    quiet=1.6 * DAY,
    longest=20 * DAY,
)  # fmt: skip
PACES = {pace.name: pace for pace in (QUICK, REAL)}
