"""One run: a world, a hub in a process of its own, minutes of torture, then calm until everything has come to rest."""

from __future__ import annotations

import os
import resource
import signal
import time
from contextlib import ExitStack
from typing import Any

from hub.assembly.demo import HubFailed, HubProcess, free_port
from hub.assembly.demo_files import ACCOUNTS
from hub.assembly.home import Home
from hub.sandbox.running import RunningWorld
from hub.sandbox.settings import Settings
from hub.sandbox.world import World
from tests.torture.account import Account, settle
from tests.torture.eyes import Eyes
from tests.torture.machine import Disk, Limit, WrongClock, own_disk_or_limit
from tests.torture.siege import TICK_SECONDS, Siege, processor_seconds
from tests.torture.terms import Terms
from tests.torture.tormentor import PATIENCE, Tormentor
from tests.torture.town import install
from tests.torture.trap import Trap


class Torture(Siege[Terms]):
    """An embedded hub, in a process of its own."""

    _tormentor: Tormentor

    def run(self) -> Account:
        with ExitStack() as closing:
            trap = closing.enter_context(Trap())
            self._build(closing, trap)
            try:
                self._tormentor = self._begin()
                self._torture()
                self._relent()
            finally:
                self._hub.signal(signal.SIGCONT)  # a process that stands still could not be ended in peace
                self._hub.stop()
            done = self._done() | {"redirects_followed": trap.visits}
            log = self._directory / "hub" / "hub.log"
            return settle(self._rows, self._world.directory, log, self._seconds(), self._terms, done)

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
            time.sleep(TICK_SECONDS)
        return Tormentor(self._terms, self._hub, self._clock, self.disks)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._eyes.rows(sql)]

    def _phase(self) -> str:
        return self._tormentor.phase

    def _befell(self) -> dict[str, Any]:
        return dict(self._tormentor.counts)

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
            "hubprocessor_seconds": processor_seconds(resource.RUSAGE_CHILDREN),
            "worldprocessor_seconds": processor_seconds(resource.RUSAGE_SELF),
            "load": os.getloadavg()[0],
        }
