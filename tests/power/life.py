"""One life of a hub: from its start to the moment somebody pulls the plug, with everything that its disk was told."""

from __future__ import annotations

import gc
import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hub.flow import chores, intake
from hub.flow.drive import drive
from hub.flow.manifest import Rule
from hub.flow.setting import Setting
from hub.flow.worker import work
from hub.model.message import Delivery
from hub.store import upgrade
from hub.store.moments import SqlStore
from hub.store.open import open_sqlite
from hub.store.sqlite import Readers
from hub.store.tx import SqliteTx
from tests.power.known import Known
from tests.power.recorder import recorder
from tests.power.tape import Tape
from tests.power.town import Providers, Town
from tests.power.witness import History, Name, Version, Witness, state_of
from tests.stores import stores
from tests.unit.flow.papers import START
from tests.unit.flow.stage import Stage

DATABASE = "hub.db"
_WORKERS, _KEEPERS = 4, 3
_CLAIMS = 4
_HORIZON = timedelta(hours=12)
_ROUNDS = 400
_RAM = Path("/dev/shm")


@contextmanager
def ram_folder():
    """A new folder, in memory where the machine has such a disk: what is synced here is only noted, not waited for."""
    with tempfile.TemporaryDirectory(prefix="crossdock-power-", dir=_RAM if _RAM.is_dir() else None) as name:
        yield Path(name)


@dataclass(frozen=True)
class Habits:
    """How the hub does it. The defaults are how it is shipped; a planted bug does one thing otherwise."""

    open: Callable[[Path], SqlStore] = open_sqlite
    migrate: Callable[[Path], Any] = upgrade.upgrade
    deaf: frozenset[str] = frozenset()  # whose syncs of the folder are left out (see `tests.power.disk`)


SHIPPED = Habits()


@dataclass(frozen=True)
class Start:
    """What a life begins with: an empty folder, or what a power cut left of an earlier one."""

    files: dict[str, bytes] = field(default_factory=dict)
    known: Known = field(default_factory=Known)
    effects: dict[Name, Version] = field(default_factory=dict)
    state: bytes | None = None  # None: the empty database's


@dataclass(frozen=True)
class Pace:
    """`checkpoint_pages`: after so many pages the log is brought into the database; 2000 is what is shipped."""

    checkpoint_pages: int | None = None
    sessions: int = 1
    carrier: bool = False  # orders are shipped by ourselves with a bought label, not by a warehouse


@dataclass(frozen=True)
class Life:
    """`opened`: how long the tape was when the database was there and open, and the hub began to work; None where it
    never did.
    """

    start: Start
    tape: Tape
    history: History
    opened: int | None


def live(start: Start, town: Town, pace: Pace, habits: Habits = SHIPPED) -> Life:
    """Records one life, from the first file to when everything has come to rest. The plug is pulled on its tape."""
    history = History(start.state or empty_state(), start.effects)
    opened: list[int] = []
    with ram_folder() as folder:
        for name, data in start.files.items():
            (folder / name).write_bytes(data)
        path = folder / DATABASE
        with recorder().recording(folder) as tape:
            habits.migrate(path)
            for session in range(pace.sessions):
                store = habits.open(path)
                opened.append(len(tape.events))
                witness = Witness(store, tape, history)
                _Session(witness, tape, town, start.known, pace).run(share=(session + 1) / pace.sessions)
                if session + 1 < pace.sessions:
                    if town.rng.random() < 0.5:  # nobody reads: the last connection empties the log and deletes it
                        store.readers = Readers(path)
                        gc.collect()
                    store.close()
        store.close()  # not recorded: the power was gone before
    return Life(start, tape, history, opened[0])


def upgraded(start: Start, habits: Habits) -> Life:
    """Records the upgrade of a database by a newer version, and nothing else."""
    history = History(start.state or empty_state(), start.effects)
    with ram_folder() as folder:
        for name, data in start.files.items():
            (folder / name).write_bytes(data)
        with recorder().recording(folder) as tape:
            habits.migrate(folder / DATABASE)
    return Life(start, tape, history, None)


class _Session:
    """Between a start of the process and its end: some threads keep webhooks, others do what is due."""

    def __init__(self, store: Witness, tape: Tape, town: Town, known: Known, pace: Pace) -> None:
        self._store, self._tape, self._town = store, tape, town
        self._acknowledged = set(known.messages)
        self._setting = _setting(store, Providers(town, tape, _ledger(known, tape)), pace.carrier, town.rng.random())
        if pace.checkpoint_pages is not None:
            pages = pace.checkpoint_pages
            store.writer.run(lambda tx: tx.run(f"PRAGMA wal_autocheckpoint={pages}"))

    def run(self, share: float) -> None:
        """`share`: so much of what the shop has to tell comes until the end of this session."""
        store, town = self._store, self._town
        store.set_standing("shop", town.now, act_from=START - timedelta(days=1))
        store.expire_leases(town.now)
        posts = town.posts(self._acknowledged | set(_acknowledged(self._tape)))
        posts = posts[: round(len(posts) * share)]
        keepers = [threading.Thread(target=self._keep, args=(posts[i::_KEEPERS],)) for i in range(_KEEPERS)]
        for keeper in keepers:
            keeper.start()
        with ThreadPoolExecutor(_WORKERS) as pool:
            end = town.now + _HORIZON
            for _ in range(_ROUNDS):
                if self._round(pool):
                    town.tick(0.05)
                elif any(keeper.is_alive() for keeper in keepers):
                    time.sleep(0.0005)
                elif (due := store.next_due()) is not None and due <= end:
                    town.now = max(town.now, due)
                else:
                    break
        for keeper in keepers:
            keeper.join()

    def _keep(self, posts: Sequence[Delivery]) -> None:
        dice = random.Random(len(posts))
        for delivery in posts:
            self._store.keep(delivery, self._town.now)
            if dice.random() < 0.3:
                time.sleep(dice.random() * 0.004)

    def _round(self, pool: ThreadPoolExecutor) -> int:
        """What is due now, each on a thread of its own, until it is done. Returns how many there were."""
        now, store = self._town.now, self._store
        claims = [*store.claim_messages(_CLAIMS, now), *store.claim_steps(_CLAIMS, now), *store.claim_chores(2, now)]
        for done in [pool.submit(self._do, claim) for claim in claims]:
            done.result()
        return len(claims)

    def _do(self, claim: Any) -> None:
        if hasattr(claim, "delivery"):
            drive(intake.receive(self._setting, claim), self._clock)
        elif hasattr(claim, "step"):
            drive(work(self._setting, claim), self._clock)
        else:
            drive(chores.do(self._setting, claim, None), self._clock)

    def _clock(self) -> Any:
        return self._town.now


def _ledger(known: Known, tape: Tape) -> list[Any]:
    """What was executed before this session: in an earlier life, and in this one."""
    now = Known(ledger=list(known.ledger))
    for event in tape.events:
        now.take(event)
    return now.ledger


def _acknowledged(tape: Tape) -> dict[tuple[str, str], Delivery]:
    now = Known()
    for event in tape.events:
        now.take(event)
    return now.messages


def _setting(store: Witness, providers: Providers, carrier: bool, jitter: float) -> Setting:
    routing = (Rule("self", "carrier"),) if carrier else (Rule("warehouse", "warehouse"),)
    made: Any = {"store": store, "connectors": providers, "routing": routing, "jitter": random.Random(jitter)}
    return replace(_stage(), **made)


@cache
def _stage() -> Setting:
    """The flows and connections of the flow's own tests."""
    with ram_folder() as folder, stores(folder, None) as make:
        return Stage(make()).setting


@cache
def empty_state() -> bytes:
    """Of a database that was just made."""
    with ram_folder() as folder:
        upgrade.upgrade(folder / DATABASE)
        connection = sqlite3.connect(folder / DATABASE)
        connection.row_factory = sqlite3.Row
        state = state_of(SqliteTx(connection))
        connection.close()
        return state
