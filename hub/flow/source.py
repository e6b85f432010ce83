"""Reading again: the order at its source, and an awaited thing at whoever does it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from typing import Any

from hub.flow import evidence, gap, intake, life, planner
from hub.flow.event import Happening, Moment, Wire
from hub.flow.inputs import lookup
from hub.flow.intake import absorb
from hub.flow.scope import group_of, parcel_of
from hub.flow.setting import Setting
from hub.model.book import Book, Observation
from hub.model.contract import Claim
from hub.model.flow import Event, State
from hub.model.message import Translation
from hub.model.outcome import Outcome, Verdict
from hub.model.step import Step

Work = Generator[Happening, Any, bool]


def refresh(setting: Setting, order: str) -> Work:
    """Reads one order at its source and takes it in; True when the source answered."""
    connection, _, source_id = order.partition(":")
    asked = {"source_id": source_id, "reference": "", "order": {"source_id": source_id}}
    began: list[datetime] = []

    def read(now: datetime) -> Outcome:
        began.append(now)
        return setting.connectors.read(connection, "order.fetch", asked)

    outcome: Outcome = yield Wire("read order.fetch", read, connection)
    if outcome.verdict is not Verdict.DONE:
        return False
    document = outcome.result.get("order")
    storefront = setting.connections.get(connection)
    translation = Translation()
    if document is not None and storefront is not None and storefront.pull_mapping is not None:
        translation = setting.translator.translate_document(storefront.pull_mapping, document, storefront.settings)
    yield Moment("refresh", _taking_in(setting, order, None if document is None else translation, began[0]))
    return True


def _taking_in(
    setting: Setting, order: str, translation: Translation | None, asked: datetime
) -> Callable[[datetime], None]:
    """`translation`: None where the source does not know the order."""

    def act(now: datetime) -> None:
        def moment(book: Book) -> None:
            found = translation or Translation(entities=(intake.gone(book),))
            absorb(setting, book, found, now, asked=asked.isoformat(timespec="microseconds"))
            book.trust(asked)
            book.fetch_at = None
            if translation is None and book.order is not None:
                book.note(now, book.connection, "gone", "The source does not know this order any more.")
            planner.advance(setting, book, now)

        setting.store.change(order, moment, now)

    return act


def poll(setting: Setting, claim: Claim, book: Book, step: Step) -> Generator[Happening, Any, None]:
    """An awaited thing has not come by itself: ask, and raise a hold when it is overdue."""
    outcome: Outcome | None = None
    capability = _question(setting, book, step)
    if capability is not None:
        asked = _asked(setting, book, step)
        connection = step.connection or ""
        outcome = yield Wire(
            f"poll {capability}", lambda now: setting.connectors.read(connection, capability, asked), connection
        )
    yield Moment("polled", _polled(setting, claim, outcome))


def _question(setting: Setting, book: Book, step: Step) -> str | None:
    capability = "fulfillment.find" if step.awaits == "shipped" else "tracking.get"
    group = group_of(book, step)
    if step.awaits == "delivered" and group is not None and group.method == "warehouse":
        capability = "fulfillment.find"
    known = step.connection and setting.connectors.supports(step.connection, capability)
    return capability if known else None


def _asked(setting: Setting, book: Book, step: Step) -> dict[str, Any]:
    group, parcel = group_of(book, step), parcel_of(book, step)
    effect = next((e for e in book.executed("fulfillment.create") if group and e.subject == f"group:{group.id}"), None)
    asked = lookup(setting, book, step, effect)
    asked["tracking_number"] = parcel.tracking_number if parcel else None
    asked["carrier"] = parcel.carrier if parcel else None
    return asked


def _polled(setting: Setting, claim: Claim, outcome: Outcome | None) -> Callable[[datetime], None]:
    def act(now: datetime) -> None:
        def moment(book: Book) -> None:
            step = book.steps.get(claim.step)
            if step is None or step.token != claim.token or step.state is not State.AWAITING:
                return
            if _question(setting, book, step) is None:
                gap.settle(step)  # nobody can be asked
            _heard(setting, book, step, outcome, now)
            if planner.overdue(setting, book, step, now) and not step.tail:
                life.hold(step, "not_shipped_in_time", now)
            else:
                life.move(step, Event.DEADLINE, now)
                step.deadline_at = _next_poll(setting, book, step, now)
            planner.advance(setting, book, now)

        setting.store.change(claim.order, moment, now)

    return act


def _next_poll(setting: Setting, book: Book, step: Step, now: datetime) -> datetime | None:
    if step.tail and planner.overdue(setting, book, step, now):
        return None  # nobody waits for it: evidence may still come by itself
    return now + timedelta(seconds=planner.poll_seconds(setting, book, step))


def _heard(setting: Setting, book: Book, step: Step, outcome: Outcome | None, now: datetime) -> None:
    if outcome is None or outcome.verdict is not Verdict.DONE:
        return
    gap.settle(step)
    group, parcel = group_of(book, step), parcel_of(book, step)
    for hit in outcome.result.get("hits") or []:
        if group is not None:
            evidence.apply_shipments(setting, book, step.connection or "", group, hit.get("shipments") or [], now)
        if hit.get("status") in ("cancelled", "exception") and group is not None:
            evidence.raise_exception(book, group, str(hit["status"]), now)
    if parcel is not None and outcome.result.get("status") not in (None, "", parcel.status):  # news, and told once
        seen = Observation(
            "tracking.updated", step.connection or "", now, (parcel.tracking_number or "",), outcome.result
        )
        evidence.observe(setting, book, seen, now)
