"""What everybody in a run shares: the clock, the world, the hub, the seed's dice, and a list of what happens when."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable

from hub.assembly.hub import Hub
from tests.simulation.clock import SECOND, VirtualClock
from tests.simulation.door import Door
from tests.simulation.house import ACCOUNTS, CONNECTIONS, House, ram_folder
from tests.simulation.network import Network
from tests.simulation.plot import Plot
from tests.simulation.replica import Replica
from tests.simulation.terms import Terms
from tests.simulation.trace import Trace
from tests.simulation.universe import TWIN, build

Deed = Callable[[], None]


class Scene:
    """Nothing here reads a clock or a random source that the seed does not own."""

    def __init__(self, terms: Terms, *, keep: bool) -> None:
        self.terms = terms
        self.rng = random.Random(f"schedule {terms.seed}")
        self.clock = VirtualClock()
        self.trace = Trace(lambda: self.clock.micros, keep=keep)
        self.folder = ram_folder()
        self.world = build(terms, self.folder / "world", self.clock.seconds)
        self.scenario = Plot(self.world, edits=terms.edits)
        dice = random.Random(f"network {terms.seed}")
        self.network = Network(self.world, self.clock, self.trace, dice, self.at, terms.pace.settles, terms.late)
        if terms.kept:
            self.world.desk.faults.script(r"^POST stripe/.*/(capture|cancel|refunds)", "500_kept", times=4)
        if terms.refused:
            changes = r"^POST (stripe/\S+/capture |shipbob/\S+/order |easypost/\S+/(buy|refund) )"
            self.world.desk.faults.script(changes, "refused", times=terms.refused)
        self.network.clerk = terms.clerk
        self.network.replica = Replica(self.world, terms.pace.replica) if terms.replica else None
        self.house = House(terms, self.folder, self.world, self.network, self.clock)
        self.door = Door(self.world, self.clock, self.trace)
        self.observed = frozenset({TWIN}) if terms.observed else frozenset[str]()  # connections that never act
        self.observed_accounts = frozenset(ACCOUNTS[name] for name in self.observed)
        self.healed_at: int | None = None
        self.wake: Callable[[float], None] = lambda seconds: None
        self.befell: Callable[..., None] | None = None  # told of every fault, where somebody counts them
        self._heap: list[tuple[int, float, int, Deed]] = []
        self._planned = 0

    @property
    def hub(self) -> Hub | None:
        """None while the process is down."""
        return self.house.hub

    @property
    def calm(self) -> bool:
        """Nothing goes wrong any more."""
        return self.healed_at is not None

    def befalls(self, share: float) -> bool:
        return not self.calm and share > 0 and self.rng.random() < share

    def tell(self, fault: str, **what: object) -> None:
        if self.befell is not None:
            self.befell(fault, **what)

    # --- the order of things

    def at(self, micros: int, deed: Deed) -> None:
        """Plans something; what falls on one moment is shuffled."""
        self._planned += 1
        heapq.heappush(self._heap, (max(micros, self.clock.micros), self.rng.random(), self._planned, deed))

    def after(self, seconds: float, deed: Deed) -> None:
        self.at(self.clock.micros + round(seconds * SECOND), deed)

    def next_at(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def pop(self) -> Deed:
        micros, _, _, deed = heapq.heappop(self._heap)
        self.clock.micros = max(self.clock.micros, micros)
        self.trace.who, self.trace.about = "run", ""
        return deed

    # --- names

    def key_of(self, prefix: str, order: str) -> str:
        """The hub's key of a storefront's order."""
        return f"{CONNECTIONS.get(prefix, prefix)}:{order}"

    def known(self) -> Iterable[str]:
        """The orders that the hub knows."""
        if self.hub is None:
            return []
        return [row["key"] for row in self.hub.store.readers.tx().all("SELECT key FROM orders ORDER BY key")]
