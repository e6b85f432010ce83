"""A hub that dies at one event: the real one, opened and started as `crossdock serve` does, in a process of its own.

Every event that the engine's workers yield passes through `Watch`, which numbers it, writes it down, and kills the
process where the case says so. Durable transactions outside of the workers (a webhook that is kept, a claim, a person's
command, what a start writes) are seen at the store's writer. Nothing is changed in between.
"""

from __future__ import annotations

import json
import os
import socketserver
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

import hub.assembly.labour
import hub.assembly.storage
import hub.flow.drive
from hub.assembly.hub import Hub
from hub.flow.drive import Engine
from hub.flow.rooms import Place
from hub.model.contract import Chore, Claim, NotDurable
from hub.model.message import StoredMessage
from tests import losing
from tests.crash import lodge as lodging
from tests.crash.board import Board, micros_of
from tests.crash.lodge import Lodge
from tests.crash.plants import PLANTS
from tests.crash.point import Case
from tests.crash.walks import WALKS
from tests.crash.watch import SeenWriter, Watch
from tests.looking import look

_LOOK_SECONDS = 0.0004
_MOVING = """
SELECT min(due) FROM (
  SELECT min(due_at) AS due FROM steps WHERE due_at IS NOT NULL AND NOT (tail = 1 AND state = 'awaiting')
  UNION ALL SELECT min(due_at) FROM messages WHERE due_at IS NOT NULL
  UNION ALL SELECT min(due_at) FROM chores WHERE due_at IS NOT NULL AND kind <> 'sweep')
"""


class SeenEngine(Engine):
    """The engine, which says what each of its threads is at."""

    watch: Watch

    def _run(self, claim: StoredMessage | Claim | Chore, place: Place) -> None:
        self.watch.who = name_of(claim)
        try:
            super()._run(claim, place)
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
        PLANTS[case.plant](process, lodge)
    lodging.read_once(lodge.of(WALKS[case.walk]))
    opened = hub.assembly.hub.open_hub(lodge.home.folder, clock=board.now, around=lodging.around(board, board.now()))
    opened.start()
    _serve(opened, lodge.door, watch)
    board.up = process
    _tell(opened, board)


def _see_everything(watch: Watch) -> None:
    """Puts the watch where the engine drives its workers, and where the store writes, also during a start."""
    labour: Any = hub.assembly.labour
    storage: Any = hub.assembly.storage
    driver: Any = hub.flow.drive
    drive = driver.drive

    def seen(opens: Callable[..., Any]) -> Callable[..., Any]:
        def opened(*args: Any, **options: Any) -> Any:
            store = opens(*args, **options)
            store.writer = SeenWriter(store.writer, watch)
            if store._ingest is not None:
                store._ingest = SeenWriter(store._ingest, watch)
            return store

        return opened

    losing.watch()
    SeenEngine.watch = watch
    labour.Engine = SeenEngine
    storage.open_sqlite, storage.open_postgres = seen(storage.open_sqlite), seen(storage.open_postgres)
    driver.drive = lambda work, clock, place=None: drive(watch.drive(work), clock, place)


def _tell(opened: Hub, board: Board) -> None:
    """Says when the hub has nothing to do at this time, and when it will have."""
    engine = opened._labour
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
    return int(look(opened.store, _MOVING)[0][0] or 0)


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
        try:
            self._obey(asked)
        except NotDurable:  # as the API says it
            start("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        self._hub.wake()
        start("200 OK", [("Content-Length", "0")])
        return [b""]

    def _obey(self, asked: dict[str, Any]) -> None:
        order, book = asked["order"], self._hub.store.read(asked["order"])
        flow = f"{asked['do']}-order"
        if book is not None and not any(run.flow == flow for run in book.runs.values()):
            acts = self._hub.desk.acts
            if asked["do"] == "cancel":
                acts.cancel(order, "ann", "not wanted any more")
            else:
                acts.refund(order, int(asked["amount"]), [], None, "ann", "a scratch")
