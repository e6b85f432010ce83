"""Looks into a hub's database from within the hub's own view of the machine, in a process of its own.

`python -m tests.torture.eyes DATABASE` reads one SQL statement a line and writes its rows as one line of JSON.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.torture.machine import CHECKOUT


class Eyes:
    """`prefix` is what stands before the hub's command. What cannot be seen at the moment has no rows."""

    def __init__(self, database: Path, prefix: Sequence[str]) -> None:
        command = [*prefix, "env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "tests.torture.eyes", str(database)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def rows(self, sql: str) -> list[list[Any]]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(" ".join(sql.split()) + "\n")
        self._process.stdin.flush()
        answer: list[list[Any]] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()


def main(database: str) -> None:
    for sql in sys.stdin:
        sys.stdout.write(json.dumps(_rows(database, sql), default=_text) + "\n")
        sys.stdout.flush()


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _rows(database: str, sql: str) -> list[Any]:
    try:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)
    except sqlite3.Error:
        return []
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.Error:
        return []  # it is not there yet, or being recovered: look again later
    finally:
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
