"""What the peers share: their own requirements beside the hub's, Flask under gunicorn, a Valkey or a PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.order import SECRET
from benchmarks.services import Postgres, Valkey
from benchmarks.systems.system import System

PEERS = Path(__file__).resolve().parent.parent / "peers"


class Peer(System):
    """`app` is its module in peers/. Two web processes share 32 threads: there are two cores and 32 connections."""

    app: str
    web_processes = 2
    needs_valkey = False
    needs_postgres = False

    def prepare(self) -> None:
        self._valkey = Valkey() if self.needs_valkey else None
        self._postgres = Postgres() if self.needs_postgres else None

    def close(self) -> None:
        for service in (self._valkey, self._postgres):
            if service is not None:
                service.close()

    def services(self) -> Mapping[str, list[int]]:
        named = {"valkey": self._valkey, "postgresql": self._postgres}
        return {name: [service.pid] for name, service in named.items() if service is not None}

    def environment(self) -> Mapping[str, str]:
        told = {
            "PYTHONPATH": str(PEERS),
            "BENCH_SECRET": SECRET,
            "BENCH_PROVIDERS": self.place.providers,
            "BENCH_PARALLEL": str(self.parallel),
        }
        if self._valkey is not None:
            told["BENCH_VALKEY"] = self._valkey.url
        if self._postgres is not None:
            told["BENCH_DATABASE"] = self._postgres.url
        return told

    @property
    def parallel(self) -> int:
        """Orders in hand at once, where that is a setting."""
        return self.place.parallel or 8

    def web(self) -> list[str]:
        """The web server."""
        words = ["-b", f"127.0.0.1:{self.port}", "-w", str(self.web_processes), "-k", "gthread"]
        return self.module("gunicorn", *words, "--threads", str(32 // self.web_processes), f"{self.app}:app")

    @staticmethod
    def module(*words: str) -> list[str]:
        """A command of one of the packages."""
        return [sys.executable, "-m", *words]

    def commands(self) -> Sequence[Sequence[str]]:
        return [self.web()]
