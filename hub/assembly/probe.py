"""Tries a connection out without changing anything: are the credentials taken, what may they read, who is it?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from hub.connector.connection import Connection
from hub.model.capability import CAPABILITIES
from hub.model.outcome import Outcome, Verdict

# Questions that need nothing but the right to ask them: together they show what the credentials may read.
_QUESTIONS = ("order.list", "inventory.list", "webhook.list")


@dataclass(frozen=True)
class Probe:
    """What was found. `account` is what the provider says of itself, None where it cannot be asked or did not answer;
    `reads` are the answers by capability; `lacking` are the scopes that the credentials have not, and what needs each;
    `skew` is how far our clock is ahead of the provider's.
    """

    connection: str
    account: Mapping[str, Any] | None = None
    reads: Mapping[str, Outcome] = field(default_factory=dict)
    skew: timedelta | None = None
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def tried(self) -> bool:
        """Whether there was anything to ask."""
        return bool(self.reads)

    @property
    def refused(self) -> Outcome | None:
        """The answer that refuses the credentials themselves: to the question who they are, or else to every
        question."""
        first = self.reads.get("account.describe")
        if first is not None:
            return first if first.verdict is Verdict.AUTH else None
        answers = list(self.reads.values())
        return answers[0] if answers and all(answer.verdict is Verdict.AUTH for answer in answers) else None

    @property
    def unanswered(self) -> Outcome | None:
        """The first answer that never came, or that says nothing about the credentials."""
        known = (Verdict.DONE, Verdict.AUTH)
        return next((answer for answer in self.reads.values() if answer.verdict not in known), None)

    @property
    def forbidden(self) -> tuple[str, ...]:
        """Capabilities that the credentials may not use, though they are taken."""
        if self.refused is not None:
            return ()
        return tuple(name for name, answer in self.reads.items() if answer.verdict is Verdict.AUTH)


def probe(connection: Connection, now: datetime | None = None) -> Probe:
    """Asks everything that can be asked without changing anything. Never raises."""
    name = connection.account.name
    began = now or datetime.now(UTC)
    if not connection.supports("account.describe"):
        return Probe(name, None, _reads(connection, began))
    first = connection.read("account.describe", {})
    skew = _skew(first, began)
    if first.verdict is not Verdict.DONE:
        return Probe(name, None, {"account.describe": first}, skew)
    account = first.result.get("account") or {}
    reads = {"account.describe": first, **_reads(connection, began)}
    return Probe(name, account, reads, skew, _lacking(connection, account.get("scopes") or []))


def probe_all(connections: Iterable[Connection]) -> dict[str, Probe]:
    """Several at once."""
    with ThreadPoolExecutor(8, thread_name_prefix="crossdock-probe") as pool:
        return {found.connection: found for found in pool.map(probe, connections)}


def read_all(connection: Connection, capability: str, field_name: str, most: int = 50, **inputs: Any) -> list[Any]:
    """A listing's pages, one after the other, at most so many. What did not answer ends it."""
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(most):
        outcome = connection.read(capability, {"cursor": cursor, **inputs})
        if outcome.verdict is not Verdict.DONE:
            break
        found += outcome.result.get(field_name) or []
        cursor = outcome.result.get("next")
        if cursor is None:
            break
    return found


def _reads(connection: Connection, now: datetime) -> dict[str, Outcome]:
    asked = {"updated_since": now.isoformat(), "cursor": None}
    return {
        name: connection.read(name, {key: asked.get(key) for key in CAPABILITIES[name].input})
        for name in _QUESTIONS
        if connection.supports(name)
    }


def _lacking(connection: Connection, granted: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Scope -> the capabilities that need it and cannot work without; nothing where the provider names no scopes."""
    connector, found = connection.connector, dict[str, list[str]]()
    rule = connector.hatch.lacking_scopes if connector.hatch is not None else None
    for capability, operation in connector.operations.items() if granted else ():
        needed = operation.spec.scopes
        for scope in rule(granted, needed) if rule is not None else sorted({*needed} - {*granted}):
            found.setdefault(scope, []).append(capability)
    return {scope: tuple(capabilities) for scope, capabilities in found.items()}


def _skew(outcome: Outcome, began: datetime) -> timedelta | None:
    """Our clock against the answer's Date header, which has whole seconds."""
    headers = (outcome.transcript.get("answer") or {}).get("headers") or {}
    told = next((value for name, value in headers.items() if name.lower() == "date"), None)
    try:
        there = parsedate_to_datetime(str(told)) if told else None
    except ValueError:
        return None
    if there is None or there.tzinfo is None:
        return None
    return began - there
