"""The peers and the bounds, each started as its documentation says."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.systems.peer import Peer


class Bare(Peer):
    """A bound: there is nothing to do after the acknowledgement."""

    name = "bare"
    title = "bound: verify and commit, no calls"
    app = "bound_app"
    calls = False

    def web(self) -> list[str]:
        words = [
            "--interface",
            "asgi",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
            "--no-ws",
            "--log-level",
            "error",
        ]
        return [str(Path(sys.executable).with_name("granian")), *words, f"{self.app}:app"]


class Undurable(Bare):
    """A bound: the calls are made, and none of them is durable."""

    name = "undurable"
    title = "bound: four calls, no durable steps"
    orders = 3000
    calls = True

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), "BENCH_CALLS": str(self.place.parallel or 64)}


class RqFork(Peer):
    """RQ's default worker: a process for each job. As many as eight, for each is a whole Python."""

    name = "rq"
    title = "Flask + RQ, Valkey (fork)"
    app = "rq_app"
    orders = 60
    in_hand = 8
    needs_valkey = True

    def commands(self) -> Sequence[Sequence[str]]:
        return [self.web(), [*self._pool(), "orders"]]

    def _pool(self) -> list[str]:
        words = [str(Path(sys.executable).with_name("rq")), "worker-pool", "-n", str(self.parallel), "-q"]
        return [*words, "-u", self.environment()["BENCH_VALKEY"]]


class RqSimple(RqFork):
    """Without a process for each job."""

    name = "rq-simple"
    title = "Flask + RQ, Valkey (SimpleWorker)"
    orders = 200

    def commands(self) -> Sequence[Sequence[str]]:
        return [self.web(), [*self._pool(), "-w", "rq.worker.SimpleWorker", "orders"]]


class Celery(Peer):
    """A pool of threads, which its documentation advises for work that waits."""

    name = "celery"
    title = "Celery, Valkey (threads)"
    app = "celery_app"
    orders = 200
    needs_valkey = True

    def commands(self) -> Sequence[Sequence[str]]:
        words = ["--loglevel", "ERROR", "--pool", "threads", "--concurrency", str(self.parallel)]
        return [self.web(), self.module("celery", "-A", "celery_app:celery", "worker", *words)]


class Dramatiq(Peer):
    """Two processes, one for each core, as it does by itself."""

    name = "dramatiq"
    title = "Dramatiq, Valkey"
    app = "dramatiq_app"
    orders = 500
    needs_valkey = True

    def commands(self) -> Sequence[Sequence[str]]:
        words = ["dramatiq_app", "--processes", "2", "--threads", str(max(8, self.parallel // 2))]
        return [self.web(), self.module("dramatiq", *words)]


class DbosPostgres(Peer):
    """One process, for the workflows run where they are received."""

    name = "dbos"
    title = "DBOS, PostgreSQL"
    app = "dbos_app"
    orders = 200
    web_processes = 1
    needs_postgres = True


class DbosSqlite(DbosPostgres):
    """Its database for those who have none."""

    name = "dbos-sqlite"
    title = "DBOS, SQLite"
    needs_postgres = False

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), "BENCH_DATABASE": f"sqlite:///{self.place.folder / 'dbos.db'}"}
