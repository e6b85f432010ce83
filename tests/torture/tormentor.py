"""What is done to the hub's process and to the machine below it, and when. All of it is drawn from the seed."""

from __future__ import annotations

import math
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from hub.assembly.demo import HubProcess
from tests.torture.machine import Disk, WrongClock
from tests.torture.terms import Span, Terms

Phase = Literal["booting", "living", "stopped"]
PATIENCE = 90.0  # a boot that takes longer will not end


class Tormentor:
    """Made when the hub has come up; then `tick` often.

    `ends` is how the hub ended by itself: (exit status, whether the disk was full). `boots` took so many seconds.
    """

    def __init__(self, terms: Terms, hub: HubProcess, clock: WrongClock, disks: Sequence[Disk]) -> None:
        self._terms, self._hub, self._clock, self._disks = terms, hub, clock, disks
        self._chance = random.Random(f"torture {terms.seed}")
        self.counts: Counter[str] = Counter()
        self.ends: list[tuple[int, bool]] = []
        self.last_words: list[str] = []  # of those that ended without a full disk
        self.boots: list[float] = []
        self.longest_stop = 0.0
        self._phase: Phase = "living"
        self._full: Disk | None = None
        self._was_full = False  # at some time of this process's life: it may end when there is room again
        now = time.monotonic()
        self._since = now
        self._kill_at = now + self._between(terms.kill_every)
        self._go_on_at = now
        self._stop_at = now + self._first(terms.stop_every)
        self._move_at = now + self._first(terms.clock_every)
        self._fill_at = now + self._first(terms.full_every)
        self._free_at = math.inf
        self._moves = True

    @property
    def phase(self) -> str:
        full = "" if self._full is None else ", disk full"
        return f"{self._phase}{full}, clock {self._clock.error:+.0f} s"

    def tick(self) -> None:
        now = time.monotonic()
        self._look(now)
        if self._phase == "living" and now >= self._stop_at:
            self._stop(now)
        elif self._phase == "stopped" and now >= self._go_on_at:
            self._go_on(now)
        elif self._phase != "stopped" and now >= self._kill_at:
            self._kill()
        if now >= self._move_at:
            self._move(now)
        if now >= self._fill_at and self._phase == "living":
            self._fill(now)
        elif now >= self._free_at:
            self._free(now)

    def relent(self) -> None:
        """Nothing is done to it any more. The clock stays ahead: set back, it would let the hub wait for minutes."""
        never = math.inf
        self._kill_at = self._stop_at = self._fill_at = self._move_at = never
        if self._phase == "stopped":
            self._count_stop(time.monotonic())
            self._hub.signal(signal.SIGCONT)
            self._phase = "living"
        if self._full is not None:
            self._free(time.monotonic())
        self._fill_at = never
        self._clock.move(self._terms.calm_error)
        self._moves = False

    # --- the process

    def _look(self, now: float) -> None:
        """Has it come up, has it ended by itself?"""
        if (status := self._hub.ended()) is not None:
            self.ends.append((status, self._was_full))
            if not self._was_full:
                self.last_words.append(self._hub.last_words())
            self._hub.start()
            self._booting()
        elif self._phase == "booting" and self._hub.is_up():
            self.boots.append(now - self._since)
            self._phase = "living"
            self._kill_at = now + self._between(self._terms.kill_every) if self._moves else math.inf
        elif self._phase == "booting" and now - self._since > PATIENCE:
            self.counts["boots_that_hung"] += 1
            self._kill()

    def _booting(self) -> None:
        self._phase, self._since = "booting", time.monotonic()
        early = self._moves and self._chance.random() < self._terms.killed_booting
        self._kill_at = self._since + self._chance.uniform(0.05, 1.5) if early else math.inf
        self._was_full = self._full is not None
        if self._full is not None:
            self._full.fill(self._hub.pid)

    def _kill(self) -> None:
        self.counts["kills"] += 1
        self.counts[f"kills_while_{self._phase}"] += 1
        if self._moves and self._chance.random() < 0.3:
            self._clock.move(self._between(self._terms.clock_error))
            self.counts["clock_moves_at_a_restart"] += 1
        self._hub.kill()
        self._booting()

    def _stop(self, now: float) -> None:
        low, high = self._terms.stop_for[0], self._terms.longest_stop
        first = not self.counts["stops"]  # one of them is as long as they get
        seconds = high if first else math.exp(self._chance.uniform(math.log(low), math.log(high)))
        self._hub.signal(signal.SIGSTOP)
        self.counts["stops"] += 1
        self._phase, self._since, self._go_on_at = "stopped", now, now + seconds

    def _go_on(self, now: float) -> None:
        self._count_stop(now)
        self._stop_at = now + self._between(self._terms.stop_every)
        if self._chance.random() < self._terms.killed_stopped:
            self._kill()
            return
        self._hub.signal(signal.SIGCONT)
        self._phase = "living"
        self._kill_at = now + self._between(self._terms.kill_every)

    def _count_stop(self, now: float) -> None:
        self.longest_stop = max(self.longest_stop, now - self._since)

    # --- the machine

    def _move(self, now: float) -> None:
        self._clock.move(self._between(self._terms.clock_error))
        self.counts["clock_moves_while_running"] += 1
        self._move_at = now + self._between(self._terms.clock_every)

    def _fill(self, now: float) -> None:
        self._full, self._was_full = self._chance.choice(self._disks), True
        self._full.fill(self._hub.pid)
        self.counts["full_disk_spells"] += 1
        self.counts["full_by_limit" if self._full.limits else "full_by_disk"] += 1
        self._fill_at, self._free_at = math.inf, now + self._between(self._terms.full_for)

    def _free(self, now: float) -> None:
        assert self._full is not None
        self._full.free(self._hub.pid)
        self._full = None
        self._fill_at, self._free_at = now + self._between(self._terms.full_every), math.inf

    def _between(self, span: Span) -> float:
        return self._chance.uniform(*span)

    def _first(self, span: Span) -> float:
        """Sooner than usual, so that a short run has some of everything."""
        return self._between(span) * min(1.0, self._terms.seconds / 600 + 0.2)
