"""The connections that receive webhooks, as the front door asks for them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from hub.model.contract import Inbox
from hub.model.message import Delivery, Kept
from hub.vault.keys import KeyFault
from hub.vault.store import SecretFault
from hub.webhook.receiver import Endpoint
from hub.webhook.secret import UnusableSecret
from hub.webhook.source import Source

KEYS_LIVE_SECONDS = 1.0  # a rotated secret counts within this time
RUSH, RUSH_SECONDS = 30, 0.1  # so many deliveries to one shop in so short a time; a busy one has fewer

_log = structlog.get_logger("crossdock.webhook")


@dataclass(frozen=True)
class Door:
    """What the configuration says of one connection's webhooks; `secrets` are references."""

    connection: str
    source: Source
    secrets: tuple[str, ...]
    settings: Mapping[str, Any]


class Doors:
    """Endpoints by connection. Secrets are resolved again every second; one that cannot be had verifies nothing."""

    def __init__(
        self,
        doors: Mapping[str, Door],
        resolve: Callable[[str], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._doors, self._resolve, self._monotonic = dict(doors), resolve, monotonic
        self._lock = threading.Lock()
        self._made: dict[str, tuple[float, Endpoint]] = {}

    def replace(self, doors: Mapping[str, Door]) -> None:
        """Other connections from now on."""
        with self._lock:
            self._doors, self._made = dict(doors), {}

    def endpoint(self, connection: str) -> Endpoint | None:
        now = self._monotonic()
        made = self._made.get(connection)
        if made is not None and now < made[0]:
            return made[1]
        with self._lock:
            door = self._doors.get(connection)
            if door is None:
                return None
            endpoint = Endpoint(door.connection, door.source, self._keys(door), door.settings)
            self._made[connection] = (now + KEYS_LIVE_SECONDS, endpoint)
            return endpoint

    def _keys(self, door: Door) -> tuple[bytes, ...]:
        keys: list[bytes] = []
        for reference in door.secrets:
            try:
                keys += door.source.verifier.keys([self._resolve(reference)])
            except (SecretFault, KeyFault, UnusableSecret) as fault:
                _log.warning("a webhook secret cannot be used", connection=door.connection, why=str(fault))
        return tuple(keys)


class Waking:
    """The store as the front door sees it: a delivery that was kept is looked at at once, or when the rush is over."""

    def __init__(self, inbox: Inbox, wake: Callable[[], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._inbox, self._wake, self._monotonic = inbox, wake, monotonic
        self._lock = threading.Lock()
        self._since, self._recent = 0.0, Counter[str]()
        self._until: dict[str, float] = {}

    def rushing(self) -> frozenset[str]:
        """Shops for which so much is coming that their work had better wait a moment."""
        if not self._until:
            return frozenset()
        now = self._monotonic()
        with self._lock:
            self._until = {shop: until for shop, until in self._until.items() if until > now}
            return frozenset(self._until)

    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        self._count([delivery])
        done = self._inbox.keep(delivery, now)
        if done is Kept.NEW:
            self._wake()
        return done

    def keep_soon(self, deliveries: Sequence[tuple[Delivery, datetime]]) -> Future[Sequence[Kept]]:
        self._count([delivery for delivery, _ in deliveries])
        begun = self._inbox.keep_soon(deliveries)
        begun.add_done_callback(self._over)
        return begun

    def _over(self, done: Future[Sequence[Kept]]) -> None:
        if done.exception() is None and Kept.NEW in done.result():
            self._wake()

    def _count(self, deliveries: Sequence[Delivery]) -> None:
        now = self._monotonic()
        with self._lock:
            if now - self._since > RUSH_SECONDS:
                self._since = now
                self._recent.clear()
            for delivery in deliveries:
                self._recent[delivery.connection] += 1
                if self._recent[delivery.connection] >= RUSH:
                    self._until[delivery.connection] = now + RUSH_SECONDS
