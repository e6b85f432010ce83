"""Lets time pass in a running world and carries its webhooks to the hub."""

from __future__ import annotations

import queue
import threading
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlsplit

from hub.sandbox.outbox import Delivery
from hub.sandbox.world import World

_TICK_SECONDS = 0.02
_PATIENCE_SECONDS = 5.0  # how long a platform waits for an answer


class Postman:
    """One thread watches the clock, a few carry. `start`, then `stop`."""

    def __init__(self, world: World, carriers: int = 6) -> None:
        self._world = world
        self._waiting: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._clockwork = threading.Thread(target=self._tick, name="sandbox-clock", daemon=True)
        self._carriers = [
            threading.Thread(target=self._carry, name=f"sandbox-postman-{i}", daemon=True) for i in range(carriers)
        ]

    def start(self) -> None:
        self._clockwork.start()
        for each in self._carriers:
            each.start()

    def stop(self) -> None:
        self._stopping.set()
        for _ in self._carriers:
            self._waiting.put(None)
        for each in (self._clockwork, *self._carriers):
            each.join(_PATIENCE_SECONDS + 1)

    def _tick(self) -> None:
        while not self._stopping.wait(_TICK_SECONDS):
            for delivery in self._world.advance(self._world.clock()):
                self._waiting.put(delivery)

    def _carry(self) -> None:
        connections: dict[str, HTTPConnection] = {}
        while (delivery := self._waiting.get()) is not None:
            status = _post(connections, delivery)
            self._world.delivered(delivery, status, self._world.clock())
        for connection in connections.values():
            connection.close()


def _post(connections: dict[str, HTTPConnection], delivery: Delivery) -> int | None:
    """The status, or None where nobody answered in time. A connection the hub closed while idle is opened anew once."""
    place = urlsplit(delivery.url)
    kept = connections.pop(place.netloc, None)
    for connection in (kept, HTTPConnection(place.netloc, timeout=_PATIENCE_SECONDS)):
        if connection is None:
            continue
        try:
            status = _exchange(connection, place, delivery)
        except (OSError, HTTPException):
            connection.close()
        else:
            connections[place.netloc] = connection
            return status
    return None


def _exchange(connection: HTTPConnection, place: SplitResult, delivery: Delivery) -> int:
    target = place.path or "/"
    if place.query:
        target += "?" + place.query
    connection.request("POST", target, body=delivery.body, headers=dict(delivery.headers))
    answer = connection.getresponse()
    answer.read()
    return answer.status
