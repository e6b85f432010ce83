"""One seed: the hub, the world and all that goes wrong between them, in one order that the seed alone decides."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import psycopg

from hub.model.contract import Claim, NotDurable
from hub.model.message import StoredMessage
from hub.sandbox.books import StoreOrder
from hub.sandbox.faults import LEVELS
from hub.sandbox.outbox import Delivery
from tests.simulation.catastrophe import Catastrophe
from tests.simulation.clock import SECOND
from tests.simulation.coverage import Coverage
from tests.simulation.guard import Guard
from tests.simulation.house import ACCOUNTS
from tests.simulation.judge import Judge
from tests.simulation.network import Outage
from tests.simulation.operator import Operator
from tests.simulation.processes import Processes
from tests.simulation.race import Race
from tests.simulation.result import Result
from tests.simulation.terms import Terms
from tests.simulation.workers import Task, Worker, name_of

_LAW_BROKEN = (sqlite3.IntegrityError, psycopg.IntegrityError)
T = TypeVar("T")

_EVENTS_AN_ORDER = 4000  # more than this is a loop


class Run(Processes):
    """`Run(terms).go()`. `hasty`: it ends with the first violation; what came later is not looked at. `count`: what
    befell the hub in which state is counted.
    """

    def __init__(self, terms: Terms, *, keep: bool = False, hasty: bool = False, count: bool = False) -> None:
        super().__init__(terms, keep=keep)
        self.coverage = Coverage() if count else None
        self.hasty = hasty
        self.judge = Judge(self)
        self.guard = Guard(self, self.judge)
        self.race = Race(self)
        self.operator = Operator(self, self.judge)
        self.wake = self._wake
        self.over = False
        self._claim_at: int | None = None
        self._claims = 0

    def go(self) -> Result:
        try:
            if self.hasty:
                self._watch_doubles()
            if self.coverage is not None:
                self.coverage.attach(self)
            self._begin()
            result = self.judge.result(broken_off=not self._to_its_end())
            return replace(result, cells=dict(self.coverage.cells)) if self.coverage is not None else result
        finally:
            self.house.end()
            self.world.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _to_its_end(self) -> bool:
        """False where it was broken off."""
        while not self.over and self.next_at() is not None:
            try:
                self._next()
            except _LAW_BROKEN as error:  # by a claim or a command: no worker was at work
                self.judge.blame("law", self.trace.about, str(error))
                return False
            if self.hasty and self.judge.found:
                return False
        return True

    def _watch_doubles(self) -> None:
        """What a provider had to refuse breaks a promise whatever comes then: so it is told at once."""
        for ledger in self.world.desk.ledgers.values():
            ledger.double = self._blaming(ledger.double)  # type: ignore[method-assign]

    def _blaming(self, double: Callable[..., None]) -> Callable[..., None]:
        def blame(now: float, effect: str, why: str, **facts: Any) -> None:
            double(now, effect, why, **facts)
            self.judge.blame("attempted_doubles", str(facts.get("order") or ""), f"{effect}: {why}")

        return blame

    def _next(self) -> None:
        due, planned = self.world.next_due(), self.next_at()
        when = None if due is None else int(due * SECOND) + 1
        if when is not None and planned is not None and when <= planned:
            self.clock.micros = max(self.clock.micros, when)
            self._post(self.world.advance(self.clock.seconds()))
            return
        deed = self.pop()
        deed()
        self.clock.settle()
        self._post(self.world.desk.outbox.take())

    def _post(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            self.after(self.rng.uniform(0.0, 0.02), lambda d=delivery: self.deliver(d))  # type: ignore[misc]

    # --- the plot

    def _begin(self) -> None:
        terms, hurry = self.terms, self.terms.pace.hurry
        self.judge.past = [
            order
            for shop in (self.world.shop, self.world.woo)
            for order in self.scenario.history(shop, terms.history // 2, self.clock.seconds() - 3600.0)
        ]
        self.open_all()
        for name, account in ACCOUNTS.items():
            if not (terms.deaf and account in self.world.storefronts):
                self.world.subscribe(account, f"https://hub.example/webhooks/{name}")
        self.scenario.run(terms.orders, terms.rate / hurry, self.clock.seconds() + 0.2)
        end = (terms.orders / terms.rate + terms.trouble) * hurry
        for times, deed in ((terms.restarts, self.kill), (terms.stalls, self.stall), (terms.jumps, self.set_clock)):
            for _ in range(times):
                self.after(self.rng.uniform(0.5, end), deed)
        for _ in range(terms.outages):
            self._plan_outage(self.rng.uniform(0.0, end))
        for order in self.judge.past:
            self.after(self.rng.uniform(0.5, end), lambda o=order: self._touch(o))  # type: ignore[misc]
        for _ in range(terms.orders * terms.notes):
            self.after(self.rng.uniform(0.5, end), self._touch_any)
        Catastrophe(self, self.judge, self.guard, self.kill).begin(end)
        self.operator.begin(end)
        self.after(end, self._heal)

    def _touch(self, order: StoreOrder) -> None:
        """Somebody writes a note on an order: an edit that must set nothing going."""
        order.note = "Asked about it"
        self.world.storefront_of(order).changed(order, self.clock.seconds())

    def _touch_any(self) -> None:
        orders = [order for order in self.world.desk.orders.values() if not order.history]
        if orders:
            self._touch(self.rng.choice(orders))

    def _plan_outage(self, begins: float) -> None:
        """Some are longer than a provider remembers a key."""
        account = self.rng.choice(sorted([*self.world.accounts, "mailbox"]))
        begin = self.clock.micros + round(begins * SECOND)
        lasts = self.rng.choice((2.0, 10.0, 30.0)) * self.terms.pace.hurry
        outage = Outage(account, begin, begin + round(lasts * SECOND), silent=self.rng.random() < 0.5)
        self.network.outages.append(outage)
        said = f"{account} is {'silent' if outage.silent else 'gone'} for {lasts:g} s"
        self.at(begin, lambda: self.trace.note(said))

    def _heal(self) -> None:
        """From now on nothing goes wrong: everything must come to an end."""
        self.trace.note("faults end here")
        self.healed_at = max(self.clock.micros, self.stalled_until)
        self.world.desk.faults.level = LEVELS["calm"]
        self.network.late, self.network.clerk, self.network.outages = 0.0, 0.0, []
        self.open_all()
        self.after(10 * self.terms.pace.hurry, self._look)

    def _look(self) -> None:
        """Is it over? A loop that never rests, or something that never ends, is a violation."""
        assert self.healed_at is not None
        self.over = self.judge.at_rest()
        late = self.clock.micros - self.healed_at > self.terms.pace.longest * SECOND
        wild = self.trace.events > _EVENTS_AN_ORDER * (self.terms.orders + self.terms.history)
        if not self.over and (late or wild):
            self.judge.blame("never rests" if late else "loop", "", self.judge.restless())
            self.over = True
        self.after(10 * self.terms.pace.hurry, self._look)

    # --- the workers

    def _wake(self, seconds: float) -> None:
        when = max(self.clock.micros + round(seconds * SECOND), self.stalled_until)
        if self._claim_at is not None and self._claim_at <= when:
            return
        self._claims += 1
        self._claim_at, mine = when, self._claims
        self.at(when, lambda: self._claim(mine))

    def _claim(self, mine: int) -> None:
        if mine != self._claims:
            return None  # an earlier one came in between
        self._claim_at = None
        idle = self.idle()
        if self.hub is None or not idle:
            return None
        try:
            tasks = self._claimed(self.rng.randint(1, len(idle)))
        except NotDurable:
            return self._wake(1.0)
        if not tasks:
            return self._wake(self._patience())
        if self.befalls(self.terms.lost_claims):
            self.trace.note("a claim is lost: " + ", ".join(map(name_of, tasks)))
            for task in tasks:
                self.tell("lost claim", task=task)
            tasks = []
        self.hand_out(tasks)
        self._wake(0.001)

    def idle(self) -> list[Worker]:
        """Who could begin something."""
        return [worker for worker in self.workers if worker.idle and worker.process in self.house.hubs]

    def hand_out(self, tasks: Iterable[Task]) -> None:
        for worker, task in zip(self.idle(), tasks, strict=False):
            worker.take(task, self.house.hubs[worker.process], self._about(task))
            self.trace.note(f"takes {name_of(task)}", who=worker.name, order=worker.about)
            self.plan_step(worker, self.rng.uniform(0.0002, 0.003))

    def _patience(self) -> float:
        assert self.hub is not None
        due = self.hub.store.next_due()
        wait = 60.0 if due is None else max((due - self.clock.now()).total_seconds(), 0.0)
        return wait + self.rng.uniform(0.001, 0.05)

    def _about(self, task: Task) -> str:
        if isinstance(task, Claim):
            return task.order
        if isinstance(task, StoredMessage):
            return self.door.about(task)
        return task.key if task.kind == "fetch" else ""

    def _claimed(self, limit: int) -> list[Task]:
        assert self.hub is not None
        store, now = self.hub.store, self.clock.now()
        due = store.next_due()
        if due is None or due > now:  # a claim that finds nothing costs as much as one that does
            return []
        if self.befalls(self.terms.races):
            return self.race.claims(limit)
        return list(store.claim(limit, now))

    def plan_step(self, worker: Worker, seconds: float) -> None:
        life, worker.plans = worker.life, worker.plans + 1
        mine, worker.rests_until = worker.plans, self.clock.micros + round(seconds * SECOND)
        self.after(seconds, lambda: self._step(worker, life, mine))

    def _step(self, worker: Worker, life: int, mine: int) -> None:
        if worker.life != life or worker.task is None or worker.plans != mine:
            return None
        if self.clock.micros < self.stalled_until:
            return self.plan_step(worker, (self.stalled_until - self.clock.micros) / SECOND)
        if self.befalls(self.terms.crash):
            self.tell("crash", task=worker.task)
            self.trace.note("is gone", who=worker.name, order=worker.about)
            worker.drop()
            return self._wake(0.01)
        if self.befalls(self.terms.freeze):
            self.tell("freeze", task=worker.task)
            sleeps = self.rng.choice((3.0, 20.0, 70.0, 150.0)) * self.rng.uniform(0.8, 1.2)
            self.trace.note(f"freezes for {sleeps:.0f} s", who=worker.name, order=worker.about)
            return self.plan_step(worker, sleeps)
        if self.befalls(self.terms.races) and self.race.begin(worker):
            return None
        more = self._one(worker)
        spent = self.clock.settle() / SECOND
        if more:
            self.plan_step(worker, spent + self.rng.uniform(0.0002, 0.004))
        else:
            self._wake(0.0005)

    def _one(self, worker: Worker) -> bool:
        """One event; False where there is none left, or the engine gave up."""
        return bool(self.unless_it_gives_up(worker, lambda: worker.step(self.clock, self.trace, self.guard)))

    def unless_it_gives_up(self, worker: Worker, act: Callable[[], T]) -> T | None:
        """What it does; None, and nobody works on it any more, where the engine gave up."""
        try:
            return act()
        except NotDurable:
            self.tell("disk failure", task=worker.task)
        except Exception as error:  # whatever it is, the engine should not have raised it
            self.judge.defect(worker, error)
        worker.drop()
        return None
