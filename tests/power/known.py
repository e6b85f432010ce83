"""What must be found after a power cut at one place of the tape: the sum of what was said before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.model.message import Delivery
from hub.store.rows import EFFECT_COLUMNS
from tests.power.tape import Event, Said
from tests.power.witness import Acknowledged, Executed, History, Left, Name, Recorded, Version

_SETTLED = EFFECT_COLUMNS.index("settled_at")


@dataclass
class Known:
    """`state` and the numbers in `effects` are floors: that version or a later one."""

    state: int = 0
    messages: dict[tuple[str, str], Delivery] = field(default_factory=dict)  # (delivery id, digest) -> acknowledged
    effects: dict[Name, int] = field(default_factory=dict)
    left: dict[str, bytes] = field(default_factory=dict)  # key -> the request that left
    ledger: list[Executed] = field(default_factory=list)  # the world's, which does not forget

    def take(self, event: Event) -> None:
        if not isinstance(event, Said):
            return
        what: Any = event.what
        if isinstance(what, Acknowledged):
            self.messages[(what.delivery.delivery_id, what.delivery.body_digest)] = what.delivery
        elif isinstance(what, Left):
            self.left[what.key] = what.body
        elif isinstance(what, Executed):
            self.ledger.append(what)
        elif isinstance(what, Recorded):
            self.state = max(self.state, what.state)
            for name, version in what.effects.items():
                self.effects[name] = max(self.effects.get(name, 0), version)

    def after_the_cut(self, found: Mapping[Name, Version]) -> Known:
        """What the next life begins with: everything that was found is on the disk now."""
        return Known(0, dict(self.messages), dict.fromkeys(found, 0), dict(self.left), list(self.ledger))

    def results(self, history: History) -> int:
        """How many of the acknowledged effects had a result."""
        return settled(history.effects[name][floor] for name, floor in self.effects.items())


def settled(versions: Iterable[Version]) -> int:
    return sum(version[_SETTLED] is not None for version in versions)
