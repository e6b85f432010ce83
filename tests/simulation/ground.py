"""Where a run's books are: a file of its own, or a database of its own on a real PostgreSQL."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import psycopg

from hub.store import postgres, upgrade
from hub.store.moments import SqlStore
from hub.store.open import open_postgres, open_sqlite
from tests.simulation.terms import Terms
from tests.simulation.watch import Law

_CONNECTIONS = 5  # two moments at once, who looks on, and room for those that are lost


class Books(Protocol):
    """Of one run. `shared`: others may work over them at once, so that no start ends anybody's leases."""

    shared: bool

    def open(self) -> SqlStore: ...

    def remove(self) -> None: ...


class Ground(Protocol):
    def __hash__(self) -> int: ...

    def prepare(self, name: str, folder: Path) -> Books:
        """New books at the newest schema, which `keep` makes the ones that all of this name begin with."""
        ...

    def keep(self, name: str, books: Books, laws: tuple[Law, ...]) -> None: ...

    def begin(self, name: str, folder: Path) -> Books: ...


class File:
    shared = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> SqlStore:
        return open_sqlite(self.path, threaded=False, synchronous="OFF")

    def remove(self) -> None:
        """With its folder."""


class Files:
    def __init__(self) -> None:
        self._kept: dict[str, Path] = {}

    def prepare(self, name: str, folder: Path) -> File:
        books = File(folder / "empty.db")
        upgrade.upgrade(books.path)
        return books

    def keep(self, name: str, books: Books, laws: tuple[Law, ...]) -> None:
        assert isinstance(books, File)
        store = books.open()
        for law in laws:
            store.writer.run(lambda tx, law=law: tx.run(law.for_sqlite()))  # type: ignore[misc]
        store.close()
        self._kept[name] = books.path

    def begin(self, name: str, folder: Path) -> File:
        shutil.copyfile(self._kept[name], folder / "hub.db")
        return File(folder / "hub.db")


class Database:
    shared = True

    def __init__(self, server: Server, name: str) -> None:
        self._server, self.name = server, name

    @property
    def url(self) -> str:
        return self._server.of(self.name)

    def open(self) -> SqlStore:
        return open_postgres(self.url, connections=_CONNECTIONS, threaded=False)

    def remove(self) -> None:
        self._server.administer(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


class Server:
    """`url`: of any database of a server, where databases may be made. Each process has its own names."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = itertools.count(1)

    def of(self, database: str) -> str:
        head, _, options = self._url.partition("?")
        return f"{head.rpartition('/')[0]}/{database}?{options}"

    def administer(self, sql: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql.encode())

    def prepare(self, name: str, folder: Path) -> Database:
        books = Database(self, f"{self._mine}_{name}")
        self.administer(f"CREATE DATABASE {books.name}")
        upgrade.upgrade_postgres(books.url)
        return books

    def keep(self, name: str, books: Books, laws: tuple[Law, ...]) -> None:
        assert isinstance(books, Database)
        with psycopg.connect(books.url, autocommit=True) as connection:
            for law in laws:
                connection.execute(law.for_postgres().encode())

    def begin(self, name: str, folder: Path) -> Database:
        books = Database(self, f"{self._mine}_{next(self._numbers)}")
        self.administer(f"CREATE DATABASE {books.name} TEMPLATE {self._mine}_{name}")
        return books

    @property
    def _mine(self) -> str:
        return f"run_{os.getpid()}"


_current: list[Ground] = [Files()]
_servers: dict[str, Ground] = {}


def current() -> Ground:
    return _current[-1]


def terms(seed: int) -> Terms:
    """The seed's mix, with what can go wrong on this ground."""
    drawn = Terms.of(seed)
    return drawn.over_server() if isinstance(current(), Server) else drawn


def settle_on(url: str) -> None:
    """From now on every run of this process has its books on this server."""
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # of each connection that a run loses
    _current.append(_servers.setdefault(url, Server(url)))
    postgres._spoken = _decided


@contextmanager
def over(url: str) -> Iterator[None]:
    settle_on(url)
    try:
        yield
    finally:
        _current.pop()
        postgres._spoken = _spoken


_spoken = postgres._spoken
_OPEN = "ORDER BY due_at LIMIT"
_TIES = {"FROM steps WHERE": "order_key, id", "FROM messages WHERE": "id", "FROM chores WHERE": "kind, key"}


@lru_cache(maxsize=4096)
def _decided(sql: str) -> bytes:
    """What is due at the same instant comes in whatever order the server's pages have: a seed needs one order."""
    if _OPEN in sql:
        ties = next(names for table, names in _TIES.items() if table in sql)
        sql = sql.replace(_OPEN, f"ORDER BY due_at, {ties} LIMIT")
    return _spoken(sql)
