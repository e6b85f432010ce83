"""From a delivery to what is known of an order."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hub.assembly.doors import Waking
from hub.assembly.hub import Hub
from hub.model import merge
from hub.model.book import Observation
from hub.model.contract import NotDurable
from hub.model.message import Delivery, Kept
from hub.store import books
from hub.store.moments import SqlStore
from tests.simulation.planted.patching import Patch, everywhere, replaced, together
from tests.simulation.planted.registry import bug


@bug("stale-event-applied", "What comes last counts, also where it tells of an earlier time.")
def stale_event_applied() -> Patch:
    original = merge._higher

    def higher(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        return other if one["version"] != other["version"] else original(one, other)

    return everywhere(merge._higher, higher)


@bug("storefront-sweep-off", "Storefronts are never listed: an order whose webhook was lost is not found.")
def storefront_sweep_off() -> Patch:
    def sweep(self: Hub, setting: Any, chore: Any, now: datetime) -> Any:
        return now + timedelta(seconds=60), dict(chore.detail)

    return replaced(Hub, "sweep", sweep)


@bug("200-before-commit", "A webhook is answered 200 before it is on disk.", undurable=0.01)
def ok_before_commit() -> Patch:
    original, original_soon = Waking.keep, Waking.keep_soon

    def keep(self: Waking, delivery: Delivery, now: datetime) -> Kept:
        try:
            return original(self, delivery, now)
        except NotDurable:
            return Kept.NEW

    def keep_soon(self: Waking, deliveries: Sequence[tuple[Delivery, datetime]]) -> Future[Sequence[Kept]]:
        kept: Future[Sequence[Kept]] = Future()
        kept.set_result([Kept.NEW] * len(deliveries))
        original_soon(self, deliveries)
        return kept

    return together(replaced(Waking, "keep", keep), replaced(Waking, "keep_soon", keep_soon))


@bug("repeat-kept-as-new", "A delivery that is repeated is kept and worked on once more.")
def repeat_kept_as_new() -> Patch:
    original = SqlStore.keep

    def keep(self: SqlStore, delivery: Delivery, now: datetime) -> Kept:
        done = original(self, delivery, now)
        if done is Kept.REPEAT and delivery.topic != "pull":
            return original(self, replace(delivery, delivery_id=f"{delivery.delivery_id}+{now.timestamp()}"), now)
        return done

    return replaced(SqlStore, "keep", keep)


@bug("conflict-dropped", "The same delivery id with another body counts as a repeat: the second body is lost.",
     forged=0.1)  # fmt: skip
def conflict_dropped() -> Patch:
    original = SqlStore.keep
    sql = "SELECT 1 FROM messages WHERE connection = :connection AND topic = :topic AND delivery_id = :id"

    def keep(self: SqlStore, delivery: Delivery, now: datetime) -> Kept:
        known = {"connection": delivery.connection, "topic": delivery.topic, "id": delivery.delivery_id}
        return Kept.REPEAT if self.readers.tx().one(sql, **known) else original(self, delivery, now)

    return replaced(SqlStore, "keep", keep)


@bug(
    "early-evidence-dropped", "A report that came before the effect it tells of is never looked at again.",
    behind="a carrier's report also names the shipment, which is known before its label", faults=0.33,
)  # fmt: skip
def early_evidence_dropped() -> Patch:
    original = SqlStore.place_evidence

    def place_evidence(self: SqlStore, observation: Observation) -> Any:
        named = tuple(handle for handle in observation.handles if not handle.startswith("shp_"))
        return original(self, replace(observation, handles=named))

    return together(
        everywhere(books._claim_loose, lambda tx, key, connection, handles: []),
        replaced(SqlStore, "place_evidence", place_evidence),
    )
