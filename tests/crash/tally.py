"""The counts of a run."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.crash.point import Case
from tests.crash.runner import Ran


@dataclass
class Tally:
    """`missed`: cases that did not come to their crash or fault, which proves nothing and so fails too."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, Any]] = field(default_factory=list)
    told: int = 0
    _points: set[tuple[Any, ...]] = field(default_factory=set)
    _outcomes: set[str] = field(default_factory=set)
    _began: float = field(default_factory=time.monotonic)

    @property
    def failed(self) -> bool:
        return bool(self.failures)

    def take(self, ran: Ran) -> None:
        judged, case = ran.judged, ran.case
        self._note(case)
        self.counts.update(
            cases=1, pairs=int(len(case.kills) == 2), kills=sum(kill.fatal for kill in case.kills),
            connections_lost=sum(not kill.fatal for kill in case.kills), orders=judged.orders,
            effects=sum(judged.effects.values()), lost=judged.lost, doubled=judged.doubled,
            attempted=judged.attempted, parked=judged.parked, resent=judged.resent, missed=int(bool(ran.missed)),
        )  # fmt: skip
        if ran.failed or ran.missed:
            self.failures.append({"case": case.document(), "violations": judged.violations, "missed": ran.missed})

    def _note(self, case: Case) -> None:
        self._points.update((case.walk, kill.process > 1, *kill.place, kill.when) for kill in case.kills[:1])
        self._outcomes.update(fault.outcome for fault in case.faults)
        if not case.faults:
            self._outcomes.add("success")

    def document(self) -> dict[str, Any]:
        """As JSON."""
        seconds = round(time.monotonic() - self._began, 1)
        return {
            "points": len(self._points), "outcomes": len(self._outcomes), **self.counts,
            "failed": len(self.failures), "seconds": seconds, "failures": self.failures[:50],
        }  # fmt: skip

    def __str__(self) -> str:
        c, names = self.counts, ("cases", "pairs", "kills", "orders")
        first = ", ".join(f"{c[name]} {name}" for name in names)
        first += f", {c['connections_lost']} database connections lost" * bool(c["connections_lost"])
        return (
            f"{len(self._points)} points, {len(self._outcomes)} outcomes, {first}, {c['effects']} effects in ledgers; "
            f"{c['lost']} lost, {c['doubled']} doubled, {c['attempted']} attempted doubles, {c['parked']} parked, "
            f"{c['resent']} letters resent, {c['missed']} not met, {len(self.failures)} failed; "
            f"{time.monotonic() - self._began:.0f} s"
        )
