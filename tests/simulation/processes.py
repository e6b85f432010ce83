"""The hub's processes in a run: started, killed, stopped, told a wrong time, and brought their webhooks."""

from __future__ import annotations

from hub.sandbox.outbox import Delivery
from hub.store.tx import Writer
from tests import losing
from tests.simulation.clock import SECOND
from tests.simulation.disk import FlakyWriter
from tests.simulation.losses import LosingWriter
from tests.simulation.scene import Scene
from tests.simulation.terms import Terms
from tests.simulation.workers import Worker


class Processes(Scene):
    """`racing`: two moments are under way, which nothing else befalls."""

    def __init__(self, terms: Terms, *, keep: bool) -> None:
        super().__init__(terms, keep=keep)
        self.workers = [Worker(f"w{number + 1}", number % terms.processes) for number in range(terms.workers)]
        self.stalled_until = 0
        self.racing = False

    def open_all(self) -> None:
        for process in range(self.terms.processes):
            self.open(process)

    def open(self, process: int = 0) -> None:
        if process in self.house.hubs:
            return
        hub = self.house.open(process)
        hub.store.writer = self._faulty(hub.store.writer)
        self.door.open(hub)
        self.trace.note(f"the hub starts{self._which(process)}")
        self.wake(0.0)

    def _which(self, process: int) -> str:
        return f" in process {process}" if self.terms.processes > 1 else ""

    def _faulty(self, writer: Writer) -> Writer:
        def lost() -> bool:
            return not self.racing and self.befalls(self.terms.undurable)

        if not self.house.books.shared:
            return FlakyWriter(writer, lost, self.rng)
        losing.watch()
        return LosingWriter(writer, lost, lambda: not self.racing and self.befalls(self.terms.retried), self.rng)

    def kill(self) -> None:
        if self.hub is None or self.calm:
            return
        process = self.rng.choice(list(self.house.hubs)) if self.terms.processes > 1 else 0
        self.trace.note(f"the hub is killed{self._which(process)}")
        self.tell("restart")
        self.stalled_until = 0
        for worker in self.workers:
            if worker.process == process:
                worker.drop()
        self.house.die(process)
        if self.hub is not None:
            self.door.open(self.hub)
        else:
            self.door.close()
        away = self.rng.uniform(0.05, 8.0) * self.rng.choice((1.0, self.terms.pace.hurry))
        self.after(away, lambda: self.open(process))

    def stall(self) -> None:
        """The process is stopped and goes on later: its calls were cut, its clock has run on."""
        if self.hub is None:
            return
        seconds = self.rng.choice((5.0, 40.0, 120.0))
        self.tell("stall")
        self.trace.note(f"the hub stands still for {seconds:g} s")
        self.stalled_until = self.clock.micros + round(seconds * SECOND)

    def set_clock(self) -> None:
        """By far less than a sweep's window reaches back beyond the last sweep."""
        seconds = self.rng.choice((2.0, 5.0, 15.0))
        self.trace.note(f"the hub's clock is set forward by {seconds:g} s")
        self.house.set_clock(seconds)
        self.wake(0.001)

    def deliver(self, delivery: Delivery) -> None:
        self.trace.about = self.key_of(delivery.prefix, delivery.order) if delivery.order else ""
        if self.clock.micros < self.stalled_until:
            self.door.unanswered(delivery)
            return
        heard = not self.befalls(self.terms.unheard)
        if not heard and self.trace.about:
            self.tell("webhook unheard", order=self.trace.about)
        if self.door.deliver(delivery, heard=heard):
            self.wake(0.001)
            if self.befalls(self.terms.forged):
                if self.trace.about:
                    self.tell("webhook forged", order=self.trace.about)
                self.after(self.rng.uniform(0.0, 0.5), lambda: self.deliver(self.door.forged(delivery)))
