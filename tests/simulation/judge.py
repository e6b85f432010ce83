"""Whether a run kept every promise: the world's verdict, and what the hub's own books must say."""

from __future__ import annotations

import traceback
from collections import Counter
from datetime import datetime
from typing import Any

from hub.model.book import Book
from hub.sandbox.books import StoreOrder
from hub.sandbox.evidence import Evidence
from tests.looking import look
from tests.simulation import promises
from tests.simulation.case import Case
from tests.simulation.clock import SECOND, micros_of
from tests.simulation.result import Result, Violation
from tests.simulation.scene import Scene
from tests.simulation.watch import BROKEN
from tests.simulation.workers import Worker, name_of

_RESTLESS = ("ready", "leased", "intent", "waiting", "unknown")


class Judge:
    """`cancelled`: by a person at the hub, and when; `refunded`: by one, too, and `clicked`: twice; `past`: orders that
    were there before the hub.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.found: list[Violation] = []
        self.cancelled: dict[str, datetime] = {}
        self.refunded: set[str] = set()
        self.clicked: set[str] = set()
        self.past: list[StoreOrder] = []

    def blame(self, kind: str, order: str, why: str) -> None:
        self._scene.trace.note(f"VIOLATION {kind}: {why}", order=order)
        self.found.append(Violation(kind, order, why))

    def defect(self, worker: Worker, error: Exception) -> None:
        """The engine raised: no fault of the world may do that. Or it broke a law, and the database said so."""
        if BROKEN in str(error):
            return self.blame("law", worker.about, f"{name_of(worker.task) if worker.task else ''}: {error}")
        place = "".join(traceback.format_exception(error)[-4:])
        task = name_of(worker.task) if worker.task else ""
        self.blame("defect", worker.about, f"{task}: {type(error).__name__}: {error}\n{place}")

    # --- is it over?

    def at_rest(self) -> bool:
        scene = self._scene
        if scene.hub is None or self._moving():
            return False
        changed = self._one("SELECT max(changed_at) FROM orders") or 0
        received = self._one("SELECT max(received_at) FROM messages") or 0
        last = max(int(changed), int(received), scene.healed_at or 0)
        return micros_of(scene.clock.now()) - last > scene.terms.pace.quiet * SECOND

    def _moving(self) -> int:
        steps = self._one(f"SELECT count(*) FROM steps WHERE state IN {_RESTLESS}")
        messages = self._one("SELECT count(*) FROM messages WHERE state = 'kept'")
        chores = self._one("SELECT count(*) FROM chores WHERE due_at IS NOT NULL AND kind <> 'sweep'")
        return int(steps) + int(messages) + int(chores)

    def restless(self) -> str:
        rows = self.rows(f"SELECT order_key, id, state, tries, cause FROM steps WHERE state IN {_RESTLESS}")
        rows += self.rows("SELECT connection, topic, state, tries, cause FROM messages WHERE state = 'kept'")
        rows += self.rows("SELECT kind, key, due_at, tries FROM chores WHERE due_at IS NOT NULL AND kind <> 'sweep'")
        return f"{len(rows)} move still: " + "; ".join(" ".join(map(str, row)) for row in rows[:5])

    # --- was it right?

    def result(self, *, broken_off: bool = False) -> Result:
        """`broken_off`: the run did not come to its end, so only what broke on the way is told."""
        scene = self._scene
        evidence = Evidence.read(scene.world.directory)
        told = (self.cancelled, self.refunded, self.clicked, scene.network.crossed)
        case = Case(scene, evidence, self._books(), self.rows, *told)
        for check in () if broken_off else promises.ALL:
            for violation in check(case):
                self.blame(violation.kind, violation.order, violation.why)
        states = Counter(row[0] for row in self.rows("SELECT state FROM orders"))
        return Result(
            scene.terms, scene.trace.hash, len(evidence.live), scene.trace.events, scene.world.desk.faults.calls,
            sum(evidence.faults.values()), scene.clock.monotonic(), tuple(self.found), dict(sorted(states.items())),
        )  # fmt: skip

    # --- reading

    def _books(self) -> dict[str, Book]:
        hub = self._scene.hub
        found = {key: hub.store.read(key) for key in self._scene.known()} if hub else {}
        return {key: book for key, book in found.items() if book is not None}

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        hub = self._scene.hub
        return [] if hub is None else look(hub.store, sql, *values)

    def _one(self, sql: str) -> Any:
        return self.rows(sql)[0][0]
