"""One run: a world, a hub in a process of its own, minutes of torture, then calm until everything has come to rest."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.assembly.demo import HubFailed, HubProcess, free_port
from hub.assembly.demo_files import ACCOUNTS
from hub.assembly.home import Home
from hub.sandbox.running import RunningWorld
from hub.sandbox.settings import Settings
from hub.sandbox.world import World
from tests.torture.account import Account, moving, settle, verdict_of
from tests.torture.eyes import Eyes
from tests.torture.machine import Disk, Limit, WrongClock, own_disk_or_limit
from tests.torture.terms import Terms
from tests.torture.tormentor import PATIENCE, Tormentor
from tests.torture.town import install
from tests.torture.trap import Trap

_TICK_SECONDS = 0.05
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


class Torture:
    """`run` once."""

    def __init__(self, terms: Terms, directory: Path, watch: Watch = lambda progress: None) -> None:
        self._terms, self._directory, self._watch = terms, directory, watch
        self._began = time.monotonic()
        self._looked = 0.0
        self._progress = Progress()
        self._ended_before = 0

    def run(self) -> Account:
        with ExitStack() as closing:
            trap = closing.enter_context(Trap())
            self._build(closing, trap)
            try:
                self._tormentor = self._begin()
                self._torture()
                self._ended_before = sum(self._progress.states.get(state, 0) for state in _ENDS)
                self._relent()
            finally:
                self._hub.signal(signal.SIGCONT)  # a process that stands still could not be ended in peace
                self._hub.stop()
            done = self._done() | {"redirects_followed": trap.visits}
            log = self._directory / "hub" / "hub.log"
            return settle(self._eyes.rows, self._world.directory, log, self._seconds(), self._terms, done)

    def _build(self, closing: ExitStack, trap: Trap) -> None:
        terms, port = self._terms, free_port()
        settings = Settings.tortured().but(clock=time.time, redirects_to=trap.places)
        self._world = World.standard(terms.seed, self._directory / "world", time.time, settings, terms.level)
        self._running = closing.enter_context(RunningWorld(self._world, carriers=12))
        home = Home(self._directory / "hub")
        home.folder.mkdir(parents=True)
        install(home, self._running.connections(), f"127.0.0.1:{port}", terms.sweep_every)
        disk = own_disk_or_limit(home.data)
        closing.callback(disk.close)
        self.disks: list[Disk] = [disk] if disk.limits else [disk, Limit(home.data)]
        self._clock = clock = WrongClock(self._directory / "clock")
        self._eyes = Eyes(home.database, disk.prefix())
        closing.callback(self._eyes.close)
        self._hub = HubProcess(home, port, [*disk.prefix(), *clock.environment()])
        for name, account in ACCOUNTS.items():
            self._world.subscribe(account, f"http://127.0.0.1:{port}/webhooks/{name}")

    def _begin(self) -> Tormentor:
        """Nothing is done to a hub before it has come up once."""
        self._hub.start()
        end = time.monotonic() + PATIENCE
        while not self._hub.is_up():
            if self._hub.ended() is not None or time.monotonic() > end:
                raise HubFailed("it did not come up")
            time.sleep(_TICK_SECONDS)
        return Tormentor(self._terms, self._hub, self._clock, self.disks)

    # --- the two times

    def _torture(self) -> None:
        self._began = time.monotonic()
        self._running.scenario.run(self._terms.orders, self._terms.rate, time.time() + 0.2)
        while self._seconds() < self._terms.seconds:
            self._tormentor.tick()
            self._look()
            time.sleep(_TICK_SECONDS)

    def _relent(self) -> None:
        """Calm, until nothing has moved for a while, or it takes too long."""
        with self._world.lock:
            self._world.desk.faults.calm()
        self._tormentor.relent()
        self._progress.calm = True
        began = since = time.monotonic()
        before: object = None
        while time.monotonic() - began < self._terms.calm:
            self._tormentor.tick()
            if self._look():
                now = (self._progress.states, len(moving(self._eyes.rows)))
                if now != before or now[1]:
                    before, since = now, time.monotonic()
                elif time.monotonic() - since > self._terms.quiet and self._is_complete():
                    return
            time.sleep(_TICK_SECONDS)

    def _is_complete(self) -> bool:
        verdict = verdict_of(self._eyes.rows, self._world.directory, 0.0, self._terms)
        counts = verdict.counts
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
        progress.seconds, progress.phase = self._seconds(), self._tormentor.phase
        progress.states = dict(self._eyes.rows(_STATES)) or progress.states
        progress.world, progress.done = self._world.status(), dict(self._tormentor.counts)
        self._watch(progress)
        return True

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _done(self) -> dict[str, Any]:
        """What was done to the hub."""
        told = self._tormentor
        boots = sorted(told.boots)
        return {
            "kills": told.counts["kills"],
            "stops": told.counts["stops"],
            "longest_stop_seconds": round(told.longest_stop, 1),
            "clock_moves": told.counts["clock_moves_while_running"] + told.counts["clock_moves_at_a_restart"],
            "full_disk_spells": told.counts["full_disk_spells"],
            "ends_with_a_full_disk": sum(full for _, full in told.ends),
            "ends_without_reason": sum(not full for _, full in told.ends),
            "last_words": told.last_words,
            "ends": [f"status {status}{' (disk full)' * full}" for status, full in told.ends],
            "median_boot_seconds": round(boots[len(boots) // 2], 2) if boots else None,
            "longest_boot_seconds": round(boots[-1], 2) if boots else None,
            "in_detail": dict(sorted(told.counts.items())),
            "disk": [disk.kind for disk in self.disks],
            "ended_before_the_calm": self._ended_before,
            "hub_processor_seconds": _processor_seconds(resource.RUSAGE_CHILDREN),
            "world_processor_seconds": _processor_seconds(resource.RUSAGE_SELF),
            "load": os.getloadavg()[0],
        }


def _processor_seconds(who: int) -> float:
    """Of this process, or of all that it started and saw end: nearly all of that is the hub."""
    used = resource.getrusage(who)
    return round(used.ru_utime + used.ru_stime, 1)
