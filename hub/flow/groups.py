"""Fulfilment groups: which lines are still wanted, and who ships them. Pure on the book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hub.flow import gap
from hub.flow.manifest import Rule
from hub.model.book import Book
from hub.model.order import LineItem, Order
from hub.model.step import Group

SHIPPED_METHODS = ("warehouse", "self")
COMMITMENTS = ("fulfillment.create", "shipment.create")  # what lays a group down for good


def elsewhere(book: Book) -> dict[str, int]:
    """Units per line that left without us: what the source says was fulfilled, less what we told it ourselves.

    A write-back that may be under way counts as ours, so that its echo is never taken for somebody else's shipment. Its
    echo may not be there yet, so what the source tells of parcels that are none of ours counts in any case. While
    nobody knows what we sent (hub.flow.gap), nothing does.
    """
    assert book.order is not None
    if not any(line.quantity.fulfilled for line in book.order.line_items) or gap.shipping(book):
        return {}
    ours, names = _told(book)
    others: Counter[str] = Counter()
    for event in book.order.fulfillment.events:
        if event.type != "canceled" and not names & {event.id, event.tracking_number}:
            others.update({item.id: item.quantity for item in event.line_items})
    gone: dict[str, int] = {}
    for line in book.order.line_items:
        units = max(line.quantity.fulfilled - ours[line.id], min(others[line.id], line.quantity.fulfilled))
        if units > 0:
            gone[line.id] = units
    return gone


def _told(book: Book) -> tuple[Counter[str], set[str | None]]:
    """Units per line that we wrote back (or may have), and the names under which the source may list those parcels."""
    units: Counter[str] = Counter()
    names: set[str | None] = set()
    for effect in book.executed("shipment.announce"):
        parcel = book.parcels.get(effect.subject.removeprefix("parcel:"))
        units.update(parcel.lines if parcel else {})
        told = effect.content.get("parcel") or {}
        names |= {effect.provider_id, parcel.tracking_number if parcel else told.get("tracking_number")}
    return units, names - {None}


def wanted(book: Book) -> dict[str, int]:
    """Units per line that the hub is to ship in all: ordered, less removed, less shipped elsewhere."""
    assert book.order is not None
    gone = elsewhere(book)
    return {line.id: max(line.quantity.total - gone.get(line.id, 0), 0) for line in book.order.line_items}


def allocated(book: Book, *, sent_only: bool = False) -> dict[str, int]:
    """Units per line in groups (that were sent)."""
    total: dict[str, int] = {}
    for group in book.groups.values():
        if group.withdrawn or (sent_only and not group.sent):
            continue
        for line, quantity in group.lines.items():
            total[line] = total.get(line, 0) + quantity
    return total


def loosen(book: Book, group: Group) -> None:
    """After an intent that surely did not happen: unless another may have, the group follows its order again."""
    subject = f"group:{group.id}"
    ours = (e for e in book.effects.values() if e.subject == subject and e.capability in COMMITMENTS)
    group.sent = any(effect.executed is not False for effect in ours)


def shipped(book: Book, group: Group | None = None) -> dict[str, int]:
    """Units per line that are in parcels (of one group)."""
    total: dict[str, int] = {}
    for parcel in book.parcels.values():
        if group is not None and parcel.group != group.id:
            continue
        for line, quantity in parcel.lines.items():
            total[line] = total.get(line, 0) + quantity
    return total


def replan(book: Book, rules: tuple[Rule, ...], document: Mapping[str, Any], *, blind: bool = False) -> None:
    """Allocates what is wanted and not yet sent. Groups that were sent are frozen; the others merge, split or
    vanish. `blind`: nobody knows what was sent, so all that was ever ordered is to be asked about.
    """
    order = book.order
    assert order is not None
    need = {line.id: _asked_for(line, book) for line in order.line_items} if blind else wanted(book)
    for line_id, quantity in allocated(book, sent_only=True).items():
        need[line_id] = max(need.get(line_id, 0) - quantity, 0)
    routed: dict[tuple[str, str | None, str | None], dict[str, int]] = {}
    for line, raw in zip(order.line_items, document["line_items"], strict=True):
        if need.get(line.id, 0) > 0:
            routed.setdefault(_route(order, line, raw, rules, document), {})[line.id] = need[line.id]
    _lay(book, routed, document)


def _asked_for(line: LineItem, book: Book) -> int:
    """Of an order that was called off, what it was before: the source lists nothing of it any more."""
    return line.quantity.original if book.taken_back else line.quantity.total


def _lay(
    book: Book, routed: dict[tuple[str, str | None, str | None], dict[str, int]], document: Mapping[str, Any]
) -> None:
    kept: set[str] = set()
    for (method, connection, location), lines in sorted(routed.items(), key=lambda item: tuple(map(str, item[0]))):
        group = _unsent(book, method, connection, location)
        group.lines = lines
        group.withdrawn = False
        group.destination, group.service = promise(document, lines)
        book.groups[group.id] = group
        kept.add(group.id)
    for group in book.groups.values():
        if not group.sent and group.id not in kept:
            group.withdrawn = True


def _unsent(book: Book, method: str, connection: str | None, location: str | None) -> Group:
    """The open group of this route, or a new one: its id is its route and a number, so it is stable over replans."""
    route = "-".join(part for part in (method, connection, location) if part)
    number = 1
    while (found := book.groups.get(f"{route}-{number}")) is not None:
        if not found.sent:
            return found
        number += 1
    return Group(f"{route}-{number}", method, connection, location, {})


def _route(
    order: Order, line: LineItem, raw: Mapping[str, Any], rules: tuple[Rule, ...], document: Mapping[str, Any]
) -> tuple[str, str | None, str | None]:
    method = _method_type(order, line)
    if method in ("digital", "none"):
        return "digital", None, None
    if method == "pickup":
        return "pickup", None, None
    scope = {"line": raw, "order": document}
    for rule in rules:
        if rule.matches(scope):
            return rule.method, rule.connection, rule.location_id
    return "unrouted", None, None


def _method_type(order: Order, line: LineItem) -> str:
    if not line.requires_shipping:
        return "digital"
    for expectation in order.fulfillment.expectations:
        if any(item.id == line.id for item in expectation.line_items):
            return expectation.method_type
    return "shipping"


def promise(document: Mapping[str, Any], lines: Mapping[str, int]) -> tuple[dict[str, Any] | None, str | None]:
    """Where the lines go and by which service: the expectation that names one of them, else the first that names a
    place.
    """
    expectations = document["fulfillment"]["expectations"]
    named = [e for e in expectations if any(item["id"] in lines for item in e["line_items"])]
    for expectation in (*named, *expectations):
        if expectation["destination"]:
            return expectation["destination"], expectation["service"]
    return None, None


def address_gaps(destination: Mapping[str, Any] | None) -> list[str]:
    """Fields without which nothing can be delivered."""
    if destination is None:
        return ["destination"]
    needed = ["street_address", "address_locality", "address_country"]
    gaps = [name for name in needed if not destination.get(name)]
    if not (destination.get("first_name") or destination.get("last_name") or destination.get("company")):
        gaps.append("recipient's name")
    return gaps
