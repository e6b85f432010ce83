"""A person at the hub: looks at what needs somebody, knows the providers' ledgers, and now and then is just curious."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hub.assembly.hub import Hub
from hub.flow import commands, gap
from hub.flow.commands import Refused
from hub.flow.payment import refundable
from hub.model.book import Book
from hub.model.contract import NotDurable
from hub.model.flow import State
from hub.model.step import Step
from hub.sandbox.books import StoreOrder
from tests.simulation import truth
from tests.simulation.clerk import undo
from tests.simulation.judge import Judge
from tests.simulation.scene import Scene

WHO = "operator"
# What is stopped for the connection's sake; everything else that is held is the order's, and stays.
_CONNECTION_CAUSES = ("paused", "credentials", "breaker")
_MENDED_BY_TRYING = ("overtaken", "sums", "not_shipped_in_time")
_ROUND_SECONDS = 15.0
_TRIES = 20


class Operator:
    """What he does at the hub counts as a person's word: the judge is told what it changes of what is expected."""

    def __init__(self, scene: Scene, judge: Judge) -> None:
        self._scene, self._judge = scene, judge
        self._undone: set[str] = set()  # references under which something was keyed in, and taken back
        self._tried: Counter[tuple[str, str]] = Counter()  # (order, step) -> how often, since things are calm

    def begin(self, end: float) -> None:
        scene, terms = self._scene, self._scene.terms
        if terms.commands:
            self._plan_deed(end)
        for _ in range(terms.pauses):
            scene.after(scene.rng.uniform(1.0, end * 0.7), self._pause)
        if self._judge.past:
            scene.after(scene.rng.uniform(end * 0.3, end * 0.8), self._adopt)
        scene.after(end + 5.0, self._round)

    # --- before things are healed: now and then, anything

    def _plan_deed(self, end: float) -> None:
        scene = self._scene
        wait = scene.rng.expovariate(scene.terms.commands) * scene.terms.pace.hurry
        if scene.clock.monotonic() + wait < end:
            scene.after(wait, lambda: self._deed(end))

    def _deed(self, end: float) -> None:
        hub, keys, rng = self._scene.hub, list(self._scene.known()), self._scene.rng
        if hub is not None and keys:
            key = rng.choice(keys)
            if self._scene.befalls(self._scene.terms.cancels):
                self._cancel(hub, key)
            elif self._scene.befalls(self._scene.terms.refunds):
                any(self._refund(hub, each) for each in rng.sample(keys, len(keys)))  # the first that can be
            else:
                rng.choice((self._attend, self._attend, self._replay, self._replay_storm))(hub, key)
        self._plan_deed(end)

    def _replay(self, hub: Hub, key: str) -> None:
        book = hub.store.read(key)
        self._again(hub, key, self._scene.rng.choice([None, *sorted(book.steps if book else ())]), "let us see")

    def _replay_storm(self, hub: Hub, key: str) -> None:
        for _ in range(3):
            self._again(hub, key, None, "again")

    def _cancel(self, hub: Hub, key: str) -> None:
        now = self._scene.clock.now()
        self._scene.tell("cancel", order=key)
        self._act(key, "cancels the order", lambda: commands.cancel(hub.setting, key, WHO, "no longer wanted", now))
        book = hub.store.read(key)  # a disk may have failed after it was written
        if book is not None and any(run.inputs.get("commanded") for run in book.runs.values()):
            self._judge.cancelled.setdefault(key, now)

    def _refund(self, hub: Hub, key: str) -> bool:
        """Half of what can be given back, of an order that has ended. False where nothing can be."""
        book, order = hub.store.read(key), self._store_order(key)
        if book is None or book.order is None or order is None or key in self._judge.cancelled:
            return False
        amount = max((refundable(payment) for payment in book.order.payments), default=0) // 2
        moving = any(step.state not in _ENDED for step in book.steps.values() if not step.tail)
        if not amount or order.refunds or moving or key in self._judge.refunded:
            return False
        twice = self._scene.rng.random() < 0.4
        amount = amount * 2 if twice else amount
        order.expected_refunds += 1
        done = self._give_back(hub, key, amount)
        if twice and done:
            order.expected_refunds += self._give_back(hub, key, amount)  # a click too many: there is not so much left
            self._judge.clicked.add(key)
        order.expected_refunds -= not done
        self._scene.world.desk.note(order)
        return True

    def _give_back(self, hub: Hub, key: str, amount: int) -> bool:
        self._scene.tell("refund", order=key)
        self._judge.refunded.add(key)
        before = self._refunds(hub, key)
        self._act(key, f"gives {amount} back", lambda: commands.refund(
            hub.setting, key, amount, (), None, WHO, "a scratch", self._scene.clock.now()
        ))  # fmt: skip
        return self._refunds(hub, key) > before  # a disk may have failed after it was written

    def _refunds(self, hub: Hub, key: str) -> int:
        book = hub.store.read(key)
        return 0 if book is None else sum(run.flow == "refund-order" for run in book.runs.values())

    def _adopt(self) -> None:
        """Takes up one order of the past that is still open."""
        hub = self._scene.hub
        if hub is None:
            return self._scene.after(3.0, self._adopt)
        for order in self._judge.past:
            key = self._scene.key_of(order.prefix, order.id)
            if order.cancelled_at or order.sent or hub.store.read(key) is None:
                continue
            self._act(key, "adopts it", lambda key=key: commands.adopt(  # type: ignore[misc]
                hub.setting, key, WHO, "it was forgotten", self._scene.clock.now()
            ))  # fmt: skip
            if (book := hub.store.read(key)) is not None and book.adopted:  # be it that nobody could be told so
                self._scene.scenario.adopt(order)
                return None

    # --- a connection is paused

    def _pause(self) -> None:
        hub, scene = self._scene.hub, self._scene
        if hub is None or scene.calm:
            return
        name = scene.rng.choice(sorted(hub.setting.connections))
        self._scene.tell("pause", connection=name)
        self._act("", f"pauses {name}", lambda: hub.store.set_standing(
            name, scene.clock.now(), paused=True, why="a look at it"
        ))  # fmt: skip
        scene.after(scene.rng.uniform(2.0, 20.0) * scene.terms.pace.hurry, lambda: self._resume(name))

    def _resume(self, name: str) -> None:
        hub, scene = self._scene.hub, self._scene
        if hub is None or not self._act("", f"resumes {name}", lambda: hub.store.set_standing(
            name, scene.clock.now(), paused=False, why=None
        )):  # fmt: skip
            return scene.after(2.0, lambda: self._resume(name))
        kept = [self._act(key, "goes on", lambda key=key: commands.resume_held(  # type: ignore[misc]
            hub.setting, key, _CONNECTION_CAUSES, name, scene.clock.now()
        )) for key in scene.known()]  # fmt: skip
        if not all(kept):  # whoever is told that it could not be kept gives the command again
            scene.after(2.0, lambda: self._resume(name))

    # --- afterwards: everything that needs somebody gets somebody

    def _round(self) -> None:
        hub, scene = self._scene.hub, self._scene
        if hub is not None:
            for row in hub.store.readers.tx().all(_NEEDY):
                self._attend(hub, row["order_key"])
            self._act("", "releases what met a defect", lambda: hub.store.release_messages(scene.clock.now(), "defect"))
        scene.after(_ROUND_SECONDS * scene.terms.pace.hurry, self._round)

    def _attend(self, hub: Hub, key: str) -> None:
        book = hub.store.read(key)
        for step in book.steps.values() if book else ():
            assert book is not None
            if step.state is State.PARKED:
                self._resolve(hub, book, step)
            elif self._worth_a_try(book, step) and self._patient(key, step):
                self._again(hub, key, step.id, "mended")

    def _patient(self, key: str, step: Step) -> bool:
        """What is held again and again stays held: somebody else must decide."""
        self._tried[(key, step.id)] += self._scene.calm
        return self._tried[(key, step.id)] <= _TRIES

    def _worth_a_try(self, book: Book, step: Step) -> bool:
        if step.state is State.DEAD:
            return True
        if step.state is State.REJECTED:
            unknown = gap.pending(step) or self._truth(book, step) is None
            return unknown and step.capability not in ("fulfillment.cancel", "label.refund")
        if step.state is not State.HELD:
            return False
        mended = self._scene.calm and step.cause in ("credentials", "breaker")
        return mended or step.cause in _MENDED_BY_TRYING

    def _again(self, hub: Hub, key: str, step: str | None, why: str) -> None:
        now = self._scene.clock.now()
        self._scene.tell("replay", order=key, step=step or "")
        self._act(key, f"replays {step or 'everything'}", lambda: commands.replay(
            hub.setting, key, step, WHO, why, now
        ))  # fmt: skip

    def _resolve(self, hub: Hub, book: Book, step: Step) -> None:
        effect = book.effect(step)
        if effect is not None and step.cause == "unlike":  # somebody else's work under our reference
            undone = undo(self._scene.world, effect.reference, self._scene.clock.seconds())
            if undone or effect.reference in self._undone:
                self._undone.add(effect.reference)
                return self._say(hub, book, step, "new_generation", None)
        line = self._truth(book, step)
        decision, reference = ("happened", truth.provider_id(line)) if line else ("did_not", None)
        return self._say(hub, book, step, decision, reference)

    def _say(self, hub: Hub, book: Book, step: Step, decision: str, reference: str | None) -> None:
        self._scene.tell("resolve", order=book.key, step=step.id)
        said = f"says of {step.id} ({step.cause}): {decision} {reference or ''}"
        self._act(book.key, said, lambda: commands.resolve(
            hub.setting, book.key, step.id, decision, reference, WHO, "read in the ledger", self._scene.clock.now()
        ))  # fmt: skip

    def _truth(self, book: Book, step: Step) -> truth.Line | None:
        effect = book.effect(step)
        return truth.happened(effect, book, truth.read(self._scene.world.directory)) if effect else None

    # --- how

    def _act(self, key: str, what: str, deed: Callable[[], object]) -> bool:
        """False where it was refused, or could not be kept."""
        trace = self._scene.trace
        trace.who, trace.about = WHO, key
        try:
            said = deed()
        except (Refused, NotDurable) as error:
            trace.note(f"{what}: {type(error).__name__}")
            return False
        if said or not key:
            trace.note(what)
            self._scene.wake(0.001)
        return True

    def _store_order(self, key: str) -> StoreOrder | None:
        connection, _, source_id = key.partition(":")
        orders = self._scene.world.desk.orders.values()
        named = (o for o in orders if o.id == source_id and self._scene.key_of(o.prefix, o.id) == key)
        return next(named, None) if connection else None


_ENDED = (State.DONE, State.SKIPPED, State.CANCELLED)
_NEEDY = "SELECT DISTINCT order_key FROM steps WHERE state IN ('parked', 'dead', 'rejected', 'held') ORDER BY order_key"
