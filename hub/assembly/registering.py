"""Registers a connection's webhooks at its provider: those that are missing, after asking which there are."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.connector.connection import Connection
from hub.model.contract import CannotPrepare
from hub.model.outcome import Outcome, Verdict
from hub.webhook.source import Source

_QUIET = ("ignore", "privacy")  # privacy topics are set where the provider's app is


@dataclass
class Registered:
    """By topic. `there` were registered before; `failed` has the provider's words."""

    address: str
    made: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def address_of(public_url: str, connection: str) -> str:
    """Where a connection's deliveries come in."""
    return f"{public_url.rstrip('/')}/webhooks/{connection}"


def topics_of(source: Source) -> list[str]:
    """The topics that mean something to the hub."""
    topics = source.manifest.topics
    return [topic for topic, entry in topics.items() if entry.kind not in _QUIET and not entry.former]


def by_hand(source: Source, address: str) -> str:
    """How a person has a source's deliveries sent to an address, where connect cannot."""
    how = source.manifest.by_hand or "Have these delivered to {address}: {topics}."
    return how.replace("{address}", address).replace("{topics}", ", ".join(topics_of(source)))


def register(connection: Connection, source: Source, address: str, secret: str) -> Registered:
    """Asks what is registered, then registers what is missing; a lost answer is settled by asking again. Never
    raises."""
    found = Registered(address)
    known = _listed(connection)
    for topic in topics_of(source):
        if (topic, address) in known:
            found.there.append(topic)
            continue
        outcome = _one(connection, topic, address, secret)
        if outcome.verdict is Verdict.DONE:
            found.made.append(topic)
        elif outcome.verdict is Verdict.DUPLICATE or (
            outcome.verdict is Verdict.UNKNOWN and (topic, address) in _listed(connection)
        ):
            found.there.append(topic)
        else:
            found.failed[topic] = outcome.message or outcome.code or outcome.verdict.value
    return found


def _one(connection: Connection, topic: str, address: str, secret: str) -> Outcome:
    asked = {"topic": topic, "address": address, "secret": secret, "reference": ""}
    try:
        body = connection.prepare("webhook.register", asked)
    except CannotPrepare as fault:
        return Outcome(Verdict.REFUSED, code="cannot_prepare", message=fault.what)
    return connection.send("webhook.register", body, None)


def _listed(connection: Connection) -> set[tuple[str, str]]:
    """(topic, address) of every webhook that is switched on."""
    if not connection.supports("webhook.list"):
        return set()
    outcome = connection.read("webhook.list", {})
    hits = outcome.result.get("hits") or [] if outcome.verdict is Verdict.DONE else []
    return {(str(hit.get("topic")), str(hit.get("address"))) for hit in hits if hit.get("status") != "disabled"}
