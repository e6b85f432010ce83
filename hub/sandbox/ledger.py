"""What a provider really did, on its own disk, in lines that are only ever added.

A line is one JSON object: `kind` is "effect" (it happened), "object" (a harmless thing was made, such as a shipment
without a label) or "double" (somebody asked again for what had already happened). The hub never writes here.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from hub.sandbox.call import encode


class Journal:
    """A file of JSON lines. Each line is handed to the kernel whole before the call returns, so a kill loses none."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, line: dict[str, Any]) -> None:
        os.write(self._file, encode(line) + b"\n")

    def close(self) -> None:
        os.close(self._file)


class Ledger:
    """One provider account's own book of effects and of attempted doubles."""

    def __init__(self, directory: Path, prefix: str) -> None:
        self.prefix = prefix
        self._journal = Journal(directory / "ledger" / (prefix.replace("/", "-") + ".jsonl"))

    def effect(self, now: float, effect: str, **facts: Any) -> None:
        """Something happened: money moved, a parcel was ordered, a label bought, a mail accepted."""
        self._write("effect", now, effect, facts)

    def refused(self, now: float, effect: str, **facts: Any) -> None:
        """It was asked for in good faith, and it was too late for it."""
        self._write("refused", now, effect, facts)

    def object(self, now: float, effect: str, **facts: Any) -> None:
        """Something harmless was made."""
        self._write("object", now, effect, facts)

    def double(self, now: float, effect: str, why: str, **facts: Any) -> None:
        """An effect that had happened was asked for again, under another key or reference or past its key's life."""
        self._write("double", now, effect, facts | {"why": why})

    def close(self) -> None:
        self._journal.close()

    def _write(self, kind: str, now: float, effect: str, facts: dict[str, Any]) -> None:
        self._journal.write({"at": now, "ledger": self.prefix, "kind": kind, "effect": effect} | facts)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of one journal; a line cut short by a kill of the machine is left out."""
    if not path.exists():
        return []
    lines: list[dict[str, Any]] = []
    for raw in path.read_bytes().splitlines():
        try:
            lines.append(msgspec.json.decode(raw))
        except msgspec.DecodeError:
            continue
    return lines


def read_ledgers(directory: Path) -> dict[str, list[dict[str, Any]]]:
    """Every provider's ledger below a world's directory, by prefix-like name ("stripe-main")."""
    return {path.stem: read_lines(path) for path in sorted((directory / "ledger").glob("*.jsonl"))}


def stamp(now: float) -> str:
    """Epoch seconds as RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
