"""A town to travel through: a running sandbox, a hub in a process of its own, and eyes on both."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from ruamel.yaml import YAML

from hub.assembly.demo import HubProcess, answers_by, free_port
from hub.assembly.demo_files import ACCOUNTS, write
from hub.assembly.desk import Desk
from hub.assembly.home import Home
from hub.assembly.hub import open_hub
from hub.sandbox.books import StoreOrder
from hub.sandbox.evidence import Evidence
from hub.sandbox.ledger import read_ledgers, read_lines
from hub.sandbox.merchant import Merchant
from hub.sandbox.running import RunningWorld
from hub.sandbox.scenario import Scenario
from hub.sandbox.settings import Settings
from hub.sandbox.world import World
from hub.vault.keys import InstallKey
from hub.vault.store import Vault

Line = dict[str, Any]
_BUSY_STEPS = (
    "SELECT order_key, id, state FROM steps WHERE state IN ('ready', 'leased', 'intent', 'unknown', 'waiting')"
)
_BUSY_MESSAGES = (
    "SELECT CAST(id AS TEXT) FROM messages WHERE due_at > 0 "
    "UNION SELECT key FROM chores WHERE kind = 'fetch' AND due_at > 0"
)


class Town:
    """`with Town(directory) as town:`; `names` maps connections to the sandbox's accounts.

    `people` may add to the world before it opens; `storefront` overrides what each storefront's connection says;
    `configure` may change the whole hub.yaml, and put secrets into the vault, before the hub starts; `prefix` stands
    before its command; `beside` is a town in whose world this one's hub stands too, an installation of its own;
    `database` is the URL of a PostgreSQL one, where the hub's is no file.
    """

    def __init__(
        self,
        directory: Path,
        *,
        people: Callable[[World], None] = lambda world: None,
        names: Mapping[str, str] = ACCOUNTS,
        storefront: Mapping[str, Any] | None = None,
        configure: Callable[[dict[str, Any], Vault], None] = lambda document, vault: None,
        level: str = "calm",
        settings: Settings | None = None,
        webhooks: bool = True,
        prefix: Callable[[Home], Sequence[str]] = lambda home: (),
        beside: Town | None = None,
        database: str | None = None,
    ) -> None:
        self._names, self._storefront, self._webhooks, self._configure = names, storefront, webhooks, configure
        self._beside, self._database = beside, database
        if beside is None:
            (directory / "world").mkdir(parents=True)
            self.world = World.standard(3, directory / "world", time.time, settings or Settings.hasty(), level)
            people(self.world)
            self.running = RunningWorld(self.world)
        else:
            directory.mkdir(parents=True)
            self.world, self.running = beside.world, beside.running
        self.home = Home(directory / "hub")
        self.home.folder.mkdir()
        self.port = free_port()
        self.hub = HubProcess(self.home, self.port, prefix(self.home))
        self._closing = ExitStack()

    def __enter__(self) -> Town:
        if self._beside is None:
            self.running.start()
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _open(self) -> None:
        write(self.home, self.running.connections(), f"127.0.0.1:{self.port}", self._names, self._storefront)
        yaml = YAML()
        yaml.representer.ignore_aliases = lambda *_: True  # what two connections share is written out
        document = yaml.load(self.home.config)
        if self._database is not None:
            document["store"] = self._database
        self._configure(document, Vault(self.home.secrets_file, InstallKey(self.home.key_file)))
        with self.home.config.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)
        self.hub.start()
        self.hub.wait_ready()
        if self._webhooks:
            for name, account in self._names.items():
                self.world.subscribe(account, f"http://127.0.0.1:{self.port}/webhooks/{name}")

    def __exit__(self, *_: object) -> None:
        self._closing.close()
        self.hub.stop()
        if self._beside is None:
            self.running.stop()

    # --- hands

    @property
    def scenario(self) -> Scenario:
        return self.running.scenario

    @property
    def merchant(self) -> Merchant:
        return self.running.merchant

    def place(self, shop: str, story: str, parcels: int = 1, **changes: Any) -> StoreOrder:
        """A buyer orders at "shopify/aurora" as the story of this name says; `changes` overwrite the order's fields.

        What leaves in several parcels has at least two lines of two units each.
        """
        storefront = self.world.storefronts[shop]
        told = replace(self.scenario.named(storefront, story), parcels=parcels)
        return self.scenario.place(storefront, told, time.time(), **changes)

    @cached_property
    def desk(self) -> Desk:
        """What the commands and the console decide through: beside the running hub, as the commands are."""
        hub = open_hub(self.home.folder, threaded=False)
        self._closing.callback(hub.close)
        return hub.desk

    def crossdock(self, *words: str) -> str:
        """What one command says; it must succeed. A process of its own: slow."""
        command = [sys.executable, "-m", "hub.cli.main", *words, "--home", str(self.home.folder)]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert told.returncode == 0, f"crossdock {' '.join(words)}: {told.stdout}{told.stderr}"
        return told.stdout

    @contextmanager
    def lost_webhooks(self) -> Iterator[None]:
        """What happens within is told to nobody; the world stands still for others meanwhile."""
        outbox = self.world.desk.outbox
        with self.world.lock:
            listening, outbox.subscriptions = outbox.subscriptions, []
            yield
            outbox.subscriptions = listening

    def now_in(self, url: str) -> None:
        """Writes into hub.yaml that the books are in this database."""
        self._database = url
        yaml = YAML()
        document = yaml.load(self.home.config)
        document["store"] = url
        with self.home.config.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)

    # --- eyes

    def key(self, order: StoreOrder) -> str:
        """The hub's name for a storefront's order: `connection:source id`."""
        connection = next(name for name, account in self._names.items() if account == order.prefix)
        return f"{connection}:{order.id}"

    def state(self, order: StoreOrder) -> str | None:
        return self.states().get(self.key(order))

    def states(self) -> dict[str, str]:
        """`connection:source id` -> the hub's word for the order."""
        return {f"{a['connection']}:{a['source_order_id']}": a["state"] for a in answers_by(self.query)}

    def needs(self) -> dict[str, set[str]]:
        """Order (or connection) -> why something of it waits for a person, as `crossdock attention` tells."""
        found: dict[str, set[str]] = {}
        for need in self.desk.views.attention(self.desk.now()):
            if need.needs_person:
                found.setdefault(need.order or need.connection or "", set()).add(need.code)
        return found

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Looks into the hub's database, which stays the hub's."""
        if self._database is not None:
            with psycopg.connect(self._database) as connection:
                return connection.execute(sql.replace("?", "%s").encode(), values).fetchall()
        return self.query_at(self.home.database, sql, *values)

    @staticmethod
    def query_at(database: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The same where the hub has its folder elsewhere than we see it."""
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def swept(self, connection: str) -> str:
        """When the connection's last whole sweep was done; "" before the first."""
        found = self.query("SELECT detail FROM chores WHERE kind = 'sweep' AND key = ?", connection)
        return str(json.loads(found[0][0]).get("last") or "") if found else ""

    def evidence(self) -> Evidence:
        return Evidence.read(self.world.directory)

    def ledgers(self) -> dict[str, list[Line]]:
        """Every provider's book; "object" lines (harmless things) left out."""
        found = read_ledgers(self.world.directory)
        return {name: [line for line in lines if line["kind"] != "object"] for name, lines in found.items()}

    def deliveries(self, order: StoreOrder) -> list[Line]:
        """The webhooks about one order, and what the hub answered."""
        return [line for line in read_lines(self.world.directory / "deliveries.jsonl") if line["order"] == order.id]

    def quiet(self) -> None:
        """Waits until every webhook has been delivered, and the hub has done all that these asked for."""
        looks = 0
        end = time.monotonic() + 40
        while looks < 2:
            assert time.monotonic() < end, f"the hub does not come to rest: {self.query(_BUSY_STEPS)}"
            looks = looks + 1 if self._at_rest() else 0
            time.sleep(0.25)

    def _at_rest(self) -> bool:
        with self.world.lock:
            due = self.world.next_due()
            coming = due is not None and due < self.world.clock() + 0.3
        return not coming and not self.query(_BUSY_MESSAGES) and not self.query(_BUSY_STEPS)

    def until(self, what: str, true: Callable[[], bool], seconds: float = 40.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if true():
                return
            time.sleep(0.1)
        raise AssertionError(f"it did not come to pass within {seconds} s that {what}; states: {self.states()}")
