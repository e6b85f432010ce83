"""A hub that dies at one event: the real one, opened and started as `crossdock serve` does, in a process of its own.

Every event that the engine's workers yield passes through `Watch`, which numbers it, writes it down, and kills the
process where the case says so. Durable transactions outside of the workers (a webhook that is kept, a claim, a person's
command, what a start writes) are seen at the store's writer. Nothing is changed in between.
"""

from __future__ import annotations

import json
import os
import signal
import socketserver
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, replace
from functools import partial
from typing import Any, TypeVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

import hub.assembly.hub
import hub.flow.drive
from hub.assembly.hub import Hub
from hub.flow.drive import Engine
from hub.flow.event import Happening, Wire
from hub.model.contract import Chore, Claim, NotDurable
from hub.model.message import StoredMessage
from hub.store.sqlite import Writer
from hub.store.tx import Tx
from tests.crash import lodge as lodging
from tests.crash import outcomes
from tests.crash.board import Board, micros_of
from tests.crash.lodge import Lodge
from tests.crash.plants import PLANTS
from tests.crash.point import AFTER, BEFORE, Case, Event
from tests.crash.walks import WALKS

T = TypeVar("T")
_LOOK_SECONDS = 0.0004
_MOVING = """
SELECT min(due) FROM (
  SELECT min(due_at) AS due FROM steps WHERE due_at IS NOT NULL AND NOT (tail = 1 AND state = 'awaiting')
  UNION ALL SELECT min(due_at) FROM messages WHERE due_at IS NOT NULL
  UNION ALL SELECT min(due_at) FROM chores WHERE due_at IS NOT NULL AND kind <> 'sweep')
"""


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

    def writes(self) -> None:
        """The event under way on this thread is a durable one."""
        self._here.wrote = True

    def afterwards(self, name: str) -> None:
        """An event that is known as one only when it is over, such as a claim that found something."""
        event = replace(self._next(name, wire=False), durable=True)
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


class SeenWriter:
    """The store's writer. A transaction within a worker's event is that event; any other is one of its own."""

    def __init__(self, inner: Writer, watch: Watch) -> None:
        self._inner, self._watch = inner, watch

    def run(self, moment: Callable[[Tx], T]) -> T:
        if self._watch.within:
            self._watch.writes()
            return self._inner.run(moment)
        name = sys._getframe(1).f_code.co_name
        if name.startswith("claim"):
            claimed = self._inner.run(moment)
            if claimed:
                self._watch.afterwards(name.replace("_", " "))
            return claimed
        return self._watch.event(name.replace("_", " "), lambda: self._inner.run(moment), durable=True)

    def close(self) -> None:
        self._inner.close()


class SeenEngine(Engine):
    """The engine, which says what each of its threads is at."""

    watch: Watch

    def _run(self, claim: StoredMessage | Claim | Chore) -> None:
        self.watch.who = name_of(claim)
        try:
            super()._run(claim)
        finally:
            self.watch.who = "hub"

    def rests(self) -> bool:
        """Nobody is at work, and nothing is being claimed."""
        return self._free._value == self._threads


def name_of(claim: StoredMessage | Claim | Chore) -> str:
    if isinstance(claim, Claim):
        return f"{claim.order} {claim.step}"
    if isinstance(claim, StoredMessage):
        return f"message {claim.id} {claim.delivery.topic} of {claim.delivery.connection}"
    return f"chore {claim.kind} {claim.key}"


def live(lodge: Lodge, board: Board, case: Case, process: int) -> None:
    """The life of one process, forked just before: it ends by SIGKILL alone."""
    log = os.open(lodge.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    watch = Watch(lodge, board, case, process)
    _see_everything(watch)
    if case.plant:
        PLANTS[case.plant](process, lodge.home.database)
    lodging.read_once(lodge.of(WALKS[case.walk]))
    opened = hub.assembly.hub.open_hub(lodge.home.folder, clock=board.now, around=lodging.around(board, board.now()))
    opened.start()
    _serve(opened, lodge.door, watch)
    board.up = process
    _tell(opened, board)


def _see_everything(watch: Watch) -> None:
    """Puts the watch where the engine drives its workers, and where the store writes, also during a start."""
    opener: Any = hub.assembly.hub
    driver: Any = hub.flow.drive
    drive, opens = driver.drive, opener.open_sqlite

    def open_sqlite(*args: Any, **options: Any) -> Any:
        store = opens(*args, **options)
        store.writer = SeenWriter(store.writer, watch)
        return store

    SeenEngine.watch = watch
    opener.Engine, opener.open_sqlite = SeenEngine, open_sqlite
    driver.drive = lambda work, clock: drive(watch.drive(work), clock)


def _tell(opened: Hub, board: Board) -> None:
    """Says when the hub has nothing to do at this time, and when it will have."""
    engine = opened._engine
    assert isinstance(engine, SeenEngine)
    told = 0
    while True:
        turn = board.turn
        if turn != told and engine.rests():
            due = micros_of(opened.store.next_due())
            if due and due <= board.micros:
                opened.wake()
            elif engine.rests():
                board.due, board.moving = due, _moving(opened)
                board.rested = told = turn
        time.sleep(_LOOK_SECONDS)


def _moving(opened: Hub) -> int:
    return int(opened.store.readers.tx()._connection.execute(_MOVING).fetchone()[0] or 0)


# --- the door


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - it is called so
        """Nobody reads it."""

    def address_string(self) -> str:
        return self.client_address[0]


def _serve(opened: Hub, port: int, watch: Watch) -> None:
    """The real front door, and behind it a person's two commands."""
    commands = _Commands(opened, watch)
    door = opened.front_door(commands)

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        watch.who = "door"
        return door(environ, start)

    _Server.server_bind = socketserver.TCPServer.server_bind  # type: ignore[method-assign]  # no name look-up
    server = _Server(("127.0.0.1", port), _Handler)
    server.server_name, server.server_port = "127.0.0.1", port
    server.setup_environ()
    server.set_app(app)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 5.0}, daemon=True).start()


class _Commands:
    """A person who looks before they speak: a command that was taken already is not given again."""

    def __init__(self, opened: Hub, watch: Watch) -> None:
        self._hub, self._watch = opened, watch

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        order, book = asked["order"], self._hub.store.read(asked["order"])
        flow = f"{asked['do']}-order"
        if book is not None and not any(run.flow == flow for run in book.runs.values()):
            acts = self._hub.desk.acts
            if asked["do"] == "cancel":
                acts.cancel(order, "ann", "not wanted any more")
            else:
                acts.refund(order, int(asked["amount"]), [], None, "ann", "a scratch")
        self._hub.wake()
        start("200 OK", [("Content-Length", "0")])
        return [b""]
