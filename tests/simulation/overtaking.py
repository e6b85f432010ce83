"""What the source said, and when the hub knew it: nothing is begun against it, and in the end the hub says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hub.flow import gap, groups, payment
from hub.flow.scope import document_of
from hub.model.book import Book
from hub.model.flow import State
from hub.model.order import Order
from hub.model.step import Effect
from hub.sandbox.checks import folded
from tests.simulation.case import Broken, Case
from tests.simulation.clock import micros_of
from tests.simulation.result import Violation

_GONE = ("cancelled", "deleted")
_FORWARD = ("payment.capture", "fulfillment.create", "shipment.create", "label.buy")
_GOODS = ("fulfillment.create", "label.buy")

Version = tuple[int, Order]  # stored at, in microseconds; the order


def overtaken(case: Case) -> Broken:
    """At every intent the hub acted on the order as it knew it then: not cancelled, not given back, to that door."""
    for key, book in case.books.items():
        asked = [e for e in book.effects.values() if e.capability in _FORWARD and not _only_asked(book, e)]
        if not asked:
            continue
        versions = _versions(case, key)
        for effect in asked:
            known = _known(versions, micros_of(effect.intended_at))
            for why in _against(book, effect, known) if known is not None else ():
                yield Violation(
                    "overtaken", key, f"{effect.capability} of {effect.subject} was intended although {why}"
                )


def _only_asked(book: Book, effect: Effect) -> bool:
    """Of what may have happened before the books were put back, an intent only says what is asked about."""
    step = book.steps.get(effect.step)
    if step is None or not gap.was_in_question(step):
        return False
    return gap.pending(step) or step.tries == 0 or step.state is State.CANCELLED


def _versions(case: Case, key: str) -> list[Version]:
    sql = "SELECT stored_at, document FROM order_versions WHERE order_key = ? ORDER BY version"
    return [(stored, Order.model_validate(json.loads(document))) for stored, document in case.rows(sql, key)]


def _known(versions: list[Version], when: int) -> Order | None:
    return next((order for stored, order in reversed(versions) if stored <= when), None)


def _against(book: Book, effect: Effect, order: Order) -> Iterator[str]:
    if order.standing in _GONE:
        yield f"the order was {order.standing}"
    group = book.groups.get(effect.subject.removeprefix("group:"))
    if effect.capability not in _GOODS or group is None:
        return
    if payment.given_back(order):
        yield "its money had gone back"
    place, _ = groups.promise(document_of(order), group.lines)
    said = _sent(book, effect)
    for part in ("street_address", "postal_code"):
        if place is not None and place.get(part) and not _says(said, place[part]):
            yield f"it goes to {place[part]!r} now"
    wanted: dict[str, int] = {}
    for line in order.line_items:
        wanted[line.item.sku or ""] = wanted.get(line.item.sku or "", 0) + line.quantity.total
    for sku, quantity in (effect.content.get("lines") or {}).items():
        if quantity > wanted.get(sku, 0):
            yield f"{wanted.get(sku, 0)} of {sku} were wanted, not {quantity}"


def _sent(book: Book, effect: Effect) -> Any:
    """The request that names the door: a label's is that of the shipment it is for."""
    if effect.capability == "label.buy":
        made = [e for e in book.executed("shipment.create") if e.subject == effect.subject]
        effect = made[-1] if made else effect
    return json.loads(effect.body)


def _says(document: Any, text: str) -> bool:
    if isinstance(document, dict):
        return any(_says(value, text) for value in document.values())
    if isinstance(document, list):
        return any(_says(value, text) for value in document)
    return isinstance(document, str) and text in document


def never_regresses(case: Case) -> Broken:
    """In the end the hub's order is the storefront's: cancelled where it is, the same units, the same door."""
    for key, book in case.books.items():
        told = case.evidence.orders.get(book.source_id)
        if told is None or book.order is None or told["test"] or key in case.crossed:
            continue
        gone = book.order.standing in _GONE
        if bool(told["cancelled_at"]) != gone and not told["refunds"]:  # some shops call what was given back cancelled
            yield Violation(
                "regressed", key, f"cancelled at {told['cancelled_at']}, and {book.order.standing} at the hub"
            )
        if told["cancelled_at"] or gone:
            continue
        units: dict[str, int] = {}
        for line in book.order.line_items:
            if line.quantity.total and line.item.sku:
                units[line.item.sku] = units.get(line.item.sku, 0) + line.quantity.total
        wanted = told["warehouse"] | told["self"]
        if any(units.get(sku) != quantity for sku, quantity in wanted.items()):
            yield Violation("regressed", key, f"the storefront wants {wanted}, the hub thinks of {units}")
        door, place = told["address"], book.order.destination
        if door and place and folded(door["street"]) not in folded(place.street_address):
            yield Violation("regressed", key, f"it goes to {door['street']}, the hub thinks of {place.street_address}")


ALL = (overtaken, never_regresses)
