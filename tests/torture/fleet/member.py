"""One process of the installation, on a machine of its own as far as its clock says: `crossdock serve` or a worker."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from hub.assembly.demo import free_port
from hub.assembly.home import Home
from tests.torture.machine import WrongClock

_WORKING = b"crossdock: working"
_STOP_SECONDS = 60.0
_WORDS = 8000


class Member:
    """`kind`: "serve" or "worker". It is one process after the other, each of which may be killed at any moment."""

    def __init__(self, kind: str, name: str, home: Home, logs: Path) -> None:
        self.kind, self.name, self._home = kind, name, home
        self.port = free_port() if kind == "serve" else 0
        self.clock = WrongClock(logs / f"{name}.clock")
        self._log = logs / f"{name}.log"
        self._began_at = 0  # where in its log the process that runs now began
        self._process: subprocess.Popen[bytes] | None = None
        self.since = 0.0  # when it was started
        self.up = False  # whether it was seen to be at work, since it was started
        self.stands_still = False

    def start(self) -> None:
        words = [self.kind, "--home", str(self._home.folder), *(["--port", str(self.port)] if self.port else [])]
        self._began_at = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            # Who is asked by SIGABRT says what each of its threads is at.
            command = [*self.clock.environment(), "PYTHONFAULTHANDLER=1", sys.executable, "-m", "hub.cli.main", *words]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self.since, self.up, self.stands_still = time.monotonic(), False, False

    def look(self) -> bool:
        """Whether it has come up by now."""
        if not self.up:
            self.up = self._listens() if self.port else _WORKING in self._said()
        return self.up

    def ended(self) -> int | None:
        """The exit status of one that has ended by itself."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def abort(self) -> None:
        """The end of one that does not end: its threads' last places are in its last words."""
        self._signal(signal.SIGABRT)
        self.wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)
        self.stands_still = True

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)
        self.stands_still = False

    def ask_to_stop(self) -> None:
        self._signal(signal.SIGTERM)

    def wait(self) -> int:
        """Waits for one that was asked to; its exit status."""
        if self._process is None:
            return 0
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=_STOP_SECONDS)
        self.kill()
        return -signal.SIGKILL

    def last_words(self) -> str:
        return self._said().decode("utf-8", "replace")[-_WORDS:]

    def _said(self) -> bytes:
        with self._log.open("rb") as log:
            log.seek(self._began_at)
            return log.read()

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2):
                return True
        except OSError:
            return False

    def _signal(self, what: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(what)
