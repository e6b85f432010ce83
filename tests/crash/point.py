"""Where the hub dies: names of events, and what a case does to them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from tests.losing import UNANSWERED, UNDONE

BEFORE, AFTER = "before", "after"
LOST = (UNDONE, UNANSWERED)  # nobody dies: the database connection is lost right before, or right after, the COMMIT


@dataclass(frozen=True)
class Event:
    """One durable or wire event that a process of the hub came to.

    `who`: the step, message or chore that was worked on, or "hub" (its start, its claims) or "door" (a webhook or a
    person's command). `n` counts equal names within one process. `durable`: something was
    written. `calls`, `changes`: requests that reached a provider meanwhile, and those of them that asked for a change.
    """

    process: int
    who: str
    name: str
    n: int
    wire: bool = False
    durable: bool = False
    calls: int = 0
    changes: int = 0

    @property
    def place(self) -> tuple[str, str, int]:
        return self.who, self.name, self.n

    @property
    def outside(self) -> bool:
        """Whether it concerns anything outside the process: dying around a mere look is dying around its neighbours."""
        return self.wire or self.durable


@dataclass(frozen=True)
class Kill:
    """SIGKILL in the `process`-th life of the hub, exactly before or after one event; or, without a death, the loss of
    the database connection at this event's COMMIT.
    """

    process: int
    who: str
    name: str
    n: int
    when: str

    @classmethod
    def at(cls, event: Event, when: str) -> Kill:
        return cls(event.process, event.who, event.name, event.n, when)

    @property
    def place(self) -> tuple[str, str, int]:
        return self.who, self.name, self.n

    @property
    def fatal(self) -> bool:
        return self.when not in LOST

    def __str__(self) -> str:
        return f"{self.process}:{self.when}:{self.who}:{self.name}:{self.n}"


@dataclass(frozen=True)
class Fault:
    """An outcome that befalls the call of one wire event. `n` 0: of the first such event from that process on."""

    process: int
    who: str
    name: str
    n: int
    outcome: str


@dataclass(frozen=True)
class Case:
    """One run: a walk, the kills in the order of the hub's lives, and what comes of the calls in question."""

    walk: str
    kills: tuple[Kill, ...] = ()
    faults: tuple[Fault, ...] = ()
    plant: str = ""

    @property
    def outcome(self) -> str:
        return self.faults[0].outcome if self.faults else "success"

    def __str__(self) -> str:
        kills = " then ".join(map(str, self.kills)) or "no kill"
        faults = "".join(f" [{f.process}:{f.who}:{f.name}:{f.n} {f.outcome}]" for f in self.faults)
        return f"{self.walk}: {kills}{faults}{' planted ' + self.plant if self.plant else ''}"

    def but(self, **changes: Any) -> Case:
        return replace(self, **changes)

    def document(self) -> dict[str, Any]:
        """As `--only` takes it."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def of(cls, document: dict[str, Any]) -> Case:
        """Reads `document`. Raises KeyError and TypeError for what is none."""
        return cls(
            document["walk"],
            tuple(Kill(**kill) for kill in document.get("kills", ())),
            tuple(Fault(**fault) for fault in document.get("faults", ())),
            document.get("plant", ""),
        )
