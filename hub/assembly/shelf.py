"""Which declarations there are: those that come with Crossdock, and an installation's own, which go before them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hub.assembly.shipped import root


class Kind(StrEnum):
    """What a declaration is; the value is what people call it."""

    CONNECTOR = "connector"
    WEBHOOK = "webhook"
    MAPPING = "mapping"
    FLOW = "flow"


_FOLDER = {Kind.CONNECTOR: "connectors", Kind.WEBHOOK: "webhooks", Kind.MAPPING: "mappings", Kind.FLOW: "flows"}
_SHIPPED = {**_FOLDER, Kind.FLOW: "config/flows"}


@dataclass(frozen=True)
class Entry:
    """One declaration on disk, not read yet. `path` is the file; `own` when it is the installation's and not
    shipped."""

    kind: Kind
    name: str
    path: Path
    own: bool


class Shelves:
    """Finds declarations by kind and name. `home` is an installation's folder, None for the shipped ones alone."""

    def __init__(self, home: Path | None = None, shipped: Path | None = None) -> None:
        self._home = home
        self._shipped = shipped or root()
        self._entries = {kind: self._list(kind) for kind in Kind}

    def find(self, kind: Kind, name: str) -> Entry | None:
        return self._entries[kind].get(name)

    def names(self, kind: Kind) -> list[str]:
        return sorted(self._entries[kind])

    def entries(self, kind: Kind) -> list[Entry]:
        return [self._entries[kind][name] for name in self.names(kind)]

    def own_folder(self, kind: Kind) -> Path:
        """Where the installation keeps its own declarations of a kind; it need not exist."""
        return (self._home or self._shipped) / _FOLDER[kind]

    def _list(self, kind: Kind) -> dict[str, Entry]:
        found = {entry.name: entry for entry in _entries(kind, self._shipped / _SHIPPED[kind], own=False)}
        if self._home is not None:
            found |= {entry.name: entry for entry in _entries(kind, self._home / _FOLDER[kind], own=True)}
        return found


def _entries(kind: Kind, folder: Path, *, own: bool) -> Iterator[Entry]:
    if kind is Kind.CONNECTOR:
        for path in sorted(folder.glob("*/connector.yaml")):
            yield Entry(kind, path.parent.name, path, own)
        return
    for path in sorted(folder.glob("*.yaml")):
        yield Entry(kind, path.stem, path, own)
