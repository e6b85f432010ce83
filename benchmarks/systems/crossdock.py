"""Crossdock as it is installed: a folder with `hub.yaml`, four connectors of YAML, and a flow of four steps."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from ruamel.yaml import YAML

from benchmarks.order import SECRET
from benchmarks.prefill import FIRST_COPY, fill_postgres, fill_sqlite
from benchmarks.services import Postgres, Valkey
from benchmarks.systems.system import System
from hub.assembly.home import Home
from hub.vault.keys import InstallKey
from hub.vault.store import Vault

INSTALLATION = Path(__file__).resolve().parent.parent / "installation"
DEFAULT_WORKERS = 24
_PROVIDERS = {"pay": "benchpay", "ware": "benchware", "carrier": "benchlabel", "mail": "benchmail"}


class Embedded(System):
    """One process, one SQLite file."""

    name = "crossdock"
    title = "Crossdock, embedded"
    orders = 1000
    shops: tuple[str, ...] = ("shop",)

    @property
    def home(self) -> Home:
        return Home(self.place.folder / "hub")

    def prepare(self) -> None:
        home = self.home
        shutil.copytree(INSTALLATION, home.folder)
        home.data.mkdir()
        home.vault.mkdir(mode=0o700)
        vault = Vault(home.secrets_file, InstallKey.load_or_create(home.key_file))
        yaml = YAML()
        yaml.representer.ignore_aliases = lambda *_: True
        with home.config.open("w", encoding="utf-8") as file:
            yaml.dump(self.document(vault), file)

    def document(self, vault: Vault) -> dict[str, Any]:
        """What `hub.yaml` holds."""
        connections = {name: self._provider(connector) for name, connector in _PROVIDERS.items()}
        return {
            "hub": {
                "bind": f"127.0.0.1:{self.port}",
                "workers": self.place.parallel or DEFAULT_WORKERS,
                "mail": "mail",
                "shop": {"name": "Larch & Loam", "email": "orders@larch.example"},
            },
            "routing": [{"method": "warehouse", "connection": "ware"}],
            "connections": {name: self._shop(name, vault) for name in self.shops} | connections,
        }

    def _shop(self, name: str, vault: Vault) -> dict[str, Any]:
        """A live WooCommerce shop of which the hub has the webhooks alone. With a connector it would also read each
        order at its source before it charges: a fifth call, which nobody else in the comparison makes."""
        return {
            "env": "live",
            "mode": "live",
            "webhook": {"source": "woocommerce", "secrets": [vault.put(f"{name}.webhook", SECRET)]},
            "act_from": (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds"),
            "owners": {"capture": "hub", "fulfill": "hub", "mail": {"confirmation": "hub"}},
            "sweep": "off",
        }

    def _provider(self, connector: str) -> dict[str, Any]:
        return {
            "connector": connector,
            "env": "live",
            "mode": "live",
            "base_url": self.place.providers,
            "private_targets": [urlsplit(self.place.providers).netloc],
        }

    def commands(self) -> Sequence[Sequence[str]]:
        return [self.crossdock("serve")]

    def fill(self, count: int, *, slim: bool, due: bool, first: int = FIRST_COPY) -> None:
        """Puts so many copies of the first order beside it, while nothing of the hub runs."""
        fill_sqlite(self.home.database, count, slim=slim, due=due, first=first)

    def stored_bytes(self) -> int:
        """The size of its database."""
        return self.home.database.stat().st_size

    def crossdock(self, command: str) -> list[str]:
        """One of its commands, on its folder."""
        words = ["--home", str(self.home.folder), "--log-level", "warning"]
        return [sys.executable, "-m", "hub.cli.main", command, *words]


class Scaled(Embedded):
    """One process that serves and two that work, one for each core, on PostgreSQL; Valkey wakes them."""

    name = "crossdock-postgres"
    title = "Crossdock, PostgreSQL, 2 workers"
    orders = 500
    workers = 2

    def prepare(self) -> None:
        self._valkey, self._postgres = Valkey(), Postgres()
        super().prepare()

    def close(self) -> None:
        self._valkey.close()
        self._postgres.close()

    def services(self) -> Mapping[str, list[int]]:
        return {"valkey": [self._valkey.pid], "postgresql": [self._postgres.pid]}

    def document(self, vault: Vault) -> dict[str, Any]:
        made = super().document(vault)
        if self.place.parallel:
            made["hub"]["workers"] = max(1, self.place.parallel // self.workers)
        return made | {"store": self._postgres.url, "queue": self._valkey.url}

    def fill(self, count: int, *, slim: bool, due: bool, first: int = FIRST_COPY) -> None:
        fill_postgres(self._postgres.url, count, slim=slim, due=due, first=first)

    def stored_bytes(self) -> int:
        with psycopg.connect(self._postgres.url) as connection:
            found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert found is not None
        return int(found[0])

    def commands(self) -> Sequence[Sequence[str]]:
        return [self.crossdock("serve"), *[self.crossdock("worker")] * self.workers]


class ScaledOne(Scaled):
    """The same with one worker: beside the others it shows what a process more is worth."""

    name, title, workers = "crossdock-postgres-1", "Crossdock, PostgreSQL, 1 worker", 1


class ScaledFour(Scaled):
    """The same with four."""

    name, title, workers = "crossdock-postgres-4", "Crossdock, PostgreSQL, 4 workers", 4
