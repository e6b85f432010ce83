"""A town to travel through: a running sandbox, a hub in a process of its own, and eyes on both."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hub.assembly.demo import HubProcess, answers, free_port
from hub.assembly.demo_files import ACCOUNTS, write
from hub.assembly.home import Home
from hub.sandbox.evidence import Evidence
from hub.sandbox.ledger import read_ledgers
from hub.sandbox.running import RunningWorld
from hub.sandbox.settings import Settings
from hub.sandbox.world import World


class Town:
    """`with Town(directory) as town:`; `names` maps connections to the sandbox's accounts."""

    def __init__(
        self,
        directory: Path,
        *,
        people: Callable[[World], None] = lambda world: None,
        names: Mapping[str, str] = ACCOUNTS,
        storefront: Mapping[str, Any] | None = None,
        level: str = "calm",
        settings: Settings | None = None,
        webhooks: bool = True,
    ) -> None:
        self._names, self._storefront, self._webhooks = names, storefront, webhooks
        (directory / "world").mkdir(parents=True)
        self.world = World.standard(3, directory / "world", time.time, settings or Settings.hasty(), level)
        people(self.world)
        self.running = RunningWorld(self.world)
        self.home = Home(directory / "hub")
        self.home.folder.mkdir()
        self.port = free_port()
        self.hub = HubProcess(self.home, self.port)

    def __enter__(self) -> Town:
        self.running.start()
        write(self.home, self.running.connections(), f"127.0.0.1:{self.port}", self._names, self._storefront)
        self.hub.start()
        self.hub.wait_ready()
        if self._webhooks:
            for name, account in self._names.items():
                self.world.subscribe(account, f"http://127.0.0.1:{self.port}/webhooks/{name}")
        return self

    def __exit__(self, *_: object) -> None:
        self.hub.stop()
        self.running.stop()

    @property
    def scenario(self) -> Any:
        return self.running.scenario

    def states(self) -> dict[str, str]:
        """`connection:source id` -> the hub's word for the order."""
        return {f"{a['connection']}:{a['source_order_id']}": a["state"] for a in answers(self.home)}

    def evidence(self) -> Evidence:
        return Evidence.read(self.world.directory)

    def ledgers(self) -> dict[str, list[dict[str, Any]]]:
        """Every provider's book; "object" lines (harmless things) left out."""
        found = read_ledgers(self.world.directory)
        return {name: [line for line in lines if line["kind"] != "object"] for name, lines in found.items()}

    def until(self, what: str, true: Callable[[], bool], seconds: float = 40.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if true():
                return
            time.sleep(0.1)
        raise AssertionError(f"it did not come to pass within {seconds} s that {what}; states: {self.states()}")
