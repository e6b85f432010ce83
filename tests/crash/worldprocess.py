"""The providers of a case, in a process of their own that no crash of the hub touches; and the hand that moves time.

They answer on loopback as the sandbox always does. Webhooks are carried one by one, and time goes on only when the hub
has nothing to do, so a case takes the same path each time.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from hub.sandbox.books import StoreOrder
from hub.sandbox.outbox import Delivery
from hub.sandbox.running import RunningWorld
from hub.store.claims import CLAIM_LEASE
from tests.crash import outcomes
from tests.crash.board import SECOND, Board
from tests.crash.lodge import SWEEP_SECONDS, Lodge, build_world
from tests.crash.point import Case
from tests.crash.walks import CONNECTIONS, WALKS
from tests.simulation.door import digest

_LOOK_SECONDS = 0.0004
_QUIET_SECONDS = SWEEP_SECONDS + 5.0  # nothing moves for so long, a sweep included: it is over
_LONGEST_SECONDS = 2 * 86_400.0  # of the case's own time
_PATIENCE_SECONDS = 5.0
_LATER_SECONDS = 5.0  # so long after the hub's first start the order is placed


@dataclass
class Report:
    """What the judge must know and no ledger tells. `acknowledged`: [connection, hash of the body, what it was];
    `posted`: [connection, hash of the body, the delivery's number].
    """

    order: str = ""
    posted: list[tuple[str, str, int]] = field(default_factory=list)
    acknowledged: list[list[str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    commanded: int = 0  # when the person's command was answered
    micros: int = 0
    gave_up: str = ""


class Providers:
    """`Providers(...).run()` returns when everything has come to rest."""

    def __init__(self, lodge: Lodge, board: Board, case: Case) -> None:
        self._lodge, self._board, self._walk = lodge, board, WALKS[case.walk]
        lodge.world.mkdir(parents=True)
        self._world = build_world(lodge.world, board)
        self._running = RunningWorld(self._world, port=lodge.web, smtp_port=lodge.post)
        self._running._postman = _Nobody()  # type: ignore[assignment]
        outcomes.watch(self._world, board)
        for prefix, connection in CONNECTIONS.items():
            if prefix not in self._walk.deaf:
                made = self._world.subscribe(prefix, f"http://127.0.0.1:{lodge.door}/webhooks/{connection}")
                made.topics = self._walk.topics if prefix == self._walk.shop else frozenset()
        self._waiting: list[Delivery] = []
        self._command = self._walk.command
        self._quiet_since = 0
        # Who shares a database waits for a lost sweep's lease to end, as for any other.
        lease = 0.0 if lodge.server is None else CLAIM_LEASE.total_seconds()
        self._quiet = int((_QUIET_SECONDS + lease) * SECOND)
        self.report = Report()

    def run(self) -> None:
        self._running.start()
        self._board.open = 1
        order: StoreOrder | None = None
        while True:
            self._await_rest()
            if order is None:
                order = self._place()
            elif self._deliver() or self._commanded(order):
                self._quiet_since = 0
            elif not self._go_on():
                break
            self._board.turn += 1
        self.report.micros = self._board.micros
        self._lodge.report.write_text(json.dumps(vars(self.report)))
        self._board.over = 1

    def _await_rest(self) -> None:
        board = self._board
        while not board.up or board.rested != board.turn:
            time.sleep(_LOOK_SECONDS)

    def _place(self) -> StoreOrder:
        walk, scenario = self._walk, self._running.scenario
        shop = self._world.storefronts[walk.shop]
        self._board.pass_time(_LATER_SECONDS)
        order = scenario.place(shop, scenario.named(shop, walk.story), self._board.seconds(), **walk.changes)
        if walk.after_placing is not None:
            walk.after_placing(self._world, order)
        self.report.order = f"{CONNECTIONS[order.prefix]}:{order.id}"
        return order

    # --- what is told to the hub

    def _deliver(self) -> bool:
        """Carries one webhook that is due; False where none is."""
        self._waiting += self._world.advance(self._board.seconds())
        if not self._waiting:
            return False
        delivery = self._waiting.pop(0)
        status = self._post(delivery.url, delivery.body, dict(delivery.headers))
        connection = urlsplit(delivery.url).path.rpartition("/")[2]
        self.report.posted.append((connection, digest(delivery.body), delivery.number))
        if status is not None and 200 <= status < 300:
            about = f"{delivery.topic} #{delivery.number}"
            self.report.acknowledged.append([connection, digest(delivery.body), about])
        elif status not in (None, 503):
            self.report.refused.append(f"{delivery.topic} at {connection}: {status}")
        self._world.delivered(delivery, status, self._board.seconds())
        return True

    def _commanded(self, order: StoreOrder) -> bool:
        """A person's word, when its time has come; again, where nobody answered."""
        command = self._command
        if command is None or self._waiting:
            return False
        if command.ready is None and (self._board.moving or self._world.next_due() is not None):
            return False
        if command.ready is not None and not command.ready(self._world, order):
            return False
        asked = {"do": command.do, "order": self.report.order, "amount": command.amount}
        status = self._post(f"http://127.0.0.1:{self._lodge.door}/commands", json.dumps(asked).encode(), {})
        if status == 200:
            self._command, self.report.commanded = None, self._board.micros
        elif status not in (None, 503):
            self.report.gave_up = f"the command was answered {status}"
            self._command = None
        return True

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int | None:
        """The status; None where nobody answered, which is what a hub that dies does."""
        place = urlsplit(url)
        connection = HTTPConnection(place.netloc, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("POST", place.path, body=body, headers=headers)
            return connection.getresponse().status
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()

    # --- time

    def _go_on(self) -> bool:
        """Jumps to whatever is due next; False when it is over."""
        board = self._board
        coming = self._world.next_due()
        world = 0 if coming is None else int(coming * SECOND) + 1
        if board.moving or world:
            self._quiet_since = 0
        elif not self._quiet_since:
            self._quiet_since = board.micros
        ends = self._quiet_since + self._quiet if self._quiet_since else 0
        nexts = [micros for micros in (board.due, world, ends) if micros]
        when = min(nexts) if nexts else 0
        if ends and (board.micros >= ends or when >= ends):
            if self._command is not None:
                self.report.gave_up = "it never came so far that the person's command made sense"
            return False
        if self._board.monotonic() > _LONGEST_SECONDS:
            self.report.gave_up = "it never came to rest"
            return False
        board.micros = max(board.micros + 1, when)
        return True


class _Nobody:
    """Carries no webhooks by itself."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def live(lodge: Lodge, board: Board, case: Case) -> Any:
    """The life of one world, forked just before. It ends when the case does."""
    Providers(lodge, board, case).run()
    os._exit(0)
