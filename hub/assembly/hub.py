"""A whole hub in one process: everything joined, opened and closed in the right order.

`open_hub(folder)` is what the server, the commands, the demo and the simulation use. Opened to run (`own`), it holds
the store's lock for life, ends the leases of earlier boots, and can `start` its workers; opened beside a running hub,
for a command, it does none of that.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import structlog

from hub.assembly import archiving
from hub.assembly.build import Built, Surroundings, build, hang_up
from hub.assembly.catalogue import Catalogue
from hub.assembly.config import HubConfig
from hub.assembly.database import clock_of, migrated
from hub.assembly.desk import Desk, desk_of
from hub.assembly.doors import Doors, Waking
from hub.assembly.home import Home, Unfit
from hub.assembly.install import Install, judge_secrets, read_install
from hub.assembly.labour import Labour, labour_of, wait_for_tokens
from hub.assembly.log import hush
from hub.assembly.restoring import gap_of
from hub.assembly.settling import write_down
from hub.assembly.storage import Lock, queue_of, storage_of
from hub.assembly.waterline import admit
from hub.connector.pool import Connections
from hub.flow.setting import Setting
from hub.language.problem import Problem, Problems
from hub.model.contract import Chore
from hub.reconcile import sweep as sweeping
from hub.store.moments import SqlStore
from hub.store.views import Views
from hub.vault.keys import InstallKey
from hub.vault.store import Vault
from hub.webhook.receiver import WebhookFrontDoor

hush()
_log = structlog.get_logger("crossdock")

Clock = Callable[[], datetime]

MEBIBYTE = 1024 * 1024
LEAST_FREE_BYTES = 64 * MEBIBYTE  # below this a database may soon be unable to keep anything


class Hub:
    """Made by `open_hub`. Everything on it may be used by many threads."""

    def __init__(
        self, built: Built, vault: Vault, key: InstallKey, store: SqlStore, clock: Clock, around: Surroundings
    ) -> None:
        self.vault, self.store, self.clock = vault, store, clock
        self.views = Views(store.readers)
        self._key, self._around = key, around
        self._built = built
        self._doors = Doors(built.doors, vault.resolve)
        self._lock: Lock | None = None
        self._changing = threading.Lock()
        self._labour: Labour | None = None
        self._works = self._closed = False
        self._door: WebhookFrontDoor | None = None
        self._inbox: Waking | None = None
        self.after_reload: list[Callable[[], None]] = []

    # --- what it is

    @property
    def install(self) -> Install:
        return self._built.install

    @property
    def home(self) -> Home:
        return self.install.home

    @property
    def config(self) -> HubConfig:
        return self.install.config

    @property
    def catalogue(self) -> Catalogue:
        return self.install.catalogue

    @property
    def setting(self) -> Setting:
        """What the flow engine and the commands are given. A reload makes a new one: ask again, do not keep it."""
        return self._built.setting

    @property
    def connections(self) -> Connections:
        return self._built.connections

    @property
    def built(self) -> Built:
        """Translator, letters and storefronts as well."""
        return self._built

    @property
    def desk(self) -> Desk:
        """What people look at and act through. A reload makes a new one."""
        return desk_of(
            self.store,
            self.setting,
            now=self.clock,
            faults=self.faults,
            received=self.received,
            public_url=self.config.hub.public_url,
            behind_proxy=self.config.hub.behind_proxy,
            data=self.home.data,
        )

    def received(self) -> Mapping[tuple[str, str], int]:
        """The front door's totals by (connection, outcome), since the start."""
        return self._door.counters.snapshot() if self._door is not None else {}

    def faults(self) -> list[str]:
        """What keeps the hub from its work, in words; nothing while all is well."""
        found = []
        if self._closed:
            found.append("the hub is stopping")
        elif self._lock is not None and self._labour is None:
            found.append("the workers are not running")
        free = shutil.disk_usage(self.home.data).free
        if free < LEAST_FREE_BYTES:
            found.append(f"only {free // MEBIBYTE} MiB are left on the database's disk")
        return found

    # --- what it does

    def front_door(self, app: WSGIApplication) -> WebhookFrontDoor:
        """`app` with `/webhooks/` before it. Its `counters` are the front door's."""
        self._inbox = Waking(self.store, self.wake)
        self._door = WebhookFrontDoor(app, self._doors, self._inbox, self.clock)
        return self._door

    def sweep(self, setting: Setting, chore: Chore, now: datetime) -> tuple[datetime | None, dict[str, Any]]:
        """One turn of a storefront's sweep, or of archiving what is old, as the flow engine asks for it."""
        if chore.kind == archiving.CHORE:
            return archiving.turn(self.store, self.config.keep, self.home.archive, chore.detail, now)
        source = self._built.storefronts.get(chore.key)
        if source is None or chore.key not in self._built.swept:
            return None, {}
        if self.store.standing(chore.key).paused:
            return now + timedelta(seconds=source.every_seconds), dict(chore.detail)
        built = self._built
        return sweeping.sweep(self.store, built.connections, built.translator, source, chore.detail, now)

    def start(self, *, works: bool = False) -> None:
        """Starts the workers and lets the storefronts be swept. Only for a hub that owns its store.

        Where `queue` in hub.yaml names one, the work is left to `crossdock worker`s, unless this is one (`works`).
        """
        with self._changing:
            if self._lock is None:
                raise RuntimeError("this hub was opened beside another and does not work the queue")
            if self._labour is None and not self._closed:
                self._works = works
                self._plan_sweeps()
                self._labour = self._make_labour()
                self._labour.start()

    def work(self, begun: Callable[[], None] = lambda: None) -> None:
        """Starts as one of the queue's workers, calls `begun`, and works until SIGTERM or SIGINT. Raises Unfit without
        a queue.
        """
        url = queue_of(self.config, self.home, self.vault)
        if url is None:
            raise Unfit("hub.yaml names no queue, so `crossdock serve` does the work itself; write queue: redis://…")
        self.start(works=True)
        begun()
        wait_for_tokens(url, lambda: self._labour)

    def wake(self) -> None:
        """Something may be due now."""
        if (labour := self._labour) is not None:
            labour.wake()

    def reload(self) -> bool:
        """Takes up a changed `hub.yaml`: settings, routing, modes, secrets, connections. Flows stay as they were read.

        False, with the problems in the log and everything as it was, where it cannot be read.
        """
        with self._changing:
            if self._closed:
                return False
            try:
                built = self._read_again()
            except Problems as found:
                for problem in found.problems:
                    _log.error("the changed configuration is not taken up", problem=str(problem))
                return False
            self._swap(built)
            for tell in self.after_reload:
                tell()
            _log.info("the changed configuration is in force")
            return True

    def _read_again(self) -> Built:
        install = read_install(self.home.folder)
        if self._lock is not None:
            _raise(judge_secrets(install, self.vault))
        install = replace(install, catalogue=replace(install.catalogue, flows=self.catalogue.flows))
        return build(install, self.vault, self._key, self.store, self._around, self._built)

    def _swap(self, built: Built) -> None:
        """What is running finishes under what was in force; what begins then, begins under the new."""
        before, running = self._built, self._labour
        if running is not None:
            running.stop()
        self._built = built
        self._doors.replace(built.doors)
        try:
            if self._lock is not None:
                self.settle()
        finally:  # even on a full disk the workers go on
            if running is not None:
                self._labour = self._make_labour()
                self._labour.start()
        if running is not None:
            self._plan_sweeps()
        hang_up(one for one in before.connections if self.connections.get(one.account.name) is not one)

    def close(self) -> None:
        """Lets what is running finish, then closes the store. May be called twice."""
        with self._changing:
            if self._closed:
                return
            self._closed = True
            if self._labour is not None:
                self._labour.stop()
            hang_up(self.connections)
            self.store.close()
            if self._lock is not None:
                self._lock.close()

    # --- opening

    def own(self, lock: Lock, *, alone: bool) -> None:
        """What the files say is written down; where the store is ours `alone`, leases of earlier boots end."""
        self._lock = lock
        if alone:
            self.store.expire_leases(self.clock())
        self.settle()

    def settle(self) -> None:
        """The store learns what the files say."""
        write_down(self.store, self.install, self.clock())

    def _make_labour(self) -> Labour:
        url, threads = queue_of(self.config, self.home, self.vault), self.config.hub.workers
        return labour_of(self.setting, self.clock, threads, self.sweep, url, works=self._works, rushing=self._rushing)

    def _rushing(self) -> frozenset[str]:
        return frozenset() if self._inbox is None else self._inbox.rushing()

    def _plan_sweeps(self) -> None:
        archiving.plan(self.store, self.config.keep, self.clock())
        for name in self._built.storefronts:
            if name in self._built.swept:
                self.store.plan_chore("sweep", name, self.clock())


def open_hub(
    directory: Path,
    *,
    threaded: bool = True,
    own: bool | None = None,
    clock: Clock | None = None,
    around: Surroundings | None = None,
) -> Hub:
    """The hub of an installation's folder, not working yet (see `Hub.start`).

    `threaded`: its store commits in groups on a thread of its own; without, each moment on the caller's. `own`: it is
    the one hub that runs here (by default, a threaded one is). Raises Problems for what is wrong in any file,
    KeyFault, Older, hub.store.open.Occupied where another hub runs, hub.store.upgrade.Newer, NotDurable.
    """
    own = threaded if own is None else own
    install = read_install(directory)
    key = InstallKey(install.home.key_file)
    vault = Vault(install.home.secrets_file, key)
    if own:  # a command may be given where the hub's own environment, and so its secrets, are not at hand
        _raise(judge_secrets(install, vault))
    storage = storage_of(install.config, install.home, vault)
    with contextlib.ExitStack() as undo:
        lock = storage.hold() if own or storage.revision() is None else None
        if lock is not None:
            undo.callback(lock.close)
        migrated(storage)
        store = storage.open(threaded=threaded, workers=install.config.hub.workers)
        undo.callback(store.close)
        admit(store, key, install.home.waterline, shared=storage.shared)
        around = replace(around or Surroundings(), gap=gap_of(store))
        if clock is None:
            clock = trusted = clock_of(store, own=own, shared=storage.shared)
            around = replace(around, steady_since=trusted.steady_since)
        hub = Hub(build(install, vault, key, store, around), vault, key, store, clock, around)
        if own and lock is not None:
            hub.own(lock, alone=not storage.shared)
        elif lock is not None:
            lock.close()  # it was held to make the file
        undo.pop_all()
        return hub


def _raise(problems: Sequence[Problem]) -> None:
    if problems:
        raise Problems(problems)
