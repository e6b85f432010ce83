"""What befell the hub while a step was in which state: the cells that a number of runs has been to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from hub.model.contract import Claim
from hub.model.flow import State
from hub.sandbox.faults import AFTER, BEFORE, SCRIPTED
from hub.sandbox.outbox import Delivery
from tests.looking import look
from tests.simulation.scene import Scene
from tests.simulation.workers import Task

Cell = tuple[str, str]  # fault, state

ENOUGH = 100
_WORKERS = ("crash", "freeze", "disk failure")
_CALLS = (*BEFORE, *AFTER, *SCRIPTED, "outage: refused", "outage: silent", "late request")
_MAIL = ("smtp_4xx", "smtp_drop_before_data", "smtp_drop_after_data")
_HOUSE = ("restart", "stall", "pause")
_PERSON = ("cancel", "replay", "resolve", "refund")
_WEBHOOKS = (
    "webhook_lost", "webhook_late", "webhook_reordered", "webhook_duplicate", "webhook unheard", "webhook forged",
)  # fmt: skip
FAULTS = (*_WORKERS, "lost claim", *_CALLS, *_MAIL, *_HOUSE, *_PERSON, *_WEBHOOKS)
STATES = tuple(state.value for state in State)

_ON_THE_WIRE = {"leased", "intent", "unknown", "awaiting"}
_CLAIMED = {"leased", "unknown", "awaiting"}


def _impossible() -> dict[Cell, str]:
    """Cells that no run can be in, each with the reason."""
    found: dict[Cell, str] = {}

    def rule(faults: Iterable[str], states: Iterable[str], why: str) -> None:
        for fault in faults:
            for state in states:
                found.setdefault((fault, state), why)

    hand = "a worker has its step in hand only while it is leased, in intent, unknown or awaiting, unless it lost it"
    rule(_WORKERS, set(STATES) - _ON_THE_WIRE, hand)
    rule(["lost claim"], set(STATES) - _CLAIMED, "a claim leaves a step leased, unknown or awaiting")
    wire = "a call is made only while a step is leased, in intent, unknown or awaiting, unless its worker lost it"
    rule(_CALLS, set(STATES) - _ON_THE_WIRE, wire)
    rule(["500_kept"], set(STATES) - {"intent"}, "only Stripe keeps a 500, and only of a change")
    rule(["refused"], set(STATES) - {"intent"}, "only changes are refused here")
    rule(
        ["late request"], {"awaiting"}, "what is awaited is asked for by GET, which changes nothing when it comes late"
    )
    rule(_MAIL, set(STATES) - {"intent"}, "a letter is only ever sent")
    rule(["resolve"], set(STATES) - {"parked"}, "a person's word is asked of a parked step")
    rule(["refund"], set(STATES) - {"done", "skipped", "cancelled", "awaiting", "blocked"}, "money is given back when "
         "an order has ended: what is still open then is its tail")  # fmt: skip
    return found


IMPOSSIBLE = _impossible()


class Coverage:
    """Counts over a run; `attach` it before the run begins."""

    def __init__(self) -> None:
        self.cells: Counter[Cell] = Counter()
        self._scene: Scene | None = None

    def attach(self, scene: Scene) -> None:
        self._scene, scene.befell = scene, self.befell
        outbox = scene.world.desk.outbox
        send, census = outbox._send, scene.world.desk.faults.census

        def counted(delivery: Delivery, now: float) -> None:
            before = census.copy()
            send(delivery, now)
            for fault in census - before:
                if fault.startswith("webhook") and delivery.order:
                    self.befell(fault, order=scene.key_of(delivery.prefix, delivery.order))

        outbox._send = counted  # type: ignore[method-assign]

    def befell(
        self, fault: str, *, task: Task | None = None, order: str = "", step: str = "", connection: str = ""
    ) -> None:
        """One fault: it befell a worker's step, one step, the steps of an order, of a connection, or all there are."""
        if task is not None and not isinstance(task, Claim):
            return
        if task is not None:
            order, step = task.order, task.step
        asked = {"order_key": order, "id": step, "connection": connection}
        named = {name: value for name, value in asked.items() if value}
        where = " AND ".join(f"{name} = ?" for name in named) or "1 = 1"
        for state, count in self._rows(
            f"SELECT state, count(*) FROM steps WHERE {where} GROUP BY state", *named.values()
        ):
            self.cells[(fault, state)] += count

    def _rows(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        hub = self._scene.hub if self._scene is not None else None
        return [] if hub is None else look(hub.store, sql, *values)


def table(cells: Mapping[Cell, int]) -> str:
    """Faults down, states across; `-` where nothing can be. Below: what was visited too seldom."""
    width = max(map(len, FAULTS))
    lines = [" " * width + "".join(f"{state:>10}" for state in STATES)]
    for fault in FAULTS:
        told = "".join(f"{_told(cells, fault, state):>10}" for state in STATES)
        lines.append(f"{fault:<{width}}{told}")
    seldom = [f"{fault} x {state}: {cells.get((fault, state), 0)}" for fault, state in below(cells)]
    lines += ["", f"{len(seldom)} possible cells below {ENOUGH}:", *(f"  {each}" for each in seldom)]
    strange = sorted(cell for cell, count in cells.items() if count and cell in IMPOSSIBLE)
    lines += [f"{len(strange)} cells counted as impossible were visited:"] if strange else []
    lines += [
        f"  {fault} x {state}: {cells[(fault, state)]} ({IMPOSSIBLE[(fault, state)]})" for fault, state in strange
    ]
    return "\n".join(lines)


def below(cells: Mapping[Cell, int], enough: int = ENOUGH) -> list[Cell]:
    every = ((fault, state) for fault in FAULTS for state in STATES)
    return [cell for cell in every if cell not in IMPOSSIBLE and cells.get(cell, 0) < enough]


def _told(cells: Mapping[Cell, int], fault: str, state: str) -> str:
    count = cells.get((fault, state), 0)
    return "-" if not count and (fault, state) in IMPOSSIBLE else str(count)
