"""The installation that every case starts from: read and migrated once, then copied.

Each runner has a folder, three ports and an `Install` of its own; what a case leaves there the next one removes. The
folder is in memory where the machine has such a disk: SIGKILL loses nothing that the kernel has, so a real disk would
show the same, slower. The store is opened as a hub opens it all the same, with synchronous=FULL. Over PostgreSQL each
runner has a database of its own, made anew from one that is kept; no case ends the server, so it need not sync either.
"""

from __future__ import annotations

import base64
import random
import shutil
import socket
import sqlite3
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import hub.assembly.hub
from hub.assembly import demo_files
from hub.assembly.build import Surroundings
from hub.assembly.config import ConnectionPart
from hub.assembly.home import Home
from hub.assembly.install import Install, read_install
from hub.connector.connection import Clock as ConnectorClock
from hub.sandbox.running import credentials
from hub.sandbox.settings import Settings
from hub.sandbox.world import World
from hub.store import upgrade
from hub.store.moments import SqlStore
from hub.store.open import open_postgres, open_sqlite
from hub.vault.keys import InstallKey
from tests.crash.board import SECOND, Board
from tests.crash.walks import CONNECTIONS, TWIN, Walk
from tests.postgres import PostgresServer

_RAM = Path("/dev/shm")
_PORTS = (20_000, 32_000)  # below those that the kernel hands out to callers
_ANSWER_SECONDS = 0.4  # of the wall: how long a call that is never answered keeps a case waiting
SWEEP_SECONDS = 30.0
# Nothing waits for the wall but a lost answer, so these are long against each other and cost nothing.
SETTINGS = Settings.hasty().but(shipbob_index_lag_seconds=0.35)


def around(board: Board, started: datetime) -> Surroundings:
    """The real HTTP transport; the shared clock, which this process trusts since it started; jitter that repeats."""
    clock = ConnectorClock(board.monotonic, board.pass_time, board.now)
    return Surroundings(connector_clock=clock, jitter=random.Random("crash"), steady_since=lambda: started)


def build_world(folder: Path, board: Board) -> World:
    world = World("crash", folder, board.seconds, SETTINGS)
    stripe = world.add_stripe("main")
    world.add_shopify("aurora", stripe)
    world.add_woocommerce("basalt", stripe)
    world.add_shopify(TWIN.partition("/")[2], stripe)
    world.add_shipbob("main")
    world.add_easypost("main")
    return world


@dataclass(frozen=True)
class Lodge:
    """`web`, `post`: where the world answers; `door`: where the hub does."""

    folder: Path
    web: int
    post: int
    door: int
    install: Install
    server: PostgresServer | None = None  # where its books are; None for a file of their own

    @property
    def home(self) -> Home:
        return Home(self.folder / "hub")

    @property
    def world(self) -> Path:
        return self.folder / "world"

    @property
    def trace(self) -> Path:
        return self.folder / "trace.jsonl"

    @property
    def report(self) -> Path:
        return self.folder / "world.json"

    @property
    def log(self) -> Path:
        return self.folder / "hub.log"

    def clean(self) -> None:
        """As before the first order."""
        shutil.rmtree(self.world, ignore_errors=True)
        for file in (self.trace, self.report, self.log, *self.home.data.iterdir()):
            file.unlink(missing_ok=True)
        if self.server is None:
            shutil.copyfile(self.empty, self.home.database)
        else:
            self.server.anew(self.install.config.store, self._template)

    @property
    def empty(self) -> Path:
        return self.folder / "empty.db"

    @property
    def _template(self) -> str:
        return f"empty_{self.door}"

    def open(self) -> SqlStore:
        """What a case left behind."""
        if self.server is None:
            return open_sqlite(self.home.database, threaded=False)
        return open_postgres(self.install.config.store, connections=2, threaded=False)

    def keep_empty(self) -> None:
        """The books as they are now are what every case begins with."""
        if self.server is None:
            self.home.database.rename(self.empty)
        else:
            self.server.kept_as(self.install.config.store, self._template)

    def of(self, walk: Walk) -> Install:
        """The installation in which this walk takes place."""
        parts = {name: part.model_copy(update=_told(name, walk)) for name, part in self._parts.items()}
        return replace(self.install, config=self.install.config.model_copy(update={"connections": parts}))

    @property
    def _parts(self) -> dict[str, ConnectionPart]:
        return dict(self.install.config.connections)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _told(name: str, walk: Walk) -> dict[str, Any]:
    if name == CONNECTIONS[walk.shop] and walk.sweep:
        return {}
    return {"sweep": "off"}


def make(workers: int = 1, server: PostgresServer | None = None) -> Lodge:
    """Writes and reads an installation, and makes its empty database. Takes seconds; forks nothing, starts nothing."""
    folder = Path(tempfile.mkdtemp(prefix="crossdock-crash-", dir=_RAM if _RAM.is_dir() else None))
    web, post, door = _free_ports(3)
    board = Board()
    board.clear()
    world = build_world(folder / "probe", board)
    home = Home(folder / "hub")
    home.folder.mkdir()
    _know_the_key(home)
    names = {connection: account for account, connection in CONNECTIONS.items()}
    demo_files.write(home, _accounts(world, web, post), f"127.0.0.1:{door}", names, _storefront())
    world.close()
    install = _unhurried(read_install(home.folder), workers)
    if server is not None:
        install = replace(install, config=install.config.model_copy(update={"store": server.fresh()}))
    lodge = Lodge(folder, web, post, door, install, server)
    _make_empty(lodge, board)
    return lodge


def _know_the_key(home: Home) -> None:
    """The same key everywhere: providers see names made from it, and the sandbox decides by those when it packs."""
    home.vault.mkdir(parents=True, mode=0o700)
    made = _said(InstallKey.load_or_create(home.key_file).identity)
    text = home.key_file.read_text(encoding="ascii")
    assert made in text
    home.key_file.write_text(text.replace(made, _said(random.Random("crash").randbytes(32))), encoding="ascii")


def _said(identity: bytes) -> str:
    return base64.urlsafe_b64encode(identity).rstrip(b"=").decode()


def _accounts(world: World, web: int, post: int) -> dict[str, dict[str, Any]]:
    found = {}
    for prefix, account in world.accounts.items():
        carried = credentials(account) | {"base_url": f"http://127.0.0.1:{web}/{prefix}"}
        carried.setdefault("webhook_secret", world.webhook_secret(prefix))
        found[prefix] = carried
    return found | {"mailbox": {"host": "127.0.0.1", "port": post}}


def _storefront() -> dict[str, Any]:
    return {"sweep": {"every_seconds": SWEEP_SECONDS, "overlap_seconds": 120.0}}


def _unhurried(install: Install, workers: int) -> Install:
    """The demo's, but for what is waited for on the wall, and for when it begins to act: with the case."""
    parts = {}
    for name, part in install.config.connections.items():
        timing = part.timing.model_copy(update={"connect_seconds": 1.0, "total_seconds": _ANSWER_SECONDS})
        changes: dict[str, Any] = {"timing": timing, "act_from": None}
        if part.poll_seconds is not None:
            changes["poll_seconds"] = 5.0
        if CONNECTIONS[TWIN] == name:
            changes["capture"] = "on_shipment"
        parts[name] = part.model_copy(update=changes)
    own = install.config.hub.model_copy(update={"workers": workers})
    return replace(install, config=install.config.model_copy(update={"connections": parts, "hub": own}))


def _make_empty(lodge: Lodge, board: Board) -> None:
    """Migrated, and with every declaration kept: what a first start does, and a crash case need not repeat."""
    if lodge.server is None:
        upgrade.upgrade(lodge.home.database)
    read_once(lodge.install)
    hub.assembly.hub.open_hub(
        lodge.home.folder, threaded=False, own=True, clock=board.now, around=around(board, board.now())
    ).close()
    store = lodge.open()
    store.writer.run(lambda tx: tx.run("DELETE FROM connections"))  # each case begins to act at its own start
    store.close()
    if lodge.server is None:
        connection = sqlite3.connect(lodge.home.database, isolation_level=None)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    lodge.keep_empty()


def read_once(install: Install) -> None:
    """From now on this process opens its hub over what was read already, instead of reading every file again."""
    opener: Any = hub.assembly.hub
    opener.read_install = lambda folder: install


def _free_ports(count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        port = random.SystemRandom().randrange(*_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


__all__ = ["SECOND", "SETTINGS", "SWEEP_SECONDS", "Lodge", "around", "build_world", "make", "read_once"]
