"""What every provider of the world shares: the clock's agenda, the outbox, people, ids and the book of truths."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.sandbox.agenda import Agenda
from hub.sandbox.books import SELF, WAREHOUSE, Address, StoreOrder
from hub.sandbox.chance import Chance
from hub.sandbox.faults import Faults
from hub.sandbox.ledger import Journal, Ledger
from hub.sandbox.outbox import Outbox
from hub.sandbox.people import People
from hub.sandbox.settings import Settings, Span


@dataclass(frozen=True)
class Parcel:
    """Something that really left: by the warehouse, or by the merchant with a carrier's label."""

    number: str
    prefix: str
    order: str
    email: str
    lines: Mapping[str, int]
    at: float


@dataclass
class Desk:
    """The shared tables of one world. Every method is called with the world's lock held."""

    settings: Settings
    chance: Chance
    agenda: Agenda
    faults: Faults
    outbox: Outbox
    people: People
    directory: Path
    orders: dict[tuple[str, str], StoreOrder] = field(default_factory=dict)
    parcels: dict[str, Parcel] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)  # tracking numbers of labels whose parcel may not have left yet
    ledgers: dict[str, Ledger] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._truth = Journal(self.directory / "truth.jsonl")
        self._numbers = itertools.count(1)
        self._by_email: dict[str, StoreOrder] = {}
        self._by_name: dict[str, StoreOrder] = {}

    def number(self) -> int:
        """A number used for one thing only."""
        return next(self._numbers)

    def big_id(self, base: int) -> str:
        """An id larger than a float can hold exactly, as storefronts hand out."""
        return str(base * 10**14 + 7_919 * self.number())

    def ledger(self, prefix: str) -> Ledger:
        return self.ledgers.setdefault(prefix, Ledger(self.directory, prefix))

    def register(self, order: StoreOrder) -> None:
        """Makes an order findable by its buyer and its recipient, and writes it down."""
        self.orders[(order.prefix, order.id)] = order
        if order.email:
            self._by_email[order.email.casefold()] = order
        for name in (f"{order.first} {order.last}", order.recipient):
            self._by_name[name.casefold()] = order
        self.note(order)

    def find(self, email: str | None, name: str | None) -> StoreOrder | None:
        """The order of this buyer or recipient. Providers know it only so: by what is written on the parcel."""
        found = self._by_email.get((email or "").casefold())
        return found or self._by_name.get(" ".join((name or "").split()).casefold())

    def until_packed(self, order: StoreOrder | None, usual: Span, *names: object) -> float:
        """Seconds until a parcel leaves. Edits and cancellations are given the time their story needs."""
        if order is not None and order.dispatch == "late":
            return self.settings.patience_seconds
        if order is not None and order.dispatch == "lingering":
            return self.settings.linger_seconds
        return self.chance.between(usual, "packed", *names)

    def note(self, order: StoreOrder) -> None:
        """Writes down how the order stands now; the last line about an order counts."""
        self._truth.write({"kind": "order"} | portrait(order))

    def shipped(self, parcel: Parcel) -> None:
        """Writes down that a parcel left."""
        self.parcels[parcel.number] = parcel
        self._truth.write(
            {"kind": "parcel", "number": parcel.number, "prefix": parcel.prefix, "order": parcel.order,
             "email": parcel.email, "lines": dict(parcel.lines), "at": parcel.at}
        )  # fmt: skip

    def units_gone(self, order: StoreOrder, sku: str) -> int:
        """How many units of an order really left, whether or not its shop was told."""
        return sum(parcel.lines.get(sku, 0) for parcel in self.parcels.values() if parcel.order == order.id)

    def close(self) -> None:
        self._truth.close()
        for ledger in self.ledgers.values():
            ledger.close()


def portrait(order: StoreOrder) -> dict[str, Any]:
    """One order as the verdict needs it: who, what, how much, and what ought to become of it."""
    due = order.authorized or (order.due, order.pays_in)
    return {
        "prefix": order.prefix,
        "id": order.id,
        "name": order.name,
        "story": order.kind,
        "expect": order.expect,
        "history": order.history,
        "test": order.test,
        "email": order.email,
        "recipient": order.recipient,
        "address": place(order.shipping),
        "past_addresses": [place(address) for address in order.past_addresses],
        "placed_at": order.placed_at,
        "cancelled_at": order.cancelled_at,
        "paid_at": order.paid_at,
        "means": order.means.kind,
        "intent": order.means.intent,
        "amount": due[0],
        "currency": due[1],
        "total": order.due,
        "total_currency": order.pays_in,
        "warehouse": {} if order.pickup else order.group(WAREHOUSE),
        "self": {} if order.pickup else order.group(SELF),
        "ordered": order.group("", original=True),
        "expected_refunds": order.expected_refunds,
        "refunds": [{"amount": each.amount, "by": each.by, "at": each.at} for each in order.refunds],
        "sent_elsewhere": [{"number": each.number, "at": each.at} for each in order.sent if each.by == "store"],
    }


def place(address: Address | None) -> dict[str, str] | None:
    """What two spellings of an address must agree on."""
    if address is None:
        return None
    return {"street": address.street, "city": address.city, "zip": address.zip, "country": address.country}
