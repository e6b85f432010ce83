"""Backups of an installation's books, and what it takes to go on from one.

Whoever goes on from older books knows nothing of what was done since they were copied, and must not do it again. So no
backup is put in place before it says of itself that it is one: from when its memory ends, and when it came back. From
then on the flow asks first (hub.flow.gap).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from hub.assembly import waterline
from hub.assembly.config import HubConfig
from hub.assembly.database import KEY_FACT, Older, key_mark, migrated, read_fact, write_fact
from hub.assembly.home import Home, Unfit
from hub.assembly.storage import Embedded, Server, storage_of
from hub.flow import gap
from hub.flow.gap import Gap
from hub.model.book import Book
from hub.store import recall, upgrade
from hub.store.moments import SqlStore
from hub.store.open import open_sqlite
from hub.store.sqlite import sync
from hub.vault.keys import InstallKey

GAP_FACT = "gap"
BACKUP_FACT = "backup"  # in a copy: when it was begun
Progress = Callable[[str, int, int], None]


def _quiet(what: str, done: int, of: int) -> None:
    """For whoever does not watch."""


_PG_DUMP = (
    "these books are in a PostgreSQL database, which is backed up by its own means: pg_dump --format=custom, or base "
    "backups with WAL. After it was restored, and before a hub starts on it: crossdock store restored"
)


@dataclass(frozen=True)
class Backup:
    file: Path
    begun_at: datetime
    orders: int
    bytes: int


@dataclass(frozen=True)
class Restored:
    """`asked`: steps that may have been done in the gap. `unswept`: storefronts whose orders of the gap nobody looks
    for. `aside`: where the books went that lay there before.
    """

    gap: Gap
    orders: int
    asked: int
    unswept: tuple[str, ...]
    aside: Path | None = None


def backup(config: HubConfig, home: Home, target: Path, now: datetime) -> Backup:
    """A whole, consistent copy of the books, made while the hub runs, and on disk when this returns. Raises Unfit
    where the file exists or there is nothing to copy, OSError where there is no room.
    """
    storage = storage_of(config, home)
    if not isinstance(storage, Embedded):
        raise Unfit(_PG_DUMP)
    if storage.revision() is None:
        raise Unfit("there is no database yet, so nothing to back up")
    if target.exists():
        raise Unfit(f"{target} exists already: a backup is never written over another")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _copy(storage.path, draft)
        orders = _sign(draft, now)
        sync(draft)
        try:
            os.link(draft, target)  # never over a file that came in between
        except FileExistsError as error:
            raise Unfit(f"{target} exists already: a backup is never written over another") from error
    finally:
        draft.unlink(missing_ok=True)
    sync(target.parent)
    return Backup(target, now, orders, target.stat().st_size)


def restore(
    config: HubConfig, home: Home, source: Path, now: datetime, *, since: datetime | None = None,
    over: bool = False, progress: Progress = _quiet,
) -> Restored:  # fmt: skip
    """Puts a backup in the place of the books, with the hub stopped. `since`: when the backup was made, where it does
    not say so itself; `over`: what lies there now is put aside. Raises Unfit, Occupied, Newer, NotDurable.
    """
    storage = storage_of(config, home)
    if not isinstance(storage, Embedded):
        raise Unfit("restore the PostgreSQL database by its own means (pg_restore), then: crossdock store restored")
    with closing(storage.hold()):
        if storage.path.exists() and not over:
            raise Unfit(
                "there are books already, and they know more than any backup of them. If they must go all the same: "
                "--over puts them aside"
            )
        draft = storage.path.with_name("restoring.db")
        _fit(source, home)
        _forget(draft)
        _copy(source, draft)
        upgrade.upgrade(draft)
        with closing(open_sqlite(draft, threaded=False, synchronous="OFF")) as store:
            span = Gap(_since(store, since or _signed(store), now), now)
            orders, asked = tell(store, span, now, progress)
            waterline.leap(store, home.waterline)
        _whole(draft)
        sync(draft)
        aside = _put_aside(storage.path, home.backups / f"replaced-{now:%Y%m%dT%H%M%SZ}")
        os.replace(draft, storage.path)
        sync(storage.path.parent)
    return Restored(span, orders, asked, _unswept(config), aside)


def declare(
    config: HubConfig, home: Home, now: datetime, *, since: datetime | None = None,
    progress: Progress = _quiet,
) -> Restored:  # fmt: skip
    """Books that were put back by other means (a file by hand, pg_restore, a machine's snapshot) are told so, with
    every hub stopped. Raises Unfit, Occupied, NotDurable, Older.
    """
    storage = storage_of(config, home)
    with closing(storage.hold()):
        if storage.revision() is None:
            raise Unfit("there is no database yet: put the backup in its place first")
        if isinstance(storage, Server) and (others := storage.others()):
            raise Unfit(f"{others} connections of hubs or workers are open: stop them first")
        migrated(storage)
        with closing(storage.open(threaded=False, workers=1)) as store:
            span = Gap(_since(store, since or _signed(store), now), now)
            orders, asked = tell(store, span, now, progress)
            waterline.leap(store, home.waterline)
    return Restored(span, orders, asked, _unswept(config))


def gap_of(store: SqlStore) -> Gap | None:
    """What the books do not remember; None where they are no backup."""
    found = read_fact(store, GAP_FACT)
    if found is None:
        return None
    told = json.loads(found)
    if not told["told"]:
        raise Older("These books are a backup that is being put back. Give the command again: crossdock store restored")
    return Gap(datetime.fromisoformat(told["since"]), datetime.fromisoformat(told["until"]))


def tell(store: SqlStore, span: Gap, now: datetime, progress: Progress = _quiet) -> tuple[int, int]:
    """Makes the books know that they are a backup: (unfinished orders, steps to be asked about).

    Interrupted, it is made good by giving the command again; until then no hub starts on the books."""
    said = {"since": span.since.isoformat(), "until": span.until.isoformat()}
    write_fact(store, GAP_FACT, json.dumps(said | {"told": False}))
    store.writer.run(lambda tx: tx.run("DELETE FROM install WHERE name = :name", name=BACKUP_FACT))
    counts = recall.recall(store, partial(_recall, span, now), span.since, now, progress)
    store.audit("crossdock", "restored", "books", said | {"orders": counts[0], "asked": counts[1]}, now)
    write_fact(store, GAP_FACT, json.dumps(said | {"told": True}))
    return counts


def _recall(span: Gap, now: datetime, book: Book) -> None:
    gap.recall(span, book, now)


def _since(store: SqlStore, told: datetime | None, now: datetime) -> datetime:
    """Where nobody says when they were copied: the newest thing that the books know of. A command that was broken off
    has added to them, and what it said of the gap holds.
    """
    begun = json.loads(read_fact(store, GAP_FACT) or '{"told": true}')
    if not begun["told"]:
        told = min(told or now, datetime.fromisoformat(begun["since"]))
    since = told or recall.newest(store) or now
    if since > now:
        raise Unfit(f"{since.isoformat()} is to come: say when the backup was made, not when it was put back")
    return since


def _signed(store: SqlStore) -> datetime | None:
    found = read_fact(store, BACKUP_FACT)
    return datetime.fromisoformat(found) if found else None


def _unswept(config: HubConfig) -> tuple[str, ...]:
    return tuple(name for name, part in config.connections.items() if part.sweep == "off")


# --- files


def _fit(source: Path, home: Home) -> None:
    """Raises Unfit where the file is no whole database of this installation."""
    if not source.is_file():
        raise Unfit(f"there is no file {source}")
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as file:
            said = [str(row[0]) for row in file.execute("PRAGMA quick_check(3)")]
            mark = file.execute("SELECT value FROM install WHERE name = ?", (KEY_FACT,)).fetchone()
    except sqlite3.Error as error:
        raise Unfit(f"{source} is no backup of a hub's books: {error}") from error
    if said != ["ok"]:
        raise Unfit(f"{source} is damaged: {'; '.join(said)}")
    if mark is not None and mark[0] != key_mark(InstallKey(home.key_file)):
        raise Unfit(
            f"{source} belongs to another install key: effects are named by it. Restore the key that was in use "
            "with it into the vault first"
        )


def _copy(source: Path, target: Path) -> None:
    made = os.open(target, os.O_CREAT | os.O_WRONLY, 0o600)
    os.close(made)
    books = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=10)
    with closing(books), closing(sqlite3.connect(target)) as copy:
        books.backup(copy)


def _sign(copy: Path, now: datetime) -> int:
    """Writes into the copy since when it is one; the number of its orders."""
    with closing(sqlite3.connect(copy)) as file:
        file.execute("PRAGMA journal_mode=DELETE")
        file.execute("INSERT OR REPLACE INTO install (name, value) VALUES (?, ?)", (BACKUP_FACT, now.isoformat()))
        file.commit()
        return int(file.execute("SELECT count(*) FROM orders").fetchone()[0])


def _whole(database: Path) -> None:
    """Everything in the one file, so that it can be moved by itself."""
    with closing(sqlite3.connect(database)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.execute("PRAGMA journal_mode=DELETE")


def _put_aside(database: Path, folder: Path) -> Path | None:
    """Another name for the file that lies there, with all that its log holds. Until the backup takes its own name, the
    books are where they were. A log that was left behind, or of a damaged file, goes too: it would be taken for the
    backup's.
    """
    logs = [database.with_name(database.name + suffix) for suffix in ("-wal", "-shm")]
    if not any(path.exists() for path in (database, *logs)):
        return None
    folder.mkdir(parents=True, mode=0o700)
    if database.exists():
        with suppress(sqlite3.Error):
            _whole(database)
        os.link(database, folder / database.name)
    for log in logs:
        if log.exists():
            os.replace(log, folder / log.name)
    sync(folder)
    return folder


def _forget(draft: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)
