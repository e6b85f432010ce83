"""Stands beside the workers: what no worker may do, seen from outside while it does it.

A worker that lost its lease changes no row, and what it learned stays as evidence; no byte leaves before its intent is
durable; every try of one intent sends the same bytes; nobody is overtaken while its call may still be on the wire.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from hashlib import blake2b
from typing import Any

from hub.flow.event import Happening, Wire
from hub.flow.intent import SEND_MARGIN
from hub.model.contract import Claim
from hub.model.message import StoredMessage
from tests.simulation.clock import SECOND
from tests.simulation.judge import Judge
from tests.simulation.scene import Scene
from tests.simulation.workers import Task, Worker

_MARGIN = round(SEND_MARGIN.total_seconds() * SECOND)
_NEVER_LAGS = "find order.complete"  # an order's own status is read from the order
_INTENDING = ("intend", "choose", "settle", "translate")  # the moments that may write an intent
_STEP = (
    "SELECT token, state, next_at, lease_until, tries, unresolved, generation FROM steps WHERE order_key = ? AND id = ?"
)
_MESSAGE = "SELECT token, state, cause, detail, due_at FROM messages WHERE id = ?"
_EVIDENCE = "SELECT count(*) FROM observations WHERE order_key = ? AND type = 'late_answer'"
_EFFECT = (
    "SELECT e.capability, e.subject, e.generation, e.body_digest FROM effects e JOIN steps s "
    "ON s.order_key = e.order_key AND s.capability = e.capability AND s.subject = e.subject "
    "AND s.generation = e.generation WHERE s.order_key = ? AND s.id = ?"
)

Row = tuple[Any, ...]


class Guard:
    """`before` and `after` surround every event of every worker."""

    def __init__(self, scene: Scene, judge: Judge) -> None:
        self._scene, self._judge = scene, judge
        self._row: Row | None = None
        self._evidence = 0
        self._census: Counter[str] = Counter()
        # Worker's life -> when its intent became durable, and when the hub's clock had been set last by then.
        self._intended: dict[tuple[str, int], tuple[int, datetime]] = {}
        self._called: set[tuple[str, int]] = set()  # lives of workers that made a changing call
        self._sent: dict[Row, list[bytes]] = {}  # an intent -> digests of what its first try sent

    def before(self, worker: Worker, happening: Happening) -> None:
        self._row = self._own_row(worker.task)
        if isinstance(worker.task, Claim) and happening.name == "settle":
            self._evidence = self._judge.rows(_EVIDENCE, worker.task.order)[0][0]
        if isinstance(happening, Wire):
            self._census = self._befallen()
            self._scene.network.sent.clear()
            self._scene.network.looking = happening.name.startswith("find ") and happening.name != _NEVER_LAGS

    def after(self, worker: Worker, happening: Happening, error: Exception | None) -> None:
        task = worker.task
        if self._scene.befell is not None and isinstance(happening, Wire):
            for fault in self._befallen() - self._census:
                self._scene.tell(fault, task=task)
        if not isinstance(task, Claim | StoredMessage) or self._row is None:
            return
        if self._row[0] != task.token:
            self._fenced(worker, task, happening, error)
        if not isinstance(task, Claim):
            return
        if happening.name in _INTENDING:
            self._intended[(worker.name, worker.life)] = (self._scene.clock.micros, self._scene.house.steady_since())
        if isinstance(happening, Wire) and happening.name.startswith("send "):
            self._called.add((worker.name, worker.life))
            self._on_the_wire(worker, task, happening)

    def raced(self, worker: Worker, happening: Happening) -> None:
        """Of an event that happened while another did: what each may change, the database's laws alone can say."""
        if isinstance(worker.task, Claim) and happening.name in _INTENDING:
            self._intended[(worker.name, worker.life)] = (self._scene.clock.micros, self._scene.house.steady_since())

    def forget(self) -> None:
        """The books were put back: what was intended since is not in them, and may be said in other words."""
        self._sent.clear()

    def over(self, worker: Worker) -> None:
        """Who ends in peace has given its lease back: else a step stands still until the lease runs out."""
        row = self._own_row(worker.task) if isinstance(worker.task, Claim) else None
        if row is not None and isinstance(worker.task, Claim) and row[0] == worker.task.token and row[3] is not None:
            self._judge.blame("left in its lease", worker.about, f"{worker.task.step}: {row}")

    def _befallen(self) -> Counter[str]:
        if self._scene.befell is None:
            return self._census
        return self._scene.world.desk.faults.census + self._scene.network.census

    def _own_row(self, task: Task | None) -> Row | None:
        if isinstance(task, Claim):
            return next(iter(self._judge.rows(_STEP, task.order, task.step)), None)
        if isinstance(task, StoredMessage):
            return next(iter(self._judge.rows(_MESSAGE, task.id)), None)
        return None

    def _fenced(
        self, worker: Worker, task: Claim | StoredMessage, happening: Happening, error: Exception | None
    ) -> None:
        """Somebody else has its task by now."""
        what = f"{happening.name!r} of {worker.name}, which had lost {getattr(task, 'step', 'its message')}"
        if self._own_row(task) != self._row:
            self._judge.blame("unfenced", worker.about, f"{what}, changed it: {self._row}")
        if (worker.name, worker.life) not in self._called or happening.name != "settle" or error is not None:
            return  # a question changes nothing, and its answer is no evidence
        assert isinstance(task, Claim)
        if self._judge.rows(_EVIDENCE, task.order)[0][0] != self._evidence + 1:
            self._judge.blame("evidence dropped", worker.about, f"{what}, left no evidence")
        intended, set_at = self._intended.get((worker.name, worker.life), (-_MARGIN, None))
        # By a clock that was set forward meanwhile, the lease was over.
        if self._scene.clock.micros - intended < _MARGIN and set_at == self._scene.house.steady_since():
            self._judge.blame("overtaken in time", worker.about, f"{what} while its call was under way")

    def _on_the_wire(self, worker: Worker, task: Claim, happening: Happening) -> None:
        sent = [blake2b(each, digest_size=16).digest() for each in self._scene.network.sent]
        if not sent or self._row is None:
            return
        token, state = self._row[:2]
        if state != "intent" or token != task.token:
            self._judge.blame("no intent", worker.about, f"{happening.name!r}: nothing durable says that it is sent")
            return
        intents = self._judge.rows(_EFFECT, task.order, task.step)
        if not intents:
            self._judge.blame("no intent", worker.about, f"{happening.name!r}: there is no effect")
            return
        first = self._sent.setdefault((task.order, *intents[0]), sent)
        if any(one != other for one, other in zip(first, sent, strict=False)):
            self._judge.blame("other bytes", worker.about, f"{happening.name!r}: not what the first try sent")
