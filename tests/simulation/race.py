"""Events that happen at once, as two processes over one database have them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hub.flow.event import Happening, Moment
from hub.model.contract import Claim, NotDurable
from tests.simulation import turns
from tests.simulation.clock import micros_of
from tests.simulation.ground import Database
from tests.simulation.workers import Task, Worker, name_of

if TYPE_CHECKING:
    from tests.simulation.run import Run


_OVER = "SELECT 1 FROM steps WHERE order_key = ? AND id = ? AND token = ? AND due_at <= ?"
_SOON = 5000  # microseconds


class Race:
    """Of one run. `count`: how many there were."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._rng = random.Random(f"races {run.terms.seed}")
        self.count = 0

    def begin(self, worker: Worker) -> bool:
        """The worker's next event and another's, or a claim, at once. False where it has no rival."""
        run = self._run
        soon = run.clock.micros + _SOON
        rivals = [other for other in run.workers if other is not worker and not other.idle and other.rests_until < soon]
        near = [other for other in rivals if other.about == worker.about]
        if self._rng.random() < 0.25 or not rivals:
            return bool(run.idle()) and self._against_a_claim(worker)
        self._against(worker, self._rng.choice(near or rivals))
        return True

    def claims(self, limit: int) -> list[Task]:
        """Two processes claim what is due; or one does, while somebody whose lease is over wakes up at this moment."""
        if (late := self._late()) and (happening := self._next(worker := self._rng.choice(late))) is not None:
            return self._woken(worker, happening, limit)
        found: list[Task] = []
        for answer, error in self._together([self._claim(limit), self._claim(limit)]):
            if error is not None:
                raise error
            found += answer
        self._run.trace.note("two claim at once: " + ", ".join(map(name_of, found)))
        return found

    def _late(self) -> list[Worker]:
        """Who sleeps, and has lost what it works on to whoever comes first."""
        run, found = self._run, []
        for worker in run.workers:
            if isinstance(task := worker.task, Claim) and worker.rests_until > run.clock.micros:
                if run.judge.rows(_OVER, task.order, task.step, task.token, micros_of(run.clock.now())):
                    found.append(worker)
        return found

    def _woken(self, worker: Worker, happening: Happening, limit: int) -> list[Task]:
        if not isinstance(happening, Moment):
            self._alone(worker, happening)
            return []
        self._run.trace.note(f"at once: a claim, {happening.name} of {worker.name}, whose lease is over")
        (answer, error), (claimed, failed) = self._together([self._deed(happening), self._claim(limit)])
        self._learn(worker, happening, answer, error)
        if failed is not None:
            raise failed
        return list(claimed)

    def _claim(self, limit: int) -> Callable[[], Sequence[Task]]:
        hub, now = self._run.hub, self._run.clock.now()
        assert hub is not None
        return lambda: hub.store.claim(limit, now)

    def _against_a_claim(self, worker: Worker) -> bool:
        run = self._run
        idle = len(run.idle())
        happening = self._next(worker)
        if happening is None:
            run.wake(0.0005)
            return True
        if not isinstance(happening, Moment):
            self._alone(worker, happening)
            return True
        claim = self._claim(idle)
        (answer, error), (claimed, failed) = self._together([self._deed(happening), claim])
        self._learn(worker, happening, answer, error)
        if failed is not None and not isinstance(failed, NotDurable):
            raise failed
        run.hand_out(claimed or ())
        return True

    def _against(self, one: Worker, other: Worker) -> None:
        first = self._next(one)
        second = self._next(other) if first is not None else None
        if first is None or second is None:
            run = self._run
            if first is not None:
                self._alone(one, first)
            run.wake(0.0005)
        elif isinstance(first, Moment) and isinstance(second, Moment):
            self._run.trace.note(f"at once: {first.name} of {one.name}, {second.name} of {other.name}")
            came = self._together([self._deed(first), self._deed(second)])
            for worker, happening, (answer, error) in zip((one, other), (first, second), came, strict=True):
                self._learn(worker, happening, answer, error)
        else:
            self._alone(one, first)
            self._alone(other, second)

    def _next(self, worker: Worker) -> Happening | None:
        """None where it has nothing more to do, or gave up."""
        run = self._run
        return run.unless_it_gives_up(worker, lambda: worker.next(run.trace, run.guard))

    def _deed(self, happening: Happening) -> Callable[[], Any]:
        now = self._run.clock.now()
        return lambda: happening.act(now)

    def _alone(self, worker: Worker, happening: Happening) -> None:
        """Not everything touches the database."""
        run = self._run
        run.trace.who, run.trace.about = worker.name, worker.about
        run.guard.before(worker, happening)
        answer, error = None, None
        try:
            answer = happening.act(run.clock.now())
        except Exception as raised:
            error = raised
        worker.learn(happening, answer, error, run.trace)
        run.guard.after(worker, happening, error)
        run.plan_step(worker, run.clock.settle() / 1e6 + self._rng.uniform(0.0002, 0.004))

    def _learn(self, worker: Worker, happening: Happening, answer: Any, error: Exception | None) -> None:
        run = self._run
        worker.learn(happening, answer, error, run.trace)
        run.guard.raced(worker, happening)
        run.plan_step(worker, self._rng.uniform(0.0002, 0.004))

    def _together(self, deeds: Sequence[Callable[[], Any]]) -> list[tuple[Any, Exception | None]]:
        books = self._run.house.books
        assert isinstance(books, Database)
        self._run.racing, self.count = True, self.count + 1
        try:
            return turns.together(books.url, self._rng, deeds)
        finally:
            self._run.racing = False
