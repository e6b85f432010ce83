"""Empty stores of either kind for tests: a file of their own, or a new database of the session's PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.store.moments import SqlStore
from hub.store.open import open_postgres, open_sqlite
from hub.store.sqlite import connect
from hub.store.tables import create_tables
from tests.postgres import PostgresServer

KINDS = ("sqlite", "postgres")
MakeStore = Callable[[], SqlStore]


@contextmanager
def stores(directory: Path, server: PostgresServer | None) -> Iterator[MakeStore]:
    """As many as are asked for; closed, and their databases dropped, at the end."""
    made: list[SqlStore] = []
    urls: list[str] = []

    def make() -> SqlStore:
        if server is None:
            made.append(_file(directory / f"hub-{len(made)}.db"))
        else:
            urls.append(server.fresh())
            made.append(open_postgres(urls[-1], threaded=False))
        return made[-1]

    try:
        yield make
    finally:
        for store in made:
            store.close()
        for url in urls:
            assert server is not None
            server.drop(url)


def _file(path: Path) -> SqlStore:
    connection = connect(path, synchronous="OFF")
    create_tables(connection)
    connection.close()
    return open_sqlite(path, threaded=False, synchronous="OFF")
