"""The hand on a `between`: starts it, tells it what to do, asks for its counts."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from hub.assembly.demo import free_port
from tests.torture.machine import CHECKOUT


class Line:
    """`with Line([5432], postgres=True) as line:`; whoever calls `line.port` reaches what it leads to."""

    def __init__(self, targets: list[int], *, postgres: bool = False) -> None:
        self.port = free_port()
        self._command = [sys.executable, "-m", "tests.torture.fleet.between", str(self.port), *map(str, targets)]
        if postgres:
            self._command.append("--postgres")
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Line:
        self._process = subprocess.Popen(
            self._command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.tell()  # it listens by the time it answers
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.kill()
        self._process.wait()

    def tell(self, **what: Any) -> dict[str, int]:
        """Its counts so far."""
        assert self._process is not None and self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        counts: dict[str, int] = json.loads(self._process.stdout.readline())
        return counts

    def hold(self) -> None:
        """A partition: what is sent does not arrive, and nobody is told."""
        self.tell(hold=True)

    def let_go(self, then: str) -> None:
        self.tell(hold=False, then=then)
