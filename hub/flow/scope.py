"""What a flow's expressions and a capability's input are made from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hub.flow.setting import Connection, Setting
from hub.model.book import Book
from hub.model.order import Destination, Order, Payment
from hub.model.step import Group, Parcel, Step


def document_of(order: Order) -> dict[str, Any]:
    """The whole canonical order as plain JSON, defaults included, so that expressions always find every name."""
    return order.document


def storefront_of(setting: Setting, book: Book) -> Connection:
    """The order's storefront; an unconfigured one (removed since) acts like one in observe."""
    return setting.connections.get(book.connection) or Connection(book.connection, connector="")


def reads_source(setting: Setting, connection: str) -> bool:
    """Whether single orders can be read again at their source."""
    found = setting.connections.get(connection)
    if found is None or found.pull_mapping is None:
        return False
    return setting.connectors.supports(connection, "order.fetch")


def subject_id(step: Step, kind: str) -> str | None:
    """`group:abc` -> `abc` where the step's subject has that kind, at its end (`shipped:parcel:1` is about parcel
    1).
    """
    return _subject_id(step.subject, kind)


@lru_cache(maxsize=4096)  # every moment asks it of every step, several times
def _subject_id(subject: str, kind: str) -> str | None:
    marker = f"{kind}:"
    if subject.startswith(marker):
        return subject.removeprefix(marker)
    position = subject.find(f":{marker}")
    return subject[position + 1 + len(marker) :] if position >= 0 else None


def group_of(book: Book, step: Step) -> Group | None:
    if (found := subject_id(step, "group")) is not None:
        return book.groups.get(found)
    parcel = parcel_of(book, step)
    return book.groups.get(parcel.group) if parcel else None


def parcel_of(book: Book, step: Step) -> Parcel | None:
    found = subject_id(step, "parcel")
    return book.parcels.get(found) if found is not None else None


def payment_of(book: Book, step: Step) -> Payment | None:
    found = subject_id(step, "payment")
    if found is None:
        found = (book.runs[step.run].inputs if step.run in book.runs else {}).get("payment_id")
    payments = book.order.payments if book.order else []
    return next((payment for payment in payments if payment.id == found), None)


def scope_of(setting: Setting, book: Book, step: Step, document: Mapping[str, Any]) -> dict[str, Any]:
    """The names a flow's `when` may read."""
    storefront = storefront_of(setting, book)
    group, parcel, payment = group_of(book, step), parcel_of(book, step), payment_of(book, step)
    run = book.runs.get(step.run)
    return {
        "order": document,
        "group": group_facts(book, group) if group else None,
        "parcel": parcel_facts(parcel) if parcel else None,
        "payment": payment_facts(book, payment) if payment else None,
        "inputs": run.inputs if run else {},
        "owners": {
            "capture": storefront.owners.capture,
            "fulfill": storefront.owners.fulfill,
            "mail": {
                k: storefront.owners.mails(k) for k in ("confirmation", "shipped", "delivered", "refunded", "cancelled")
            },
        },
        "capture": storefront.capture,
        "parcels": len(book.parcels),
        "storefront": dict(storefront.settings),
    }


def payment_facts(book: Book, payment: Payment) -> dict[str, Any]:
    """The payment as the source tells it, and whether the hub took the money, which not every source hears of."""
    taken = any(e.subject == f"payment:{payment.id}" for e in book.executed("payment.capture"))
    return {**payment.model_dump(mode="json"), "captured_here": taken}


def group_facts(book: Book, group: Group) -> dict[str, Any]:
    def happened(capability: str) -> bool:
        return any(e.subject == f"group:{group.id}" for e in book.executed(capability))

    return {
        "id": group.id,
        "method": group.method,
        "connection": group.connection,
        "location_id": group.location_id,
        "lines": group.lines,
        "sent": group.sent,
        "ordered": happened("fulfillment.create"),
        "labelled": happened("label.buy"),
        "shipped": any(parcel.group == group.id for parcel in book.parcels.values()),
    }


def parcel_facts(parcel: Parcel) -> dict[str, Any]:
    return {
        "id": parcel.id,
        "lines": [{"id": line, "quantity": quantity} for line, quantity in parcel.lines.items()],
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url,
        "carrier": parcel.carrier,
        "shipped_at": parcel.shipped_at.isoformat() if parcel.shipped_at else None,
        "delivered_at": parcel.delivered_at.isoformat() if parcel.delivered_at else None,
    }


def recipient(destination: Mapping[str, Any] | Destination | None) -> dict[str, Any]:
    """What identifies who receives: compared between what we sent and what is found."""
    if destination is None:
        return {"name": None, "postal_code": None, "address_country": None}
    place = destination.model_dump() if isinstance(destination, Destination) else dict(destination)
    name = " ".join(part for part in (place.get("first_name"), place.get("last_name")) if part)
    return {
        "name": name or place.get("company"),
        "postal_code": place.get("postal_code"),
        "address_country": place.get("address_country"),
    }
