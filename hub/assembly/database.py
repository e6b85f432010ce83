"""The installation's database: brought to its schema, known to belong to the install key, and a few facts in it."""

from __future__ import annotations

from pathlib import Path

from hub.assembly.clock import AnchoredClock, boot_identity
from hub.assembly.config import FILE, HubConfig
from hub.assembly.home import Home
from hub.language.document import load, validate
from hub.store import upgrade
from hub.store.moments import SqlStore
from hub.store.open import hold_lock
from hub.vault.keys import InstallKey, KeyFault

KEY_FACT = "key"  # which install key the database belongs to
CONFIG_FACT = "config"  # the hash of the hub.yaml that is in force
CLOCK_FACT = "clock"  # since when, and by what, the clock can be trusted


class Older(Exception):
    """The database was written by an older Crossdock. The message says what to do."""


def migrated(path: Path) -> None:
    """A new file gets its schema at once; an older one only after a backup, by a command that a person gives."""
    before = upgrade.revision(path)
    if before is not None and before < upgrade.HEAD:
        raise Older("The database was written by an older Crossdock. Run: crossdock upgrade")
    upgrade.upgrade(path)


def prepare(folder: Path) -> None:
    """Makes a new installation's database, where it has none yet. For a process that is about to end, or to become
    another: what makes a database takes memory that no running hub needs. Raises what `open_hub` would.
    """
    if Home(folder).database.exists():
        return
    told = validate(load(folder / FILE), HubConfig).hub
    path = Home(folder, told.data, told.vault).database
    if upgrade.revision(path) is None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with hold_lock(path):
            migrated(path)


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


def clock_of(store: SqlStore, *, own: bool) -> AnchoredClock:
    """The hub's clock; the hub that owns the store hands on from process to process since when it can be trusted."""
    clock = AnchoredClock()
    if own:
        write_fact(store, CLOCK_FACT, clock.steady(read_fact(store, CLOCK_FACT), boot_identity()).text())
    return clock


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
