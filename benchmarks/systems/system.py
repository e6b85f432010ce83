"""What every system of the benchmark is: processes that accept the storefront's orders and make the four calls."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.order import WEBHOOK_PATH
from hub.assembly.demo import free_port

READY_SECONDS = 60.0


@dataclass(frozen=True)
class Place:
    """Where a system runs: a folder of its own, the stand-in it calls, and how many orders it may have in hand."""

    folder: Path
    providers: str
    parallel: int


class Failed(Exception):
    """A system did not come up; the text is its own last words."""


class System(ABC):
    """Processes with one log each. `prepare` makes what survives a kill; `commands` says what is started."""

    name: str
    title: str
    orders = 300  # about what it works off in ten seconds
    in_hand = 64  # orders in hand at once while providers take their time, where that is a setting
    calls = True  # whether it makes the four calls at all

    def __init__(self, place: Place) -> None:
        self.place = place
        self.port = free_port()
        self._running: list[subprocess.Popen[bytes]] = []

    @abstractmethod
    def commands(self) -> Sequence[Sequence[str]]:
        """The processes; each may start others."""

    def prepare(self) -> None:
        """Makes what must be there before the first start."""

    def environment(self) -> Mapping[str, str]:
        """What the processes are told beside their commands."""
        return {}

    def services(self) -> Mapping[str, list[int]]:
        """Name -> processes of databases and queues that are its own."""
        return {}

    def close(self) -> None:
        """Ends what `prepare` started."""

    def start(self) -> None:
        """Raises Failed."""
        environment = {**os.environ, **self.environment()}
        for number, words in enumerate(self.commands()):
            with (self.place.folder / f"log-{number}").open("ab") as log:
                made = subprocess.Popen(
                    words, stdout=log, stderr=log, env=environment, cwd=self.place.folder, start_new_session=True
                )
            self._running.append(made)
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and all(process.poll() is None for process in self._running):
            with suppress(OSError, HTTPException), closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as knock:
                knock.request("GET", WEBHOOK_PATH)
                knock.getresponse()
                return
            time.sleep(0.02)
        raise Failed(self.last_words())

    def last_words(self) -> str:
        logs = sorted(self.place.folder.glob("log-*"))
        return "\n".join(log.read_text(errors="replace")[-1500:] for log in logs)

    def pids(self) -> list[int]:
        """Its own processes, without services."""
        return [process.pid for process in self._running]

    def kill(self) -> None:
        """SIGKILL for all of its own processes and their children, at once."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for what takes too long."""
        self._signal(signal.SIGTERM)

    def _signal(self, which: signal.Signals) -> None:
        for process in self._running:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, which)
        for process in self._running:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            with suppress(ProcessLookupError):  # children that outlived it
                os.killpg(process.pid, signal.SIGKILL)
        self._running = []
