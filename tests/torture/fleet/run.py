"""One run over PostgreSQL and Valkey: a world, a fleet of hub processes, minutes of trouble, then calm."""

from __future__ import annotations

import os
import resource
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from hub.assembly.demo import HubFailed
from hub.assembly.demo_files import ACCOUNTS
from hub.assembly.home import Home
from hub.sandbox.running import RunningWorld
from hub.sandbox.settings import Settings
from hub.sandbox.verdict import SHARES
from hub.sandbox.world import World
from tests.torture.account import Account, settle
from tests.torture.fleet.database import Database
from tests.torture.fleet.terms import Terms
from tests.torture.fleet.tormentor import Tormentor
from tests.torture.fleet.troubles import Partitioned, Queue, Stopped, Terminated, Trouble
from tests.torture.fleet.wire import Line
from tests.torture.siege import TICK_SECONDS, Siege, processor_seconds
from tests.torture.town import install
from tests.torture.trap import Trap
from tests.valkey import valkey_server

_BOOT_SECONDS = 90.0
_MUST_NOT = ("redirects_followed", "ends_without_reason", "boots_that_hung", "bad_ends_when_asked", "ends_too_slow")
_CLAIMED_TWICE = "SELECT count(*) FROM observations WHERE type = 'late_answer'"


class Torture(Siege[Terms]):
    """A fleet of processes that share a database and a queue. It is judged before anybody ends: a sweep may begin at
    any time, and what it finds is not left undone.
    """

    _tormentor: Tormentor

    def run(self) -> Account:
        with ExitStack() as closing:
            trap = closing.enter_context(Trap())
            self._build(closing, trap)
            try:
                self._begin()
                self._unleash()
                self._torture()
                self._restrain()
                self._relent()
                account = self._judged()
            finally:
                self._tormentor.stop()
            done = self._done() | {"redirects_followed": trap.visits}
            account.counts |= done
            account.reasons += [f"{name} is {done[name]}" for name in _MUST_NOT if done.get(name)]
            return account

    def _build(self, closing: ExitStack, trap: Trap) -> None:
        terms = self._terms
        settings = Settings.tortured().but(clock=time.time, redirects_to=trap.places)
        self._world = World.standard(terms.seed, self._directory / "world", time.time, settings, terms.level)
        self._running = closing.enter_context(RunningWorld(self._world, carriers=12))
        self._database = closing.enter_context(Database())
        self._queue = closing.enter_context(valkey_server())
        self._to_database = closing.enter_context(Line([self._database.port], postgres=True))
        self._to_queue = closing.enter_context(Line([self._queue.port]))
        self._door = closing.enter_context(Line([]))
        home = Home(self._directory / "hub")
        self._logs = home.folder / "logs"
        self._logs.mkdir(parents=True)
        install(home, self._running.connections(), f"127.0.0.1:{self._door.port}", terms.sweep_every)
        self._write(home)
        self._tormentor = Tormentor(terms, home, self._logs, lambda ports: self._door.tell(targets=ports))
        self._counts: Counter[str] = Counter()
        self._troubles: list[Trouble] = [
            Stopped(terms, self._counts, self._database), Terminated(terms, self._counts, self._database),
            Partitioned(terms, self._counts, self._to_database),
            Queue(terms, self._counts, self._queue, self._to_queue),
        ]  # fmt: skip
        for name, account in ACCOUNTS.items():
            self._world.subscribe(account, f"http://127.0.0.1:{self._door.port}/webhooks/{name}")

    def _write(self, home: Home) -> None:
        yaml = YAML()
        document = yaml.load(home.config)
        document["store"] = self._database.url_at(self._to_database.port)
        document["queue"] = f"redis://127.0.0.1:{self._to_queue.port}/0"
        document["hub"]["workers"] = self._terms.threads
        with home.config.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)

    def _begin(self) -> None:
        """Nothing is done to anybody before all have come up once."""
        self._tormentor.start()
        end = time.monotonic() + _BOOT_SECONDS
        while not self._tormentor.all_up():
            gone = next((member for member in self._tormentor.members if member.ended() is not None), None)
            if gone is not None or time.monotonic() > end:
                raise HubFailed(gone.last_words() if gone else "they did not come up")
            time.sleep(TICK_SECONDS)

    def _unleash(self) -> None:
        self._to_database.tell(swallow=self._terms.swallowed, cut=self._terms.cut)
        self._tormentor.begin()
        for trouble in self._troubles:
            trouble.start()

    def _restrain(self) -> None:
        for trouble in self._troubles:
            trouble.end()
        self._to_database.tell(swallow=0.0, cut=0.0)

    def _is_settled(self) -> bool:
        return not self._judged().restless

    def _judged(self) -> Account:
        """Letters that were sent three times without an answer wait for a person, as is promised: their orders count as
        completed.
        """
        seconds = time.monotonic() - self._began
        account = settle(self._rows, self._world.directory, self._all_logs(), seconds, self._terms, {})
        letters = len({each.order for each in account.parked if each.spent})
        counts = account.counts
        if counts["completed"] + letters >= SHARES[self._terms.level] * counts["expected_completed"]:
            account.reasons = [reason for reason in account.reasons if not reason.startswith("completed ")]
        return account

    # --- sight

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._database.rows(sql)

    def _phase(self) -> str:
        return ", ".join([self._tormentor.phase, *(trouble.now for trouble in self._troubles if trouble.now)])

    def _answers(self) -> bool:
        """Who stands still answers nobody."""
        return not any(trouble.now.startswith("database") for trouble in self._troubles)

    def _befell(self) -> dict[str, Any]:
        way = self._to_database.tell()
        names = ("commits", "commit_answers_swallowed", "transactions_cut")
        return dict(self._tormentor.counts) | dict(self._counts) | {name: way.get(name, 0) for name in names}

    def _done(self) -> dict[str, Any]:
        """What was done to the hub, the database and the queue."""
        told, befell = self._tormentor, self._befell()
        boots = sorted(told.boots)
        late = self._rows(_CLAIMED_TWICE)
        return {
            "kills": befell.get("workers_killed", 0) + befell.get("webs_killed", 0),
            "database_stops": sum(n for name, n in befell.items() if name.startswith("database_sto")),
            **dict(sorted(befell.items())),
            "queue_connections_forgotten": self._to_queue.tell().get("connections_forgotten", 0),
            "longest_stop_seconds": round(told.longest_still, 1),
            "late_answers_kept": late[0][0] if late else 0,
            "bad_ends": told.bad_ends,
            "median_boot_seconds": round(boots[len(boots) // 2], 2) if boots else None,
            "longest_boot_seconds": round(boots[-1], 2) if boots else None,
            "ended_before_the_calm": self._ended_before,
            "calm_seconds_until_rest": round(self._moved_last, 1),
            "hubprocessor_seconds": processor_seconds(resource.RUSAGE_CHILDREN),
            "worldprocessor_seconds": processor_seconds(resource.RUSAGE_SELF),
            "load": os.getloadavg()[0],
        }

    def _all_logs(self) -> Path:
        """What every process said, in one file."""
        everything = self._directory / "hub" / "hub.log"
        with everything.open("wb") as file:
            for log in sorted(self._logs.glob("*.log")):
                file.write(log.read_bytes())
        return everything
