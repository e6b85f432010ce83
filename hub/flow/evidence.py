"""What a provider reports, matched with what we did; and what a settled step means for the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.flow import life
from hub.flow.match import matches
from hub.flow.setting import Setting
from hub.model.book import Book, Observation, parcel_id
from hub.model.flow import TERMINAL, Event, State
from hub.model.step import Effect, Group, Parcel, Step

Document = Mapping[str, Any]


def link(setting: Setting, book: Book, step: Step, effect: Effect, now: datetime) -> None:
    """Remembers the provider's ids and takes in what was reported before we knew them."""
    known = [name for name in (effect.reference, effect.provider_id, step.result.get("tracking_number")) if name]
    remember(setting, book, effect.connection, [str(name) for name in known], now)


def remember(setting: Setting, book: Book, connection: str, names: Sequence[str], now: datetime) -> None:
    book.handles.extend((connection, name) for name in names)
    for observation in book.claim_loose(connection, names):
        observe(setting, book, observation, now)


def consequence(setting: Setting, book: Book, step: Step, result: dict[str, Any], now: datetime) -> None:
    """A bought label is a parcel; a warehouse that ships at once tells its shipments in its answer."""
    group_id = step.subject.removeprefix("group:")
    group = book.groups.get(group_id)
    if step.capability == "label.buy" and group is not None:
        parcel = Parcel(
            id=parcel_id(step.connection or "", str(result["id"])),
            group=group.id,
            lines=dict(group.lines),
            tracking_number=result.get("tracking_number"),
            tracking_url=result.get("tracking_url"),
            carrier=result.get("carrier"),
            shipped_at=now,
            provider_id=str(result["id"]),
        )
        add_parcel(setting, book, step.connection or "", parcel, now)
    if step.capability == "fulfillment.cancel" and group is not None:
        task = book.steps.get(f"fulfil-order/review/warehouse:group:{group.id}")
        if task is not None and task.state is State.HELD:  # the warehouse told of what we had asked for
            life.move(task, Event.SKIP, now, cause="order_cancelled")
    if step.capability == "label.refund" and group is not None:
        for parcel in [p for p in book.parcels.values() if p.group == group.id]:
            del book.parcels[parcel.id]


def add_parcel(setting: Setting, book: Book, connection: str, parcel: Parcel, now: datetime) -> None:
    known = book.parcels.get(parcel.id)
    if known is None:
        book.parcels[parcel.id] = parcel
        book.note(
            now, connection, "parcel", "A parcel left.", tracking_number=parcel.tracking_number, carrier=parcel.carrier
        )
    else:  # a parcel never regresses: what is known stays, what is new is added
        known.tracking_number = known.tracking_number or parcel.tracking_number
        known.tracking_url = known.tracking_url or parcel.tracking_url
        known.carrier = known.carrier or parcel.carrier
        known.shipped_at = known.shipped_at or parcel.shipped_at
        known.delivered_at = known.delivered_at or parcel.delivered_at
    if parcel.tracking_number:
        remember(setting, book, connection, [parcel.tracking_number], now)


def observe(setting: Setting, book: Book, observation: Observation, now: datetime) -> None:
    """Applies one report to the order it concerns. A report never causes an effect; it completes or informs."""
    family = observation.type.partition(".")[0]
    if family == "fulfillment":
        _warehouse_said(setting, book, observation, now)
    elif family == "payment":
        _money_said(setting, book, observation, now)
    elif family == "tracking":
        _carrier_said(book, observation, now)
    book.note(observation.seen_at, observation.connection, "report", observation.type)


def _effect_named(book: Book, capability: str, names: Sequence[str]) -> Effect | None:
    wanted = set(names)
    for effect in book.effects.values():
        if effect.capability == capability and wanted & {effect.reference, effect.provider_id or effect.reference}:
            return effect
    return None


def _warehouse_said(setting: Setting, book: Book, observation: Observation, now: datetime) -> None:
    effect = _effect_named(book, "fulfillment.create", observation.handles)
    if effect is None:
        return None
    group = book.groups.get(effect.subject.removeprefix("group:"))
    if group is None:
        return None
    document = observation.document
    if observation.type == "fulfillment.cancelled":
        return raise_exception(book, group, "cancelled", now)
    if observation.type == "fulfillment.exception":
        return raise_exception(book, group, str(document.get("status") or "exception"), now)
    apply_shipments(setting, book, effect.connection, group, document.get("shipments") or [], now)
    if not document.get("shipments"):
        poll_soon(book, group, now)


def poll_soon(book: Book, group: Group, now: datetime) -> None:
    """The report says that something happened but not what: ask."""
    for step in book.steps.values():
        if step.awaits == "shipped" and step.subject == f"group:{group.id}" and step.state is State.AWAITING:
            step.deadline_at = now


def apply_shipments(
    setting: Setting, book: Book, connection: str, group: Group, shipments: Sequence[Document], now: datetime
) -> None:
    """Parcels from what the warehouse says it shipped; one without a tracking number is asked for again later."""
    for shipment in shipments:
        if shipment.get("status") in ("cancelled", "exception") or not shipment.get("tracking_number"):
            continue
        identity = parcel_id(connection, str(shipment["id"]))
        lines = _lines_of(book, group, shipment.get("lines") or [], identity)
        if not lines:
            continue
        parcel = Parcel(
            id=identity,
            group=group.id,
            lines=lines,
            tracking_number=shipment["tracking_number"],
            tracking_url=shipment.get("tracking_url"),
            carrier=shipment.get("carrier"),
            shipped_at=_time(shipment.get("shipped_at")) or now,
            delivered_at=_time(shipment.get("delivered_at")),
            provider_id=str(shipment["id"]),
        )
        add_parcel(setting, book, connection, parcel, now)


def _lines_of(book: Book, group: Group, said: Sequence[Document], identity: str) -> dict[str, int]:
    """The warehouse counts SKUs; the order counts lines: units go to the group's lines of that SKU that are still
    open.
    """
    known = book.parcels.get(identity)
    if known is not None:
        return known.lines
    gone: dict[str, int] = {}
    for parcel in book.parcels.values():
        for line_id, quantity in parcel.lines.items() if parcel.group == group.id else ():
            gone[line_id] = gone.get(line_id, 0) + quantity
    if not said:  # the whole rest, where the warehouse does not itemise
        return {
            line: quantity - gone.get(line, 0) for line, quantity in group.lines.items() if quantity > gone.get(line, 0)
        }
    taken: dict[str, int] = {}
    for item in said:
        left = int(item["quantity"])
        for line_id, quantity in group.lines.items():
            line = book.order.line(line_id) if book.order else None
            if line is None or (line.item.sku or "") != (item.get("sku") or ""):
                continue
            take = min(left, quantity - gone.get(line_id, 0) - taken.get(line_id, 0))
            if take > 0:
                taken[line_id] = taken.get(line_id, 0) + take
                left -= take
    return taken


def raise_exception(book: Book, group: Group, what: str, now: datetime) -> None:
    cancelling = any(
        s.capability == "fulfillment.cancel" and s.subject == f"group:{group.id}" and s.state is not State.BLOCKED
        for s in book.steps.values()
    )
    if cancelling:
        return  # we asked for it
    step_id = f"fulfil-order/review/warehouse:group:{group.id}"
    if step_id not in book.steps:
        step = Step(
            step_id, "fulfil-order", "review", f"warehouse:group:{group.id}", State.BLOCKED, connection=group.connection
        )
        book.steps[step_id] = step
        life.hold(step, "warehouse_exception", now, status=what)
        step.returns_to = State.DONE


def _money_said(setting: Setting, book: Book, observation: Observation, now: datetime) -> None:
    """A provider's own word on a movement of ours that is still unresolved settles it, if its content is ours."""
    capability = {"captured": "payment.capture", "voided": "payment.void", "refunded": "payment.refund"}.get(
        observation.type.partition(".")[2]
    )
    effect = _effect_named(book, capability, observation.handles) if capability else None
    if effect is None:
        return
    step = book.steps.get(effect.step)
    unsettled = (
        step is not None and step.state in (State.UNKNOWN, State.PARKED) and step.generation == effect.generation
    )
    if step is None or not unsettled or effect.reference not in observation.handles:
        return
    if matches(effect, observation.document):
        _found(setting, book, step, effect, dict(observation.document), now)


def _found(setting: Setting, book: Book, step: Step, effect: Effect, result: dict[str, Any], now: datetime) -> None:
    life.move(step, Event.FOUND, now)
    step.result, step.unresolved = result, False
    effect.executed, effect.settled_at = True, now
    effect.provider_id = str(result["id"]) if result.get("id") else effect.provider_id
    link(setting, book, step, effect, now)
    consequence(setting, book, step, result, now)


def found(setting: Setting, book: Book, step: Step, hit: Document, now: datetime) -> None:
    """A lookup, a person or a late answer has shown that the effect happened."""
    effect = book.effect(step)
    if effect is not None and step.state not in TERMINAL:
        _found(setting, book, step, effect, dict(hit), now)


def _carrier_said(book: Book, observation: Observation, now: datetime) -> None:
    document = observation.document
    for parcel in book.parcels.values():
        if parcel.tracking_number and parcel.tracking_number in observation.handles and parcel.delivered_at is None:
            status = str(document.get("status") or parcel.status)
            parcel.status = status
            if status == "delivered":
                parcel.delivered_at = observation.seen_at


def refused(setting: Setting, book: Book, step: Step, now: datetime) -> None:
    """A definite no is a person's matter; the timeline says whose."""
    book.note(now, step.connection or "hub", "refused", "The provider refused.", step=step.id, **step.detail)


def _time(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None
