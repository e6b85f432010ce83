"""Examines an installation's database: its schema, whether it is whole, durable, and belongs to the install key."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from hub.assembly.database import KEY_FACT, key_mark, read_fact
from hub.assembly.finding import FAIL, NOTE, OK, WARN, Finding
from hub.assembly.install import Install
from hub.assembly.storage import Embedded, Storage, storage_of
from hub.model.contract import NotDurable
from hub.store import upgrade
from hub.store.moments import SqlStore
from hub.vault.keys import InstallKey, KeyFault
from hub.vault.store import SecretFault

_MEBIBYTE = 1024 * 1024
_RESTORE = "stop the hub and restore the latest backup"
_COUNTS = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM steps WHERE due_at IS NOT NULL)"
# What makes a COMMIT last through a power cut, as the server must have it.
_DURABLE = {"fsync": ("on",), "full_page_writes": ("on",), "synchronous_commit": ("on", "local", "remote_apply")}


def examine_store(install: Install, key: InstallKey | None, *, thorough: bool) -> Iterator[Finding]:
    """`thorough`: every page of a file is read."""
    try:
        storage = storage_of(install.config, install.home)
        found = storage.revision()
    except (SecretFault, KeyFault) as fault:
        yield Finding("database", FAIL, str(fault), "see `store` in hub.yaml, and give what it refers to")
        return
    except NotDurable as error:
        yield Finding("database", FAIL, str(error), "see that it runs, and `store` in hub.yaml")
        return
    if found is None:
        yield Finding("database", NOTE, "not made yet; the first start makes it")
        return
    if found != upgrade.HEAD:
        older = found < upgrade.HEAD
        mend = "run crossdock upgrade" if older else "install the Crossdock that wrote it, or restore an earlier backup"
        yield Finding("database", FAIL, f"its schema is {found}, this version's is {upgrade.HEAD}", mend)
        return
    try:
        wrong = _torn(storage.path, thorough=thorough) if isinstance(storage, Embedded) else ""
        if wrong:
            yield Finding("database", FAIL, wrong, _RESTORE)
        else:
            yield from _contents(storage, key)
    except (sqlite3.Error, NotDurable) as error:
        yield Finding("database", FAIL, f"it cannot be read: {error}", _RESTORE)


def _torn(path: Path, *, thorough: bool) -> str:
    """What is wrong with the file's pages; "" where nothing is."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        test = "integrity_check" if thorough else "quick_check"
        said = [str(row[0]) for row in connection.execute(f"PRAGMA {test}(5)")]
    return "" if said == ["ok"] else "; ".join(said)


def _contents(storage: Storage, key: InstallKey | None) -> Iterator[Finding]:
    with closing(storage.open(threaded=False, workers=1)) as store:
        ((orders, due),) = store.readers.tx().tuples(_COUNTS)
        size = _bytes(storage, store) // _MEBIBYTE
        yield Finding("database", OK, f"whole; {size} MiB, {orders} orders, {due} steps to come")
        if storage.shared:
            yield from _durability(store)
        mark = read_fact(store, KEY_FACT)
        if key is not None and mark is not None and mark != key_mark(key):
            mend = "restore the key that was in use with this database; effects are named by it"
            yield Finding("install key", FAIL, "the database belongs to another install key", mend)


def _bytes(storage: Storage, store: SqlStore) -> int:
    if isinstance(storage, Embedded):
        return storage.path.stat().st_size
    return int(store.readers.tx().tuples("SELECT pg_database_size(current_database())")[0][0])


def _durability(store: SqlStore) -> Iterator[Finding]:
    for name, right in _DURABLE.items():
        found = str(store.readers.tx().tuples(f"SELECT current_setting('{name}')")[0][0])
        if found not in right:
            says = f"{name} is {found}: what is acknowledged may be lost with the power"
            yield Finding("database", WARN, says, f"set {name} = on in the server's postgresql.conf")
