"""The installation's database: brought to its schema, known to belong to the install key, and a few facts in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.assembly.clock import AnchoredClock, boot_identity
from hub.assembly.reading import config_of, home_of
from hub.assembly.storage import Storage, storage_of
from hub.model.contract import NotDurable
from hub.store import upgrade
from hub.store.moments import SqlStore
from hub.vault.keys import InstallKey, KeyFault

_ASK_AGAIN_SECONDS = 20.0
_QUICK_SECONDS = 1.0  # an answer that took no longer is wrong by half of it at most
_TRIES = 5
KEY_FACT = "key"  # which install key the database belongs to
CONFIG_FACT = "config"  # the hash of the hub.yaml that is in force
MOVED_FACT = "moved"  # the file's books go on in a database: the same name stands in both
CLOCK_FACT = "clock"  # since when, and by what, the clock can be trusted


class Older(Exception):
    """The database was written by an older Crossdock. The message says what to do."""


def migrated(storage: Storage) -> None:
    """A new one gets its schema at once; an older one only after a backup, by a command that a person gives."""
    before = storage.revision()
    if before is not None and before < upgrade.HEAD:
        raise Older("The database was written by an older Crossdock. Run: crossdock upgrade")
    storage.upgrade()


def prepare(folder: Path) -> None:
    """Makes a new installation's database, where it has none yet. For a process that is about to end, or to become
    another: what makes a database takes memory that no running hub needs. Raises what `open_hub` would.
    """
    storage = storage_of(config_of(folder), home_of(folder))
    if storage.revision() is None:
        with closing(storage.hold()):
            migrated(storage)


def read_fact(store: SqlStore, name: str) -> str | None:
    """A fact about the installation that the database keeps."""
    row = store.readers.tx().one("SELECT value FROM install WHERE name = :name", name=name)
    return str(row["value"]) if row else None


def write_fact(store: SqlStore, name: str, value: str) -> None:
    sql = (
        "INSERT INTO install (name, value) VALUES (:name, :value) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE install.value <> excluded.value"
    )
    store.writer.run(lambda tx: tx.run(sql, name=name, value=value))


def clock_of(store: SqlStore, *, own: bool, shared: bool) -> AnchoredClock:
    """The hub's clock; the hub that owns the store hands on from process to process since when it can be trusted.

    Processes of many machines share the clock of their database; each trusts it as far back as it has run itself.
    """
    if shared:
        return AnchoredClock(wall=ServerClock(store))
    clock = AnchoredClock()
    if own:
        write_fact(store, CLOCK_FACT, clock.steady(read_fact(store, CLOCK_FACT), boot_identity()).text())
    return clock


class ServerClock:
    """The time of the database's machine: asked for now and then, by a thread of its own, and counted on from there.

    An answer is from some time between the question and its arrival: one that was long on its way, because the server
    or this process stood still meanwhile, could be wrong by as much, and is not believed where a quicker one is had.
    Raises NotDurable where it is not answered the first time; later it counts on for as long as it must.
    """

    def __init__(self, store: SqlStore, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._monotonic = store, monotonic
        self._known = self._first()
        threading.Thread(target=self._go_on_asking, name="crossdock-clock", daemon=True).start()

    def __call__(self) -> datetime:
        moment, since = self._known
        return moment + timedelta(seconds=self._monotonic() - since)

    def _first(self) -> tuple[datetime, float]:
        """The quickest of a few answers."""
        quickest, known = self._asked()
        for _ in range(_TRIES - 1):
            if quickest <= _QUICK_SECONDS:
                break
            spent, answer = self._asked()
            if spent < quickest:
                quickest, known = spent, answer
        return known

    def _asked(self) -> tuple[float, tuple[datetime, float]]:
        """How long it took; the server's time, and when that was by our own stopwatch."""
        began = self._monotonic()
        row = self._store.readers.tx().one("SELECT clock_timestamp() AS now")
        assert row is not None
        now: datetime = row["now"]
        ended = self._monotonic()
        return ended - began, (now.astimezone(UTC), (began + ended) / 2)

    def _go_on_asking(self) -> None:
        while not self._store.readers.closed:
            time.sleep(_ASK_AGAIN_SECONDS)
            self.ask()

    def ask(self) -> None:
        """Believes an answer that comes quickly."""
        try:
            spent, known = self._asked()
        except NotDurable:
            return
        if spent <= _QUICK_SECONDS:
            self._known = known


def not_moved(store: SqlStore, *, shared: bool) -> None:
    """Raises Older where the file's books go on elsewhere: what goes on from both would be done twice."""
    if not shared and read_fact(store, MOVED_FACT) is not None:
        raise Older(
            "These books were moved into a PostgreSQL database: name it as store in hub.yaml. If the move was broken "
            "off, give the command again: crossdock store copy"
        )


def key_mark(key: InstallKey) -> str:
    """What a database keeps to know its install key again; it says nothing about the key."""
    return key.derive("crossdock-install", b"database").hex()[:32]


def same_key(store: SqlStore, key: InstallKey) -> None:
    """Effects are named by the install key: with another one, what was done would be done again under a new name."""
    mark = key_mark(key)
    found = read_fact(store, KEY_FACT)
    if found is None:
        write_fact(store, KEY_FACT, mark)
    elif found != mark:
        raise KeyFault("this database belongs to another install key; restore the key that was in use with it")
