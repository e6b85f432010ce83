"""What every run has in common: a time of torture, then calm until everything has come to rest, and a look at it."""

from __future__ import annotations

import resource
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from hub.sandbox.running import RunningWorld
from hub.sandbox.world import World
from tests.torture.account import Account, moving, verdict_of
from tests.torture.terms import Terms

T = TypeVar("T", bound=Terms)

TICK_SECONDS = 0.05
_LOOK_SECONDS = 1.0
_ENDS = ("completed", "cancelled", "held", "history", "ignored", "parked", "dead")
_STATES = "SELECT state, count(*) FROM orders GROUP BY state"


@dataclass
class Progress:
    """What is shown while it runs."""

    seconds: float = 0.0
    phase: str = ""
    calm: bool = False
    states: dict[str, int] = field(default_factory=dict)
    world: dict[str, Any] = field(default_factory=dict)
    done: dict[str, Any] = field(default_factory=dict)


Watch = Callable[[Progress], None]


class Tormentor(Protocol):
    def tick(self) -> None: ...

    def relent(self) -> None: ...


class Siege(ABC, Generic[T]):
    """`run` once."""

    _world: World
    _running: RunningWorld
    _tormentor: Tormentor

    def __init__(self, terms: T, directory: Path, watch: Watch = lambda progress: None) -> None:
        self._terms, self._directory, self._watch = terms, directory, watch
        self._began = time.monotonic()
        self._looked = 0.0
        self._progress = Progress()
        self._ended_before = 0
        self._moved_last = 0.0  # how long the calm had lasted when something moved for the last time

    @abstractmethod
    def run(self) -> Account: ...

    @abstractmethod
    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Of the books."""

    @abstractmethod
    def _phase(self) -> str:
        """What is being done to the hub now."""

    @abstractmethod
    def _befell(self) -> dict[str, Any]:
        """What was done to it so far."""

    def _answers(self) -> bool:
        """Whether the books can be read now."""
        return True

    def _is_settled(self) -> bool:
        """Whether the rest that was found is a rest to judge."""
        return True

    # --- the two times

    def _torture(self) -> None:
        self._began = time.monotonic()
        self._running.scenario.run(self._terms.orders, self._terms.rate, time.time() + 0.2)
        while self._seconds() < self._terms.seconds:
            self._tormentor.tick()
            self._look()
            time.sleep(TICK_SECONDS)
        self._ended_before = sum(self._progress.states.get(state, 0) for state in _ENDS)

    def _relent(self) -> None:
        """Calm, until nothing has moved for a while, or it takes too long."""
        with self._world.lock:
            self._world.desk.faults.calm()
        self._tormentor.relent()
        self._progress.calm = True
        began = since = time.monotonic()
        before: object = None
        while (passed := time.monotonic() - began) < self._terms.calm:
            self._tormentor.tick()
            if self._look():
                now = (self._progress.states, len(moving(self._rows)))
                if now != before or now[1]:
                    before, since = now, time.monotonic()
                    self._moved_last = passed
                elif time.monotonic() - since > self._terms.quiet and self._is_complete() and self._is_settled():
                    return
            time.sleep(TICK_SECONDS)

    def _is_complete(self) -> bool:
        counts = verdict_of(self._rows, self._world.directory, 0.0, self._terms).counts
        ended = counts["completed"] + counts["parked"] + counts["dead"] >= counts["expected_completed"]
        return bool(ended and not counts["lost"] and not counts["missing_effect"])

    # --- sight

    def _look(self) -> bool:
        """Now and then."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return False
        self._looked = now
        progress = self._progress
        progress.seconds, progress.phase = self._seconds(), self._phase()
        if progress.calm or self._answers():
            progress.states = dict(self._rows(_STATES)) or progress.states
        progress.world, progress.done = self._world.status(), self._befell()
        self._watch(progress)
        return True

    def _seconds(self) -> float:
        return time.monotonic() - self._began


def processor_seconds(who: int) -> float:
    """Of this process, or of all that it started and saw end: nearly all of that is the hub."""
    used = resource.getrusage(who)
    return round(used.ru_utime + used.ru_stime, 1)
