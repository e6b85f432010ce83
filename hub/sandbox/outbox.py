"""The webhooks the world sends: to whom, with what faults, and when again if nobody answered."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hub.sandbox import torture
from hub.sandbox.agenda import Agenda
from hub.sandbox.call import encode
from hub.sandbox.chance import Chance
from hub.sandbox.faults import Faults
from hub.sandbox.ledger import Journal
from hub.sandbox.settings import Settings
from hub.sandbox.signing import Headers

# Providers whose event's id names one event for ever. A shop's id does so only together with the body, so a shop that
# says two things under one id says both of them.
_NAMED_BY_ID = ("stripe", "shipbob", "easypost")


@dataclass
class Subscription:
    """Who wants to hear what. `topics` empty means every topic; `failures` counts consecutive ones."""

    id: str
    prefix: str
    url: str
    secret: str
    topics: frozenset[str] = frozenset()
    name: str = ""
    created_at: float = 0.0
    enabled: bool = True
    failures: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    def wants(self, topic: str) -> bool:
        return self.enabled and (not self.topics or topic in self.topics)


@dataclass(frozen=True)
class Delivery:
    """One POST of one webhook. Every attempt of it has the same `number`; `order` is the storefront's it is about."""

    number: int
    prefix: str
    topic: str
    identity: str
    subscription: Subscription
    body: bytes
    order: str = ""
    attempt: int = 1
    event: str = ""  # shared by everything one happening caused, where the platform says so
    headers: Headers = ()

    @property
    def url(self) -> str:
        return self.subscription.url


Envelope = Callable[[Delivery, float], Headers]


@dataclass(frozen=True)
class Postal:
    """How one account posts: the headers of a delivery, and the waits before each repeat."""

    envelope: Envelope
    retries: tuple[float, ...] = ()
    # Called after a delivery failed for good.
    given_up: Callable[[Subscription], None] | None = None
    # Called after every failed attempt (WooCommerce counts those in a row).
    failed: Callable[[Subscription], None] | None = None


class Outbox:
    """Collects what is due; somebody else carries it (threads over HTTP, or a simulator by hand)."""

    def __init__(self, agenda: Agenda, faults: Faults, chance: Chance, settings: Settings, directory: Path) -> None:
        self.subscriptions: list[Subscription] = []
        self.posts = 0  # attempts made
        self.acknowledged: set[tuple[str, str]] = set()  # (prefix, order) of deliveries answered with 2xx
        self.hurry = False  # what is announced now is posted at once
        self._lies: set[int] = set()  # deliveries that are followed by a false one of the same id
        self._agenda, self._faults, self._chance, self._settings = agenda, faults, chance, settings
        self._postal: dict[str, Postal] = {}
        self._numbers = itertools.count(1)
        self._due: list[Delivery] = []
        self._journal = Journal(directory / "deliveries.jsonl")

    def account(self, prefix: str, postal: Postal) -> None:
        self._postal[prefix] = postal

    def subscribe(self, subscription: Subscription) -> Subscription:
        self.subscriptions.append(subscription)
        return subscription

    def of(self, prefix: str) -> list[Subscription]:
        return [each for each in self.subscriptions if each.prefix == prefix]

    def remove(self, subscription: Subscription) -> None:
        self.subscriptions = [each for each in self.subscriptions if each is not subscription]

    def announce(
        self,
        prefix: str,
        topic: str,
        document: Any,
        now: float,
        order: str = "",
        event: str = "",
        only: Subscription | None = None,
        cause: str = "",
    ) -> None:
        """Tells every subscriber (or `only` one). The body is frozen now: a repeat carries the original payload."""
        wanted = [only] if only else [each for each in self.of(prefix) if each.wants(topic)]
        body = document if isinstance(document, bytes) else (encode(document) if wanted else b"")
        for subscription in wanted:
            number = next(self._numbers)
            identity = event or self._chance.hexadecimal(32, "delivery", prefix, number)
            self._send(Delivery(number, prefix, topic, identity, subscription, body, order, event=cause), now)

    def take(self) -> list[Delivery]:
        """What must be posted now; each is given out once."""
        due, self._due = self._due, []
        return due

    def done(self, delivery: Delivery, status: int | None, now: float) -> None:
        """The subscriber answered with `status`, or could not be reached (None)."""
        kept = status is not None and 200 <= status < 300
        self._journal.write(
            {"at": now, "prefix": delivery.prefix, "topic": delivery.topic, "number": delivery.number,
             "attempt": delivery.attempt, "order": delivery.order, "status": status}
        )  # fmt: skip
        postal, subscription = self._postal[delivery.prefix], delivery.subscription
        if kept:
            subscription.failures = 0
            if delivery.order:
                self.acknowledged.add((delivery.prefix, delivery.order))
            if delivery.number in self._lies:
                self._lies.discard(delivery.number)
                false = replace(delivery, body=torture.lie_about(delivery.body), order="")
                self._agenda.at(now + self._settings.webhook_latency[1], lambda due: self._post(false, due))
            return
        subscription.failures += 1
        if postal.failed:
            postal.failed(subscription)
        if delivery.attempt <= len(postal.retries):
            again = replace(delivery, attempt=delivery.attempt + 1)
            self._agenda.at(now + postal.retries[delivery.attempt - 1], lambda due: self._post(again, due))
        elif postal.given_up:
            postal.given_up(subscription)

    def close(self) -> None:
        self._journal.close()

    def _send(self, delivery: Delivery, now: float) -> None:
        fault = self._faults.for_webhook(delivery.prefix, delivery.topic, delivery.number, now)
        for wait in self._waits(delivery, fault):
            self._agenda.at(now + wait, lambda due: self._post(delivery, due))
        if fault == "webhook_altered":
            altered = replace(delivery, body=torture.other_bytes(delivery.body))
            wait = self._chance.between(self._settings.webhook_latency, "altered", delivery.prefix, delivery.number)
            self._agenda.at(now + wait, lambda due: self._post(altered, due))
        if fault == "webhook_lie" and delivery.prefix.split("/")[0] in _NAMED_BY_ID:
            self._lies.add(delivery.number)

    def _waits(self, delivery: Delivery, fault: str | None) -> Iterable[float]:
        settings, chance, name = self._settings, self._chance, (delivery.prefix, delivery.number)
        usual = 0.0 if self.hurry else chance.between(settings.webhook_latency, "latency", *name)
        if fault == "webhook_hour_late":
            return (usual + chance.between(settings.webhook_hour_late, "hour late", *name),)
        if fault == "webhook_lost":
            return ()
        if fault == "webhook_late":
            return (usual + chance.between(settings.webhook_late, "late", *name),)
        if fault == "webhook_reordered":
            return (usual + chance.between(settings.webhook_reordered, "reordered", *name),)
        if fault == "webhook_duplicate":
            return (usual, usual + chance.between(settings.webhook_latency, "twin", *name))
        return (usual,)

    def _post(self, delivery: Delivery, now: float) -> None:
        if delivery.subscription.enabled and delivery.subscription in self.subscriptions:
            self.posts += 1
            self._due.append(replace(delivery, headers=self._postal[delivery.prefix].envelope(delivery, now)))
