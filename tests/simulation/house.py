"""The hub of a run: the real installation of the demo, read once a process, opened anew for every seed and restart."""

from __future__ import annotations

import atexit
import random
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from hub.assembly import demo_files
from hub.assembly.build import Surroundings, build
from hub.assembly.config import ConnectionPart, TimingPart
from hub.assembly.home import Home
from hub.assembly.hub import Hub
from hub.assembly.install import Install, open_vault, read_install
from hub.assembly.restoring import gap_of, tell
from hub.assembly.shipped import root
from hub.connector.connection import Clock as ConnectorClock
from hub.flow.gap import Gap
from hub.flow.manifest import Flow, compile_flow
from hub.language.document import loads
from hub.sandbox.running import credentials
from hub.sandbox.world import World
from hub.vault.keys import InstallKey
from hub.vault.store import Vault
from tests.simulation import ground
from tests.simulation.clock import VirtualClock
from tests.simulation.ground import File, Ground
from tests.simulation.mail import put_in_process
from tests.simulation.network import HOST, Network
from tests.simulation.pace import PACES, Pace
from tests.simulation.terms import Terms
from tests.simulation.universe import TWIN
from tests.simulation.universe import build as build_world
from tests.simulation.watch import laws

ACCOUNTS = {**demo_files.ACCOUNTS, TWIN: f"shopify/{TWIN}"}
CONNECTIONS = {account: name for name, account in ACCOUNTS.items()}
_RAM = Path("/dev/shm")
_SHOPS = ("shopify/", "woocommerce/")


def ram_folder() -> Path:
    """A new folder, in memory where the machine has such a disk."""
    return Path(tempfile.mkdtemp(prefix="crossdock-simulation-", dir=_RAM if _RAM.is_dir() else None))


def accounts_of(world: World) -> dict[str, dict[str, Any]]:
    """Per account what a hub's connection must carry to it."""
    found = {}
    for prefix, account in world.accounts.items():
        carried = credentials(account) | {"base_url": f"{HOST}/{prefix}"}
        carried.setdefault("webhook_secret", world.webhook_secret(prefix))
        found[prefix] = carried
    return found | {"mailbox": {"host": "mail.world.example", "port": 25}}


@dataclass(frozen=True)
class Plan:
    """The installation as read, and what knows empty books to begin with. `accounts` are the probe world's."""

    install: Install
    secrets: Mapping[str, str]  # reference -> the probe's secret
    accounts: Mapping[str, Mapping[str, Any]]
    ground: Ground


def plan(tempo: str) -> Plan:
    under = ground.current()
    if (tempo, under) not in _plans:
        _plans[tempo, under] = _plan(tempo, under)
    return _plans[tempo, under]


_plans: dict[tuple[str, Ground], Plan] = {}


def _plan(tempo: str, ground: Ground) -> Plan:
    """Reads every declaration once; each seed then only exchanges what its world's accounts say otherwise."""
    folder, pace = ram_folder(), PACES[tempo]
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    probe = build_world(Terms(0, tempo=tempo), folder / "world", lambda: 0.0)
    accounts = accounts_of(probe)
    home = Home(folder / "hub")
    home.folder.mkdir()
    # Everything that comes again and again comes less often than in the demo: it costs time and finds nothing new.
    demo_files.write(home, accounts, "127.0.0.1:8480", ACCOUNTS, pace.storefront)
    install = read_install(home.folder)
    parts = {name: part.model_copy(update=_otherwise(part, pace)) for name, part in install.config.connections.items()}
    install = replace(install, config=install.config.model_copy(update={"connections": parts}))
    vault = open_vault(home)
    references = [ref for part in parts.values() for ref in part.secrets.values()]
    references += [ref for part in parts.values() if part.webhook for ref in part.webhook.secrets]
    secrets = {reference: vault.resolve(reference) for reference in references}
    probe.close()
    _keep_empty(ground, tempo, folder, install)
    return Plan(install, secrets, accounts, ground)


def _otherwise(part: ConnectionPart, pace: Pace) -> dict[str, Any]:
    """It acts from the run's first moment on, and has the pace's times."""
    said: dict[str, Any] = {"act_from": None}
    if part.poll_seconds is not None:
        said["poll_seconds"] = pace.poll
    return said if pace.timing else said | {"timing": TimingPart(), "fresh_for_seconds": 600.0}


def _keep_empty(ground: Ground, tempo: str, folder: Path, install: Install) -> None:
    """Migrated, with every declaration stored, and with the laws that no moment may break."""
    books = ground.prepare(tempo, folder)
    store = books.open()
    clock = VirtualClock()
    key = cast(InstallKey, FixedKey(0))
    around, vault = Surroundings(transport=lambda name, policy: cast(Any, None)), cast(Vault, Secrets({}))
    hub = Hub(build(install, vault, key, store, around), vault, key, store, clock.now, around)
    hub.settle()
    store.writer.run(lambda tx: tx.run("DELETE FROM connections"))
    hub.close()
    ground.keep(tempo, books, laws(_fresh_seconds(install)))


def _fresh_seconds(install: Install) -> float:
    """Every storefront's order is read again when it was last read longer ago."""
    parts = (install.config.connections[name] for name, account in ACCOUNTS.items() if account.startswith(_SHOPS))
    return max(part.fresh_for_seconds for part in parts)


class FixedKey:
    """An install key that a seed names."""

    def __init__(self, seed: int) -> None:
        self.identity = random.Random(f"install key {seed}").randbytes(32)


class Secrets:
    """The vault of a run."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def resolve(self, reference: str) -> str:
        return self._values[reference]

    def put(self, name: str, value: str) -> str:
        self._values[f"${{secret:{name}}}"] = value
        return f"${{secret:{name}}}"


class House:
    """One installation over one world. `open` gives a new process; the database stays."""

    def __init__(self, terms: Terms, folder: Path, world: World, network: Network, clock: VirtualClock) -> None:
        self._network, self._clock = network, clock
        self._jitter = random.Random(f"jitter {terms.seed}")
        self._key = cast(InstallKey, FixedKey(terms.seed))
        found = plan(terms.tempo)
        self.books = found.ground.begin(terms.tempo, folder)
        said = _exchange(found.accounts, accounts_of(world))
        self._secrets = {reference: said[value] for reference, value in found.secrets.items()}
        self._install = _resettled(found.install, said, terms)
        self._renamed = terms.renamed
        self._set_at = clock.now()
        self.hubs: dict[int, Hub] = {}  # by the number of their process; one, but where they share a database

    @property
    def hub(self) -> Hub | None:
        """Any that lives."""
        return next(iter(self.hubs.values()), None)

    def open(self, process: int = 0) -> Hub:
        """A hub as it is after a start: nothing in memory, and earlier boots' leases ended where it is alone."""
        assert process not in self.hubs
        store = self.books.open()
        vault = cast(Vault, Secrets(self._secrets))
        clock = ConnectorClock(self._clock.monotonic, self._clock.spend, self._clock.now)
        around = Surroundings(self._network.transport, clock, self._jitter, self.steady_since, gap_of(store))
        built = build(self._install, vault, self._key, store, around)
        hub = self.hubs[process] = Hub(built, vault, self._key, store, self._clock.now, around)
        if not self.books.shared:
            store.expire_leases(self._clock.now())
        hub.settle()
        for connection in built.connections:
            if connection.connector.name == "smtp" and connection.connector.hatch is not None:
                put_in_process(connection.connector.hatch.module, self._network, self._clock)
        for name in sorted(built.swept & set(built.storefronts)):
            store.plan_chore("sweep", name, self._clock.now())
        return hub

    def copy(self) -> datetime:
        """A backup of the books, as `crossdock store backup` makes it. When, which names it."""
        since = self._clock.now()
        with closing(sqlite3.connect(self._file.path)) as books, closing(sqlite3.connect(self._backup(since))) as copy:
            books.backup(copy)
        return since

    def _backup(self, since: datetime) -> Path:
        return self._file.path.with_name(f"backup-{since:%H%M%S%f}.db")

    def put_back(self, since: datetime) -> None:
        """The backup takes the place of the books, and is told so: as `crossdock store restore` does it."""
        assert self.hub is None
        path = self._file.path
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self._backup(since), path)
        with closing(self._file.open()) as store:
            tell(store, Gap(since, self._clock.now()), self._clock.now())

    @property
    def _file(self) -> File:
        """Where the books are one: only there they are put back."""
        assert isinstance(self.books, File)
        return self.books

    def set_clock(self, seconds: float) -> None:
        """Somebody sets the clock of the hub's machine forward; a process that runs and the next one know of it."""
        self._clock.set_forward(seconds)
        self._set_at = self._clock.now()

    def steady_since(self) -> datetime:
        """As `hub.assembly.clock` finds out."""
        return self._set_at

    def end(self) -> None:
        """Nothing is left of it."""
        for process in list(self.hubs):
            self.die(process)
        self.books.remove()

    def die(self, process: int = 0) -> None:
        """The process is gone; what it had not committed with it. The next one may find other flows."""
        if (hub := self.hubs.pop(process, None)) is not None:
            hub.close()
        if self._renamed:
            self._renamed = False
            flows = {name: renamed(flow.name) for name, flow in self._install.catalogue.flows.items()}
            self._install = replace(self._install, catalogue=replace(self._install.catalogue, flows=flows))


@cache
def renamed(name: str) -> Flow:
    """A flow of which somebody has since renamed every step that others wait for."""
    text = (root() / "config" / "flows" / f"{name}.yaml").read_text(encoding="utf-8")
    return compile_flow(
        loads(_NAME.sub(lambda found: found[1] + _WORD.sub(r"new-\g<0>", found[2]), text), f"{name}.yaml")
    )


_NAME = re.compile(r"(?m)^( +(?:- name|after): )(.+)$")
_WORD = re.compile(r"[a-z][a-z-]*")


def _exchange(probe: Mapping[str, Mapping[str, Any]], seeds: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {str(value): str(seeds[a][key]) for a, carried in probe.items() for key, value in carried.items()}


def _resettled(install: Install, said: Mapping[str, str], terms: Terms) -> Install:
    """Settings that name an account (a channel, a shop's domain) name this world's."""
    capture = "on_shipment" if terms.on_shipment else "before_shipping"
    parts = {}
    for name, part in install.config.connections.items():
        settings = {key: said.get(v, v) if isinstance(v, str) else v for key, v in part.settings.items()}
        mode = "observe" if terms.observed and name == TWIN else part.mode
        timing = part.timing.model_copy(update={"max_tries": 2}) if terms.impatient else part.timing
        said_of = {"settings": settings, "capture": capture, "mode": mode, "timing": timing}
        parts[name] = part.model_copy(update=said_of)
    return replace(install, config=install.config.model_copy(update={"connections": parts}))
