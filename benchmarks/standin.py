"""The providers' stand-in as a process of its own, and what its ledger says."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from http.client import HTTPConnection
from types import TracebackType
from typing import Any

from benchmarks.native import command

STEPS = ("charge", "warehouse", "label", "mail")


@dataclass(frozen=True)
class Entry:
    """How often each of an order's four calls came, and when all had come (monotonic seconds; 0: not all did)."""

    calls: tuple[int, int, int, int]
    completed: float


class StandIn:
    """`with StandIn() as providers:`"""

    def __init__(self, *, compiled: bool = True) -> None:
        words = [*command("standin", compiled=compiled), "0", "0"]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def counts(self) -> dict[str, Any]:
        """The sums of the ledger."""
        found: dict[str, Any] = json.loads(self._ask("GET", "/counts"))
        return found

    def ledger(self) -> dict[int, Entry]:
        """Order -> what was done for it."""
        found = {}
        for line in self._ask("GET", "/ledger").decode().splitlines():
            number, a, b, c, d, at = line.split()
            found[int(number)] = Entry((int(a), int(b), int(c), int(d)), float(at))
        return found

    def reset(self, delay_ms: float) -> None:
        """An empty ledger, and this delay from now on."""
        self._ask("POST", f"/delay/{delay_ms:g}")
        self._ask("POST", "/reset")

    def mode(self, step: str, mode: str) -> None:
        """Makes one provider `ok`, or `stuck`, `hang` or `503` (see native/standin.c)."""
        self._ask("POST", f"/mode/{step}/{mode}")

    def _ask(self, method: str, path: str) -> bytes:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, b"" if method == "POST" else None)
            return connection.getresponse().read()
        finally:
            connection.close()
