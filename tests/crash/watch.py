"""What sees every event of a hub: numbers it, writes it down, and kills the process where the case says so."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import asdict, replace
from functools import partial
from typing import Any, TypeVar

from hub.flow.event import Happening, Wire
from hub.flow.intent import Sending
from hub.model.contract import NotDurable
from hub.store.tx import AtOnce, Tx, Writer
from tests import losing
from tests.crash import outcomes
from tests.crash.board import Board
from tests.crash.lodge import Lodge
from tests.crash.point import AFTER, BEFORE, Case, Event

T = TypeVar("T")


class Watch:
    """Sees every event of this process."""

    def __init__(self, lodge: Lodge, board: Board, case: Case, process: int) -> None:
        self._board, self._process = board, process
        self._kills = [kill for kill in case.kills if kill.process == process]
        self._faults = list(case.faults)
        self._trace = os.open(lodge.trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._seen: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._here = threading.local()

    # --- who is at work on this thread

    @property
    def who(self) -> str:
        return getattr(self._here, "who", "hub")

    @who.setter
    def who(self, name: str) -> None:
        self._here.who = name

    @property
    def within(self) -> str:
        """The event under way on this thread; "" between two."""
        return getattr(self._here, "within", "")

    # --- events

    def drive(self, work: Generator[Happening, Any, Any]) -> Generator[Happening, Any, Any]:
        """The same work, seen."""
        answer: Any = None
        error: Exception | None = None
        while True:
            try:
                happening = work.throw(error) if error is not None else work.send(answer)
            except StopIteration:
                return
            except NotDurable:
                raise
            except Exception:
                self.defect()
                raise
            error = None
            if isinstance(answer, Sending):  # perhaps of the next step
                self.who = f"{answer.claim.order} {answer.claim.step}"
            try:
                answer = yield replace(happening, act=partial(self._act, happening))
            except Exception as raised:
                error = raised

    def _act(self, happening: Happening, now: Any) -> Any:
        return self.event(happening.name, lambda: happening.act(now), wire=isinstance(happening, Wire))

    def event(self, name: str, act: Callable[[], T], *, wire: bool = False, durable: bool = False) -> T:
        """Lets one event happen, unless this process is to die before it."""
        event = self._next(name, wire)
        self._die(event, BEFORE)
        self._here.lost = self._loss(event)
        self._arm(event)
        calls, changes = self._board.calls, self._board.changes
        outer, self._here.within = self.within, name if not wire else ""
        inner_who, self._here.wrote = self.who, durable
        try:
            return act()
        finally:
            self._here.within = outer
            self.who = inner_who
            event = replace(
                event,
                durable=self._here.wrote,
                calls=self._board.calls - calls,
                changes=self._board.changes - changes,
            )
            self._board.armed = 0
            self._note(asdict(event))
            self._die(event, AFTER)
            self._board.micros += 1000

    def writes(self, moment: Callable[[Tx], T]) -> Callable[[Tx], T]:
        """The event under way on this thread is a durable one. Returns its moment, which may lose its connection."""
        self._here.wrote = True
        loss, self._here.lost = getattr(self._here, "lost", None), None
        return moment if loss is None else self.losing(moment, *loss)

    def losing(self, moment: Callable[[Tx], T], how: str, event: Event) -> Callable[[Tx], T]:
        """The same moment, at the COMMIT of which its connection is lost."""

        def act(tx: Tx) -> T:
            answer = moment(tx)
            losing.lose(tx, how)
            self._note({"killed": how, **asdict(event)})
            return answer

        return act

    def claim(self, name: str, run: Callable[[Callable[[Tx], T]], T], moment: Callable[[Tx], T]) -> T:
        """A claim, which is known as an event only when it has found something."""
        events: list[Event] = []

        def act(tx: Tx) -> T:
            claimed = moment(tx)
            if claimed and not events:
                events.append(replace(self._next(name, wire=False), durable=True))
                if (loss := self._loss(events[0])) is not None:
                    losing.lose(tx, loss[0])
                    self._note({"killed": loss[0], **asdict(events[0])})
            return claimed

        try:
            return run(act)
        finally:
            for event in events:
                self._note(asdict(event))
                self._die(event, AFTER)

    def defect(self) -> None:
        """The engine raised, which no crash may bring about."""
        self._note({"defect": traceback.format_exc()[-1500:], "process": self._process, "who": self.who})

    def _next(self, name: str, wire: bool) -> Event:
        with self._lock:
            self._seen[self.who, name] += 1
            return Event(self._process, self.who, name, self._seen[self.who, name], wire)

    def _die(self, event: Event, when: str) -> None:
        if any(kill.when == when and kill.place == event.place for kill in self._kills):
            self._note({"killed": when, **asdict(event)})
            os.kill(os.getpid(), signal.SIGKILL)

    def _loss(self, event: Event) -> tuple[str, Event] | None:
        """How this event's connection is lost at its COMMIT."""
        for kill in self._kills:
            if not kill.fatal and kill.place == event.place:
                return kill.when, event
        return None

    def _arm(self, event: Event) -> None:
        """The call of this event is the one in question: what is to come of it is told to the world."""
        if not event.wire:
            return
        for fault in self._faults:
            here = (fault.who, fault.name) == (event.who, event.name)
            exactly = fault.n == event.n and fault.process == self._process
            if here and (exactly or (fault.n == 0 and self._process >= fault.process)):
                self._board.wanted = outcomes.ONLY_CHANGES if event.name.startswith("send") else outcomes.ANY_CALL
                self._board.armed = outcomes.code(fault.outcome)
                self._faults.remove(fault)
                return

    def _note(self, line: dict[str, Any]) -> None:
        os.write(self._trace, json.dumps(line).encode() + b"\n")


class SeenWriter(AtOnce):
    """The store's writer. A transaction within a worker's event is that event; any other is one of its own."""

    def __init__(self, inner: Writer, watch: Watch) -> None:
        self._inner, self._watch = inner, watch

    def run(self, moment: Callable[[Tx], T], of: str = "") -> T:
        if self._watch.within:
            return self._inner.run(self._watch.writes(moment), of)
        name = sys._getframe(1).f_code.co_name.replace("_", " ")
        if name.startswith("claim"):
            return self._watch.claim(name, self._inner.run, moment)
        return self._watch.event(name, lambda: self._inner.run(self._watch.writes(moment)), durable=True)

    def close(self) -> None:
        self._inner.close()
