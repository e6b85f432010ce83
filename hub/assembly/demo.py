"""The demo: a hub in a process of its own, a world beside it, and a verdict counted from the world's ledgers."""

from __future__ import annotations

import json
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from hub.assembly.demo_files import ACCOUNTS, write
from hub.assembly.home import Home
from hub.sandbox.evidence import Evidence
from hub.sandbox.running import RunningWorld
from hub.sandbox.settings import Settings
from hub.sandbox.verdict import Verdict, judge
from hub.sandbox.world import World

__all__ = [
    "HubFailed", "HubProcess", "Progress", "Terms", "Verdict", "answers", "answers_by", "free_port", "run", "states",
]  # fmt: skip

_READY_SECONDS = 20.0
_LOOK_SECONDS = 0.5
_CALM_LOOKS = 6  # looks in a row that show nothing moving, before a run that is complete counts as over


@dataclass(frozen=True)
class Terms:
    """What to run. `rate`: orders placed per second; `seconds`: the run's limit after the first order."""

    orders: int = 60
    rate: float = 6.0
    faults: str = "rough"
    kill: bool = False
    seed: int = 1
    seconds: float = 85.0
    kill_every: tuple[float, float] = (5.0, 9.0)


@dataclass
class Progress:
    """What the live table shows."""

    seconds: float = 0.0
    placed: int = 0
    states: dict[str, int] = field(default_factory=dict)
    world: dict[str, Any] = field(default_factory=dict)
    kills: int = 0


class HubFailed(Exception):
    """The hub's process did not come up; the words are its own."""


class HubProcess:
    """`crossdock serve` as a child that may be killed at any moment and started again.

    `prefix` is what is written before the command, such as a program that confines it and then becomes it.
    """

    def __init__(self, home: Home, port: int, prefix: Sequence[str] = ()) -> None:
        self._home, self._port, self._prefix = home, port, prefix
        self._log = home.folder / "hub.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def start(self) -> None:
        words = ["serve", "--home", str(self._home.folder), "--port", str(self._port)]
        command = [*self._prefix, sys.executable, "-m", "hub.cli.main", *words]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        """The running child's. Raises HubFailed where none was started."""
        if self._process is None:
            raise HubFailed("the hub was not started")
        return self._process.pid

    def wait_ready(self) -> None:
        """Raises HubFailed when it does not answer in time."""
        waiting = Retrying(
            stop=stop_after_delay(_READY_SECONDS),
            wait=wait_fixed(0.05),
            retry=retry_if_result(lambda up: not up),
            retry_error_callback=lambda _: False,
        )
        if not waiting(self._is_up_or_gone) or not self.is_up():
            raise HubFailed(self.last_words())

    def _is_up_or_gone(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.is_up() or (self._process is not None and self._process.poll() is not None)

    def is_up(self) -> bool:
        """Whether it accepts connections."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=0.2):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """SIGKILL, and at once a new one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self.kills += 1
        self.start()

    def signal(self, what: signal.Signals) -> None:
        """Such as SIGSTOP; nothing where no child runs."""
        if self._process is not None:
            self._process.send_signal(what)

    def ended(self) -> int | None:
        """The exit status of a child that has ended by itself; None while it runs."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def last_words(self) -> str:
        """The end of what it and those before it said."""
        text = self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""
        return text[-2000:] or "the hub said nothing"


def run(terms: Terms, directory: Path, watch: Callable[[Progress], None] = lambda progress: None) -> Verdict:
    """Runs the demo in `directory` and judges it. Raises HubFailed."""
    world_directory = directory / "world"
    world_directory.mkdir(parents=True, exist_ok=True)
    world = World.standard(terms.seed, world_directory, time.time, Settings.hasty(), terms.faults)
    port = free_port()
    home = Home(directory / "hub")
    home.folder.mkdir(parents=True, exist_ok=True)
    with RunningWorld(world) as running:
        write(home, running.connections(), f"127.0.0.1:{port}")
        hub = HubProcess(home, port)
        hub.start()
        try:
            hub.wait_ready()
            for name, account in ACCOUNTS.items():
                world.subscribe(account, f"http://127.0.0.1:{port}/webhooks/{name}")
            began = time.monotonic()
            running.scenario.run(terms.orders, terms.rate, time.time() + 0.2)
            _attend(terms, world, home, hub, began, watch)
        finally:
            hub.stop()
        return _judge(world_directory, home, time.monotonic() - began, terms)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _attend(
    terms: Terms, world: World, home: Home, hub: HubProcess, began: float, watch: Callable[[Progress], None]
) -> None:
    """Watches until everything that should end has ended, or time is up; kills the hub now and then if asked to."""
    chance = random.Random(terms.seed)  # noqa: S311 - a demo that can be repeated, not a secret
    next_kill: float | None = began + chance.uniform(*terms.kill_every)
    progress, calm = Progress(), 0
    while (seconds := time.monotonic() - began) < terms.seconds:
        if terms.kill and next_kill is None and hub.is_up():
            next_kill = time.monotonic() + chance.uniform(*terms.kill_every)  # of a life, not of a boot
        elif terms.kill and next_kill is not None and time.monotonic() >= next_kill:
            hub.kill()
            next_kill = None
        time.sleep(_LOOK_SECONDS)
        now = Progress(seconds, world.status()["orders"], states(home), world.status(), hub.kills)
        still = now.states == progress.states and now.placed == terms.orders
        calm = calm + 1 if still else 0
        progress = now
        watch(progress)
        if calm >= _CALM_LOOKS and _complete(world, home, seconds, terms):
            return


def _complete(world: World, home: Home, seconds: float, terms: Terms) -> bool:
    counts = _judge(world.directory, home, seconds, terms).counts
    return bool(
        counts["completed"] + counts["parked"] + counts["dead"] >= counts["expected_completed"]
        and counts["held"] >= counts["expected_held"]
        and not counts["missing_effect"]
        and not counts["lost"]
    )


def _judge(world_directory: Path, home: Home, seconds: float, terms: Terms) -> Verdict:
    return judge(Evidence.read(world_directory), answers(home), seconds, terms.faults)


def states(home: Home) -> dict[str, int]:
    """How many orders the hub has in each state."""
    return dict(_rows(home, "SELECT state, count(*) FROM orders GROUP BY state"))


def answers(home: Home) -> list[dict[str, Any]]:
    """What the hub says of each order, and of payloads it holds because no mapping could read them."""
    return answers_by(lambda sql: _rows(home, sql))


def answers_by(rows: Callable[[str], Sequence[Sequence[Any]]]) -> list[dict[str, Any]]:
    """The same for a database that is asked in some other way."""
    orders = rows("SELECT connection, source_id, state FROM orders WHERE document IS NOT NULL")
    found = [{"connection": c, "source_order_id": s, "state": state} for c, s, state in orders]
    held = rows("SELECT connection, body FROM messages WHERE state = 'held' ORDER BY id")
    known = {answer["source_order_id"] for answer in found}
    for connection, body in held:
        source_id = _named(body)
        if source_id is not None and source_id not in known:
            known.add(source_id)
            found.append({"connection": connection, "source_order_id": source_id, "state": "held"})
    return found


def _named(body: bytes | str) -> str | None:
    """The source's id in a payload that could not be translated, if it can be read at all."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    found = document.get("id") if isinstance(document, dict) else None
    return str(found) if found is not None else None


def _rows(home: Home, sql: str) -> list[tuple[Any, ...]]:
    try:
        connection = sqlite3.connect(f"file:{home.database}?mode=ro", uri=True, timeout=5)
    except sqlite3.Error:
        return []
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.Error:
        return []  # the hub is being started: look again later
    finally:
        connection.close()
