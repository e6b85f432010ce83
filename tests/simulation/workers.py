"""Workers that are interleaved, dropped and frozen: each holds one generator of the real engine."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol

from hub.assembly.hub import Hub
from hub.flow import chores, intake
from hub.flow.event import Happening, Wire
from hub.flow.intent import Sending
from hub.flow.worker import work
from hub.model.contract import Chore, Claim
from hub.model.message import StoredMessage
from hub.model.outcome import Outcome
from tests.simulation.clock import VirtualClock
from tests.simulation.trace import Trace

Task = StoredMessage | Claim | Chore


class Defect(Exception):
    """The engine raised what it should not have."""


class Guard(Protocol):
    """Looks on at every event: `hub` code runs between the two."""

    def before(self, worker: Worker, happening: Happening) -> None: ...

    def after(self, worker: Worker, happening: Happening, error: Exception | None) -> None: ...

    def over(self, worker: Worker) -> None:
        """It has done all that it will do."""
        ...


@dataclass
class Worker:
    """`busy` names what it works on; a dropped one is told by its `life`, which a new one does not share."""

    name: str
    process: int = 0
    task: Task | None = None
    about: str = ""
    _generator: Generator[Happening, Any, Any] | None = None
    _answer: Any = None
    _error: Exception | None = None
    life: int = 0
    plans: int = 0  # of its next event: only the last one counts
    rests_until: int = 0  # its call is under way, or it is frozen

    @property
    def idle(self) -> bool:
        return self.task is None

    def take(self, task: Task, hub: Hub, about: str) -> None:
        """Begins what was claimed. `about`: the order it concerns, for the story."""
        self.about = about
        self.task, self._answer, self._error = task, None, None
        if isinstance(task, Claim):
            self._generator = work(hub.setting, task)
        elif isinstance(task, StoredMessage):
            self._generator = intake.receive(hub.setting, task)
        else:
            self._generator = chores.do(hub.setting, task, hub.sweep)

    def drop(self) -> None:
        """It is gone: nothing more comes of it, and nobody is told."""
        if self._generator is not None:
            self._generator.close()
        self.task, self._generator, self.life = None, None, self.life + 1

    def step(self, clock: VirtualClock, trace: Trace, guard: Guard) -> bool:
        """Lets one event happen; False when there was none left. Whatever the engine raises comes out."""
        happening = self.next(trace, guard)
        if happening is None:
            return False
        guard.before(self, happening)
        answer, error = None, None
        try:
            answer = happening.act(clock.now())
        except Exception as raised:  # as the engine's own driver does: the worker knows what it means
            error = raised
        self.learn(happening, answer, error, trace)
        guard.after(self, happening, error)
        return True

    def next(self, trace: Trace, guard: Guard) -> Happening | None:
        """What it would let happen now; None where it has come to its end."""
        assert self._generator is not None
        trace.who, trace.about = self.name, self.about
        error, self._error = self._error, None
        if isinstance(self._answer, Sending):  # perhaps of the next step
            self.task = self._answer.claim
        try:
            happening = self._generator.throw(error) if error is not None else self._generator.send(self._answer)
        except StopIteration:
            guard.over(self)
            self.drop()
            return None
        trace.events += 1
        return happening

    def learn(self, happening: Happening, answer: Any, error: Exception | None, trace: Trace) -> None:
        """What came of it."""
        mark = "~" if isinstance(happening, Wire) else "."
        self._answer, self._error = answer, error
        said = _told(answer) if error is None else f" !! {type(error).__name__}"
        trace.note(f"{mark} {happening.name}{said}", who=self.name, order=self.about)


def name_of(task: Task) -> str:
    if isinstance(task, Claim):
        return task.step
    if isinstance(task, StoredMessage):
        return f"message {task.id} {task.delivery.topic} of {task.delivery.connection}"
    return f"{task.kind} {task.key}"


def _told(answer: Any) -> str:
    if isinstance(answer, Outcome):
        return f" -> {answer.verdict.value}{' ' + answer.code if answer.code else ''}"
    kind = type(getattr(answer, "verdict", answer)).__name__  # of a look: what the gate would say
    return f" -> {kind}" if kind in _TOLD else ""


_TOLD = ("Go", "Hold", "Skip", "Withdraw", "Postpone", "Refresh", "Effect", "Park")
