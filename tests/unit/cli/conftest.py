"""What the tests of commands may ask for: a way to give one, an installation, and a world of providers to connect
to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from hub.cli.main import main
from hub.sandbox.running import RunningWorld
from hub.sandbox.settings import Settings
from hub.sandbox.world import World

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No installation of the machine is in the way."""
    monkeypatch.delenv("CROSSDOCK_HOME", raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture
def run() -> Run:
    """Gives a command and checks its exit code: `run("check", "x.yaml", code=1)`."""

    def given(*words: str | Path, code: int | None = 0, **more: Any) -> Result:
        done = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False, **more)
        assert code in (None, done.exit_code), done.output
        return done

    return given


@pytest.fixture
def home(tmp_path: Path, run: Run) -> Path:
    """A new installation."""
    folder = tmp_path / "home"
    run("init", folder)
    return folder


@dataclass
class Sandbox:
    """A world on loopback; `accounts` are what a connection must carry to each of its providers."""

    running: RunningWorld
    accounts: Mapping[str, Mapping[str, Any]]

    @property
    def target(self) -> str:
        return urlsplit(str(self.accounts["stripe/main"]["base_url"])).netloc

    def place(self, orders: int) -> None:
        """Orders at the two storefronts, and a moment for them to come about."""
        before = self.running.world.status()["orders"]
        self.running.scenario.run(orders, 200.0, time.time())
        end = time.monotonic() + 20
        while self.running.world.status()["orders"] < before + orders and time.monotonic() < end:
            time.sleep(0.05)

    def answers(self, account: str, folder: Path, settings: Mapping[str, Any], secrets: Mapping[str, str]) -> Path:
        """A file of answers; the secrets stand in files of their own."""
        references = {}
        for name, value in secrets.items():
            path = folder / f"{account.replace('/', '-')}-{name}"
            path.write_text(value)
            references[name] = f"${{file:{path}}}"
        told = {
            "env": "live",
            "base_url": self.accounts[account]["base_url"],
            "private_targets": [self.target],
            "settings": dict(settings),
            "secrets": references,
        }
        path = folder / f"{account.replace('/', '-')}.yaml"
        path.write_text(json.dumps(told))
        return path

    def shopify(self, folder: Path) -> Path:
        carried = self.accounts["shopify/aurora"]
        secrets = {name: str(carried[name]) for name in ("client_id", "client_secret")}
        return self.answers("shopify/aurora", folder, {"shop_domain": str(carried["shop"])}, secrets)

    def shipbob(self, folder: Path) -> Path:
        carried = self.accounts["shipbob/main"]
        return self.answers(
            "shipbob/main", folder, {"channel_id": str(carried["channel"])}, {"token": str(carried["token"])}
        )


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    world = World.standard(11, tmp_path_factory.mktemp("world"), time.time, Settings.hasty(), "calm")
    with RunningWorld(world) as running:
        yield Sandbox(running, running.connections())
