"""The connections that receive webhooks, as the front door asks for them."""

from __future__ import annotations

import threading
import time
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
RUSH = 6  # deliveries that are being kept at once
RUSH_SECONDS = 0.05  # between two commits there are fewer for a moment

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

    def __init__(self, inbox: Inbox, wake: Callable[[], None]) -> None:
        self._inbox, self._wake = inbox, wake
        self._lock = threading.Lock()
        self._under_way = 0
        self._rushed_until = 0.0

    @property
    def in_a_rush(self) -> bool:
        """So many are being kept at once that other work had better wait a moment."""
        return self._under_way >= RUSH or time.monotonic() < self._rushed_until

    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        self._count(1)
        try:
            done = self._inbox.keep(delivery, now)
        finally:
            self._count(-1)
        if done is Kept.NEW:
            self._wake()
        return done

    def keep_soon(self, deliveries: Sequence[tuple[Delivery, datetime]]) -> Future[Sequence[Kept]]:
        self._count(len(deliveries))

        def over(done: Future[Sequence[Kept]]) -> None:
            self._count(-len(deliveries))
            if done.exception() is None and Kept.NEW in done.result():
                self._wake()

        try:
            begun = self._inbox.keep_soon(deliveries)
        except BaseException:
            self._count(-len(deliveries))
            raise
        begun.add_done_callback(over)
        return begun

    def _count(self, more: int) -> None:
        with self._lock:
            if self._under_way >= RUSH:
                self._rushed_until = time.monotonic() + RUSH_SECONDS
            self._under_way += more
