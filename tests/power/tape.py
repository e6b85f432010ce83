"""What a recording holds: every change of the files in one folder, every sync, and what was promised, in one order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Create:
    """A name appears in the folder; `file` numbers the file, whatever it is called later."""

    name: str
    file: int


@dataclass(frozen=True, slots=True)
class Delete:
    name: str


@dataclass(frozen=True, slots=True)
class Write:
    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """The call returned: all that was written to the file before is on the disk."""

    file: int


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """The call returned: the names are on the disk. `by`: "sqlite" or "hub"."""

    by: str


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody was told something (see `tests.power.witness`): from here on it must never be lost."""

    what: Any


Event = Create | Delete | Write | Truncate | Sync | SyncFolder | Said


@dataclass
class Tape:
    """`files`: what the folder held, durably, when the recording began. Appended to by several threads."""

    files: dict[str, bytes]
    events: list[Event] = field(default_factory=list)

    def say(self, what: Any) -> None:
        self.events.append(Said(what))
