"""Webhooks brought to the real front door, without a socket; and a memory of what it acknowledged."""

from __future__ import annotations

import asyncio
import atexit
import io
import json
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from hub.assembly.hub import Hub
from hub.model.message import StoredMessage
from hub.sandbox.outbox import Delivery
from hub.sandbox.world import World
from hub.webhook.receiver import PREFIX, WebhookFrontDoor
from tests.simulation.clock import VirtualClock
from tests.simulation.trace import Trace


class Door:
    def __init__(self, world: World, clock: VirtualClock, trace: Trace) -> None:
        self._world, self._clock, self._trace = world, clock, trace
        self._front: WebhookFrontDoor | None = None
        self.acknowledged: dict[tuple[str, str], Delivery] = {}  # (connection, hash of the body) -> the first
        self.posted: dict[tuple[str, str], set[int]] = {}  # the same -> the numbers of deliveries that bore it
        self.refused: list[str] = []
        self._about: dict[tuple[str, str], str] = {}  # the same, -> the hub's key of the order that it tells of

    def open(self, hub: Hub) -> None:
        self._front = hub.front_door(_nothing_else)

    def close(self) -> None:
        self._front = None

    def deliver(self, delivery: Delivery, heard: bool) -> bool:
        """Posts it; True where the hub kept it. Unless `heard`, the sender never learns that."""
        status = self._post(delivery) if self._front is not None else None
        kept = status is not None and 200 <= status < 300
        connection = urlsplit(delivery.url).path.rpartition("/")[2]
        self._about[(connection, digest(delivery.body))] = self._trace.about
        self.posted.setdefault((connection, digest(delivery.body)), set()).add(delivery.number)
        if kept and heard:
            self.acknowledged.setdefault((connection, digest(delivery.body)), delivery)
        if status not in (None, 503) and not kept:
            self.refused.append(f"{delivery.topic} at {connection}: {status}")
        self._trace.note(
            f"webhook {delivery.topic} #{delivery.number}.{delivery.attempt} -> {status}{'' if heard else ' unheard'}",
            who=connection,
        )
        self._world.delivered(delivery, status if heard else None, self._clock.seconds())
        return kept

    def forged(self, delivery: Delivery) -> Delivery:
        """Another body under the same id, signed by its sender: what a sender's own defect looks like."""
        document = json.loads(delivery.body)
        document["sent_again_because"] = f"attempt {delivery.attempt}"
        other = replace(delivery, body=json.dumps(document).encode(), attempt=1)
        postal = self._world.desk.outbox._postal[delivery.prefix]
        return replace(other, headers=postal.envelope(other, self._clock.seconds()))

    def unanswered(self, delivery: Delivery) -> None:
        """Nobody takes it: the process stands still."""
        self._trace.note(f"webhook {delivery.topic} #{delivery.number}.{delivery.attempt} -> nobody answers")
        self._world.delivered(delivery, None, self._clock.seconds())

    def about(self, message: StoredMessage) -> str:
        """The order that a kept message tells of, as the sender knows it."""
        delivery = message.delivery
        if delivery.topic == "pull":
            return f"{delivery.connection}:{delivery.delivery_id.split(':')[1]}"
        return self._about.get((delivery.connection, digest(delivery.body)), "")

    def _post(self, delivery: Delivery) -> int:
        """By one of the two ways in and by the other, in turn."""
        return self._called(delivery) if delivery.number % 2 else self._received(delivery)

    def _received(self, delivery: Delivery) -> int:
        assert self._front is not None
        path = urlsplit(delivery.url).path
        return _loop().run_until_complete(self._front.receive(path.removeprefix(PREFIX), _Posted(delivery))).code

    def _called(self, delivery: Delivery) -> int:
        assert self._front is not None
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": urlsplit(delivery.url).path,
            "CONTENT_LENGTH": str(len(delivery.body)),
            "wsgi.input": io.BytesIO(delivery.body),
        }
        for name, value in delivery.headers:
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        statuses: list[str] = []
        self._front(environ, lambda status, headers, exc_info=None: statuses.append(status))  # type: ignore[arg-type]
        return int(statuses[0].split()[0])


class _Posted:
    """Implements `hub.webhook.receiver.Request`."""

    method = "POST"

    def __init__(self, delivery: Delivery) -> None:
        self.pairs = tuple((name.lower(), value) for name, value in delivery.headers)
        self._body = delivery.body

    async def body(self, cap: int) -> bytes:
        return self._body


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


def _nothing_else(environ: Any, start: Any) -> list[bytes]:
    start("404 Not Found", [])
    return [b""]
