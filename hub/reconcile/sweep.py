"""Sweeps: list a storefront's orders by their time of change, with an overlapping window, and keep what is found.

Storefronts lose webhooks (some never send one again, some delete the subscription), so every connection that can list
orders is swept. An order found enters at the same store as a delivery, named `pull:<id>:<version>:<digest>`, so a
sweep of what is known already changes nothing, and a hub without a public address works by sweeping alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from hub.language.decode import canonical_json
from hub.model.contract import Connectors, Inbox, Translator
from hub.model.effect import digest_of
from hub.model.message import ASKED, Delivery, Kept
from hub.model.outcome import Outcome, Verdict

FIRST_LOOK = timedelta(days=60)  # how far back a new connection is read: what storefronts show without further rights
_RETRY_CAP_SECONDS = 900.0
_PAGES_AT_ONCE = 20  # then the chore gives way to others and goes on from its cursor


class Shelf(Inbox, Protocol):
    """What a sweep needs of the store."""

    def known_orders(self, connection: str, source_ids: Sequence[str]) -> set[str]:
        """Those of the ids which the hub has an order for."""
        ...


@dataclass(frozen=True)
class Source:
    """A storefront that can be listed. `overlap_seconds` is how far each window reaches back into the last one."""

    connection: str
    mapping: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    every_seconds: float = 300.0
    overlap_seconds: float = 900.0


@dataclass
class Count:
    """source: orders the storefront has in the window; missing: those the hub had nothing of; unmappable: held."""

    source: int = 0
    hub: int = 0
    kept: int = 0
    missing: list[str] = field(default_factory=list)
    unmappable: int = 0


class Unanswered(Exception):
    """The storefront did not answer: nothing was concluded. `outcome` says how."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message or outcome.verdict.value)
        self.outcome = outcome


def sweep(
    shelf: Shelf,
    connectors: Connectors,
    translator: Translator,
    source: Source,
    memory: Mapping[str, Any],
    now: datetime,
) -> tuple[datetime, dict[str, Any]]:
    """One turn of a connection's sweep: (when again, what to remember). A failed turn goes on where it stopped."""
    began = str(memory.get("began") or now.isoformat())
    since = str(memory.get("since") or (now - FIRST_LOOK).isoformat())
    cursor: str | None = memory.get("cursor")
    count, pages = Count(), 0
    try:
        for pages in range(_PAGES_AT_ONCE):  # noqa: B007 - how many were read before the one that was not
            cursor = _page(shelf, connectors, translator, source, since, cursor, count, now)
            if cursor is None:
                break
    except Unanswered as error:
        failures = 1 if pages else int(memory.get("failures", 0)) + 1  # it waits longer only where it comes no further
        wait = min(2.0 ** min(failures, 10), _RETRY_CAP_SECONDS)
        wait = max(wait, error.outcome.retry_after_seconds or 0.0)
        again = {"since": since, "began": began, "cursor": cursor, "failures": failures, "why": str(error)}
        return now + timedelta(seconds=wait), again
    if cursor is not None:
        return now, {"since": since, "began": began, "cursor": cursor}
    reached = datetime.fromisoformat(began) - timedelta(seconds=source.overlap_seconds)
    return now + timedelta(seconds=source.every_seconds), {"since": reached.isoformat(), "last": now.isoformat()}


def reconcile(
    shelf: Shelf,
    connectors: Connectors,
    translator: Translator,
    source: Source,
    since: datetime,
    now: datetime,
    progress: Callable[[Count], None] = lambda count: None,
) -> Count:
    """Compares the whole window at once and keeps what was missing. Raises Unanswered."""
    count, cursor = Count(), None
    while True:
        cursor = _page(shelf, connectors, translator, source, since.isoformat(), cursor, count, now)
        progress(count)
        if cursor is None:
            return count


def _page(
    shelf: Shelf,
    connectors: Connectors,
    translator: Translator,
    source: Source,
    since: str,
    cursor: str | None,
    count: Count,
    now: datetime,
) -> str | None:
    """Keeps one page of the listing; the next cursor, None at the end."""
    asked = {"updated_since": since, "cursor": cursor}
    outcome = connectors.read(source.connection, "order.list", asked)
    if outcome.verdict is not Verdict.DONE:
        raise Unanswered(outcome)
    deliveries = [_delivery(translator, source, document, now) for document in outcome.result.get("orders") or []]
    ids = [source_id for source_id, _ in deliveries if source_id is not None]
    known = shelf.known_orders(source.connection, ids)
    count.source += len(deliveries)
    count.hub += len(known)
    count.missing += [source_id for source_id in ids if source_id not in known]
    for source_id, delivery in deliveries:
        count.unmappable += source_id is None
        count.kept += shelf.keep(delivery, now) is Kept.NEW
    following = outcome.result.get("next")
    return str(following) if following is not None else None


def _delivery(translator: Translator, source: Source, document: Any, asked: datetime) -> tuple[str | None, Delivery]:
    """An order found is named by its id, version and content, since it may change twice in the second that the version
    names; one that cannot be mapped by its content alone, and is held for a person.
    """
    body = canonical_json(document)
    translation = translator.translate_document(source.mapping, document, source.settings)
    snapshot = next((entity for entity in translation.entities if entity.kind == "order"), None)
    source_id = snapshot.source_order_id if snapshot else None
    digest = digest_of(body)
    name = f"pull:{snapshot.source_order_id}:{snapshot.version}:{digest[:16]}" if snapshot else f"pull:{digest[:32]}"
    delivery = Delivery(
        connection=source.connection,
        topic="pull",
        delivery_id=name,
        kind="order",
        mapping=source.mapping,
        headers=((ASKED, asked.isoformat(timespec="microseconds")),),
        body=body,
        body_digest=digest_of(name.encode()),  # the version names the content: a repeat is never a conflict
    )
    return source_id, delivery
