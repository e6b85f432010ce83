"""What is done to the hub's processes, and when: killed, stopped for longer than a lease, replaced one by one."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hub.assembly.home import Home
from tests.torture.fleet.member import Member
from tests.torture.fleet.terms import Terms
from tests.torture.terms import Span

_PATIENCE = 90.0  # a boot that takes longer, with whatever is done to the database meanwhile, will not end
_LEAVING_SECONDS = 60.0
_SPARED = 0.9
_AGAIN_SECONDS = 0.5  # as whoever keeps processes alive waits before the next try


class Tormentor:
    """`tick` often. `doors` is told the ports of the webs that take requests."""

    def __init__(self, terms: Terms, home: Home, logs: Path, doors: Callable[[list[int]], object]) -> None:
        self._terms, self._home, self._logs, self._doors = terms, home, logs, doors
        self._chance = random.Random(f"fleet {terms.seed}")
        self.counts: Counter[str] = Counter()
        self.bad_ends: list[str] = []  # how those ended that had no reason to, and those that were asked to
        self.boots: list[float] = []
        self.longest_still = 0.0
        kinds = ["serve"] * terms.webs + ["worker"] * terms.workers
        self._numbers: Counter[str] = Counter()
        self.members = [self._new(kind) for kind in kinds]
        self._leaving: list[tuple[Member, float]] = []
        self._to_replace: list[Member] = []
        self._coming: tuple[Member, Member] | None = None  # the new one, and whom it replaces
        self._still: list[tuple[Member, float, float]] = []  # (who, since when, until when)
        self._again: dict[str, float] = {}
        self._worker_at = self._web_at = self._still_at = self._deploy_at = math.inf
        self._calm = False

    def start(self) -> None:
        for member in self.members:
            self._start(member)

    def all_up(self) -> bool:
        return all(member.look() for member in self.members)

    def begin(self) -> None:
        """From now on."""
        now, terms = time.monotonic(), self._terms
        self._told()
        self._worker_at = now + self._between(terms.worker_every)
        self._web_at = now + self._between(terms.web_every)
        first = min(1.0, terms.seconds / 600 + 0.2)
        self._still_at = now + self._between(terms.still_every) * first
        self._deploy_at = now + self._between(terms.deploy_every) * first

    def tick(self) -> None:
        now = time.monotonic()
        for member in self.members:
            self._supervise(member, now)
        self._see_off(now)
        self._replace(now)
        self._thaw(now)
        if now >= self._worker_at:
            self._kill("worker")
            self._worker_at = now + self._between(self._terms.worker_every)
        if now >= self._web_at:
            self._kill("serve")
            self._web_at = now + self._between(self._terms.web_every)
        if now >= self._still_at:
            self._freeze(now)
            self._still_at = now + self._between(self._terms.still_every)
        if now >= self._deploy_at and not self._to_replace and self._coming is None:
            self._to_replace = list(self.members)
            self._deploy_at = math.inf

    def relent(self) -> None:
        """Nothing is done any more; a deploy that is under way comes to its end."""
        self._worker_at = self._web_at = self._still_at = self._deploy_at = math.inf
        self._still = [(member, since, 0.0) for member, since, _ in self._still]
        self._calm = True
        self._thaw(time.monotonic())

    def stop(self) -> None:
        """Everybody ends; the last ones are asked to."""
        for member in [member for member, _ in self._leaving] + ([self._coming[0]] if self._coming else []):
            member.thaw()
            member.kill()
        for member in self.members:
            member.thaw()
            member.ask_to_stop()
        for member in self.members:
            self._ended_well(member, member.wait())

    @property
    def phase(self) -> str:
        up = Counter(member.kind for member in self.members if member.up and not member.stands_still)
        return f"{up['serve']} webs and {up['worker']} workers up" + (", deploying" if self._coming else "")

    # --- one by one

    def _new(self, kind: str) -> Member:
        self._numbers[kind] += 1
        member = Member(kind, f"{kind}-{self._numbers[kind]}", self._home, self._logs)
        member.clock.move(self._between(self._terms.clock_error))  # of each machine
        return member

    def _start(self, member: Member) -> None:
        self.counts["boots"] += 1
        member.start()

    def _supervise(self, member: Member, now: float) -> None:
        """Has it come up, has it ended by itself?"""
        if (again := self._again.get(member.name)) is not None:
            if now >= again:
                del self._again[member.name]
                self._start(member)
            return
        if member.ended() is not None:
            if member.up:
                self.counts["ends_without_reason"] += 1
                self.bad_ends.append(f"{member.name} ended by itself: {member.last_words()}")
            else:
                self.counts["boots_that_ended"] += 1
                if "Traceback" in member.last_words():
                    self.bad_ends.append(f"{member.name} did not come up: {member.last_words()}")
            self._again[member.name] = now + _AGAIN_SECONDS
        elif not member.up and member.look():
            self.boots.append(now - member.since)
        elif not member.up and now - member.since > _PATIENCE and not member.stands_still:
            self.counts["boots_that_hung"] += 1
            member.abort()
            self.bad_ends.append(f"{member.name} did not come up in {_PATIENCE:g} s: {member.last_words()}")
            self._restart(member)

    def _restart(self, member: Member) -> None:
        self._still = [each for each in self._still if each[0] is not member]
        member.kill()
        self._start(member)

    def _kill(self, kind: str) -> None:
        able = [member for member in self.members if member.kind == kind and member.name not in self._again]
        if self._chance.random() < _SPARED:  # who stands still is to wake up again, mostly
            able = [member for member in able if not member.stands_still]
        if not able:
            return
        member = self._chance.choice(able)
        self.counts[f"{'webs' if kind == 'serve' else 'workers'}_killed"] += 1
        self.counts["kills_while_booting"] += not member.up
        self.counts["kills_while_still"] += member.stands_still
        if self._chance.random() < 0.2:
            member.clock.move(self._between(self._terms.clock_error))
            self.counts["clock_moves"] += 1
        self._restart(member)

    def _freeze(self, now: float) -> None:
        """Who stands still for longer than a lease wakes up in the belief that it still has one."""
        able = [member for member in self.members if member.up and not member.stands_still]
        if not able:
            return
        member = self._chance.choice(able)
        low, high = (
            self._terms.still_for[0],
            max(self._terms.still_for[0], min(self._terms.still_for[1], self._terms.seconds * 0.5)),
        )
        seconds = high if not self.counts["stops"] else math.exp(self._chance.uniform(math.log(low), math.log(high)))
        self.counts["stops"] += 1
        member.freeze()
        self._still.append((member, now, now + seconds))

    def _thaw(self, now: float) -> None:
        for each in [each for each in self._still if now >= each[2]]:
            member, since, _ = each
            self._still.remove(each)
            self.longest_still = max(self.longest_still, now - since)
            member.thaw()

    # --- rolling deploys: the new one first, then SIGTERM for the old

    def _replace(self, now: float) -> None:
        if self._coming is None and self._to_replace:
            old = self._to_replace.pop()
            if old not in self.members:
                return
            new = self._new(old.kind)
            self._start(new)
            self._coming = new, old
        elif self._coming is not None:
            new, old = self._coming
            if new.ended() is not None:
                self._start(new)
            elif new.look():
                self._swap(new, old, now)

    def _swap(self, new: Member, old: Member, now: float) -> None:
        self.boots.append(now - new.since)
        self.members[self.members.index(old)] = new
        self._coming = None
        self._told()
        self._still = [each for each in self._still if each[0] is not old]
        old.thaw()
        if self._again.pop(old.name, None) is None:
            old.ask_to_stop()
            self._leaving.append((old, now))
        self.counts["replaced"] += 1
        if not self._to_replace:
            self.counts["rolling_deploys"] += 1
            if not self._calm:
                self._deploy_at = now + self._between(self._terms.deploy_every)

    def _told(self) -> None:
        self._doors([member.port for member in self.members if member.port])

    def _see_off(self, now: float) -> None:
        for each in list(self._leaving):
            member, since = each
            status = member.ended()
            if status is None and now - since > _LEAVING_SECONDS:
                member.abort()
                status = 0
                self.counts["ends_too_slow"] += 1
                self.bad_ends.append(f"{member.name} was asked to end, and did not: {member.last_words()}")
            if status is not None:
                self._leaving.remove(each)
                self._ended_well(member, status)

    def _ended_well(self, member: Member, status: int) -> None:
        if status != 0 and member.up:
            self.counts["bad_ends_when_asked"] += 1
            self.bad_ends.append(f"{member.name} was asked to end, and ended with {status}: {member.last_words()}")

    def _between(self, span: Span) -> float:
        return self._chance.uniform(*span)
