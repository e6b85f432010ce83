"""Moves an installation's books from its file into a PostgreSQL database, so that never both are worked on.

Whoever goes on from two copies of the same books does everything twice. So the file says, before anything is copied,
that it is being moved, and no hub starts on it from then on; a move that was interrupted is made good by giving the
command again.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from hub.assembly.config import EMBEDDED, HubConfig
from hub.assembly.database import MOVED_FACT, migrated, read_fact, write_fact
from hub.assembly.home import Home, Unfit
from hub.assembly.storage import Embedded, Server
from hub.store.copying import NotEmpty, Progress, copy_to_postgres


@dataclass(frozen=True)
class Moved:
    """`rows` by table; none of them where an earlier, interrupted move had copied everything already."""

    rows: dict[str, int]
    leases: int


def move(config: HubConfig, home: Home, url: str, now: datetime, progress: Progress) -> Moved:
    """Raises Unfit, Occupied while a hub runs on the file, NotDurable, and what `open_hub` would."""
    if config.store != EMBEDDED:
        raise Unfit("store in hub.yaml names a database already: there is no file to move")
    source, target = Embedded(home.database), Server(url)
    if source.revision() is None:
        raise Unfit("there is no database yet: write the store into hub.yaml, and the first start makes it there")
    with closing(source.hold()):
        migrated(source)
        migrated(target)
        with closing(source.open(threaded=False, workers=1)) as books:
            name = read_fact(books, MOVED_FACT) or str(uuid4())
            write_fact(books, MOVED_FACT, name)
        rows = _copied(source, target, name, progress)
        with closing(target.open(threaded=False, workers=1)) as there:
            return Moved(rows, there.expire_leases(now))


def _copied(source: Embedded, target: Server, name: str, progress: Progress) -> dict[str, int]:
    try:
        return copy_to_postgres(source.path, target.url, progress)
    except NotEmpty as error:
        with closing(target.open(threaded=False, workers=1)) as there:
            if read_fact(there, MOVED_FACT) == name:
                return {}
        _unmark(source)
        raise Unfit(str(error)) from error


def _unmark(source: Embedded) -> None:
    with closing(source.open(threaded=False, workers=1)) as books:
        books.writer.run(lambda tx: tx.run("DELETE FROM install WHERE name = :name", name=MOVED_FACT))
