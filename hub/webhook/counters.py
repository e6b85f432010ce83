"""What the front door counts. A plain object: whoever exposes metrics reads `snapshot()`."""

from __future__ import annotations

from collections import Counter
from threading import Lock


class Counters:
    """Thread-safe totals since the start.

    A key is (connection, outcome). An outcome is `new`, `repeat`, `conflict`, `ping`, a Reason why a delivery was not
    verified, or the `reason` of a problem answer; the connection is "" where none of that name exists, so that a
    sender cannot invent keys.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._totals: Counter[tuple[str, str]] = Counter()

    def add(self, connection: str, outcome: str) -> None:
        with self._lock:
            self._totals[connection, outcome] += 1

    def snapshot(self) -> dict[tuple[str, str], int]:
        with self._lock:
            return dict(self._totals)
