"""The storefront as a process of its own, and when its orders were acknowledged."""

from __future__ import annotations

import json
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.native import command
from benchmarks.order import FIRST_ORDER, WEBHOOK_PATH, request, write_plan

CONNECTIONS = 32
_RECORD = struct.Struct("<IIdd")


@dataclass(frozen=True)
class Sent:
    """What came of a sending. `orders`: order -> (first sent, acknowledged), monotonic seconds."""

    acknowledged: int
    failures: int
    began: float
    seconds: float
    p50_ms: float
    p99_ms: float
    orders: dict[int, tuple[float, float]] = field(repr=False)

    @property
    def rate(self) -> float:
        return self.acknowledged / self.seconds if self.seconds else 0.0


class Storefront:
    """Orders FIRST_ORDER + `first` and so on, `count` of them, signed before anything is measured."""

    def __init__(
        self,
        folder: Path,
        port: int,
        count: int,
        *,
        first: int = 0,
        path: str = WEBHOOK_PATH,
        sku: str = "LARCH",
        compiled: bool = True,
    ) -> None:
        self._port, self._first, self._used = port, first, 0
        self._command = command("sender", compiled=compiled)
        self._folder = Path(tempfile.mkdtemp(prefix="sender-", dir=folder))
        write_plan(self._folder / "plan", request(port, path, sku), first, count)
        self.count = count

    @contextmanager
    def sending(
        self, count: int, seconds: float = 0, rate: float = 0, connections: int = CONNECTIONS
    ) -> Iterator[list[Sent]]:
        """Sends in the background; the list holds the one result when the block has been left."""
        out = self._folder / "out"
        words = [str(self._folder / "plan"), self._port, connections, self._used, count, seconds, rate, out]
        process = subprocess.Popen([*self._command, *map(str, words)], stdout=subprocess.PIPE, text=True)
        result: list[Sent] = []
        try:
            yield result
            told, _ = process.communicate()
        except BaseException:
            process.kill()
            process.wait()
            raise
        self._used += count
        result.append(self._read(told, out))

    def send(self, count: int, seconds: float = 0, rate: float = 0, connections: int = CONNECTIONS) -> Sent:
        """Sends the next orders and waits until they are acknowledged, or for so many seconds."""
        with self.sending(count, seconds, rate, connections) as result:
            pass
        return result[0]

    def _read(self, told: str, out: Path) -> Sent:
        summary = json.loads(told)
        base = FIRST_ORDER + self._first
        records = _RECORD.iter_unpack(out.read_bytes())
        return Sent(**summary, orders={base + index: (sent, at) for index, _, sent, at in records})
