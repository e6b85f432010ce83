"""The storefront's own books: what a shop knows of an order, before any dialect puts it into words.

Money is integer minor units of the shop's currency unless a name says `presented`; times are epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hub.model.money import exponent

WAREHOUSE, SELF, DIGITAL = "WH-", "SELF-", "DIG-"


@dataclass(frozen=True)
class Address:
    """A postal address; `country` and `region` are codes, the `_name`s what people read. Empty string: not given."""

    first: str
    last: str
    street: str
    city: str
    zip: str
    country: str
    country_name: str
    region: str = ""
    region_name: str = ""
    extra: str = ""
    company: str = ""
    phone: str = ""

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass
class Line:
    """One line. `price` is net and per unit, `discount` is for all its units; `sent` counts units that have left,
    `given_up` those that were refunded before they left."""

    id: str
    product: str
    variant: str
    sku: str
    title: str
    price: int
    quantity: int
    current: int
    grams: int
    discount: int = 0
    sent: int = 0
    given_up: int = 0

    @property
    def ships(self) -> bool:
        return not self.sku.startswith(DIGITAL)

    @property
    def left(self) -> int:
        return max(0, self.current - self.given_up - self.sent)


@dataclass
class Transaction:
    """Money at the storefront, in the buyer's currency. kind: authorization, capture, sale, void, refund."""

    id: str
    kind: str
    status: str
    amount: int
    currency: str
    at: float
    gateway: str
    parent: str | None = None


@dataclass
class Sent:
    """A parcel as the storefront knows it."""

    id: str
    at: float
    lines: dict[str, int]
    number: str = ""
    company: str = ""
    url: str = ""
    notify: bool = False
    by: str = "hub"
    status: str = "success"


@dataclass
class Refund:
    """Money given back, in the currency in which the buyer paid."""

    id: str
    at: float
    amount: int
    lines: dict[str, int] = field(default_factory=dict)
    reason: str = ""
    by: str = "hub"
    transaction: str | None = None


@dataclass(frozen=True)
class Means:
    """How the buyer pays. kind: captured, authorized, stripe, prepaid, zero, cod, bank, unknown.

    `gateway` is the word the dialect has for it.
    """

    kind: str
    gateway: str
    title: str
    intent: str | None = None


@dataclass(frozen=True)
class Sums:
    """An order's money in one currency: lines (gross of discounts), discount, shipping, tax and their total."""

    currency: str
    lines: int
    discount: int
    shipping: int
    tax: int

    @property
    def total(self) -> int:
        return self.lines - self.discount + self.shipping + self.tax


@dataclass
class StoreOrder:
    """One order of one shop. What is expected of the hub is `expect`: completed, held, waiting, cancelled, untouched or
    "completed|held" where both are right; `dispatch` is how soon the warehouse packs: prompt, lingering or late."""

    prefix: str
    id: str
    number: int
    name: str
    kind: str
    expect: str
    placed_at: float
    updated_at: float
    currency: str
    means: Means
    first: str
    last: str
    email: str
    phone: str
    billing: Address
    shipping: Address | None
    lines: list[Line]
    freight: int = 0
    freight_title: str = ""
    freight_code: str = ""
    pickup: bool = False
    discount_code: str = ""
    tax_points: int = 0  # hundredths of a percent, added to net prices
    presentment: str = ""
    rate: Decimal = Decimal(1)
    test: bool = False
    history: bool = False
    note: str = ""
    tags: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)
    parcels: int = 1
    dispatch: str = "prompt"
    broken: bool = False
    status: str = ""  # WooCommerce's own word
    paid_at: float | None = None
    completed_at: float | None = None
    cancelled_at: float | None = None
    closed_at: float | None = None
    edited: bool = False
    transactions: list[Transaction] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    trackings: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    past_addresses: list[Address] = field(default_factory=list)
    expected_refunds: int = 0
    authorized: tuple[int, str] | None = None  # what the buyer's bank agreed to, in the buyer's currency

    @property
    def pays_in(self) -> str:
        """The currency in which the buyer pays."""
        return self.presentment or self.currency

    def presented(self, amount: int) -> int:
        """An amount of the shop's currency in the buyer's."""
        if not self.presentment:
            return amount
        places = exponent(self.presentment) - exponent(self.currency)
        return _rounded((amount * self.rate).scaleb(places))

    def line_money(self, line: Line, quantity: int, presented: bool = False) -> tuple[int, int, int]:
        """(gross, discount, tax) of so many units of a line."""
        scale = self.presented if presented else int
        gross = scale(line.price) * quantity
        discount = scale(line.discount) * quantity // line.quantity if line.quantity else 0
        return gross, discount, self.tax_on(gross - discount)

    def tax_on(self, net: int) -> int:
        return _rounded(Decimal(net * self.tax_points) / 10_000)

    def sums(self, current: bool = True, presented: bool = False) -> Sums:
        """The order's money: as it stands now, or (`current` False) as it was placed."""
        each = [self.line_money(line, line.current if current else line.quantity, presented) for line in self.lines]
        freight = self.presented(self.freight) if presented else self.freight
        return Sums(
            self.pays_in if presented else self.currency,
            sum(gross for gross, _, _ in each),
            sum(discount for _, discount, _ in each),
            freight,
            sum(tax for _, _, tax in each),
        )

    @property
    def due(self) -> int:
        """What the buyer is to pay now, in the buyer's currency."""
        return self.sums(presented=True).total

    @property
    def received(self) -> int:
        kinds = ("capture", "sale")
        return sum(each.amount for each in self.transactions if each.kind in kinds and each.status == "success")

    @property
    def refunded(self) -> int:
        return sum(each.amount for each in self.refunds)

    @property
    def recipient(self) -> str:
        return self.shipping.name if self.shipping else f"{self.first} {self.last}"

    def group(self, prefix: str, original: bool = False) -> dict[str, int]:
        """SKU -> quantity of the lines that leave from one place."""
        found: dict[str, int] = {}
        for line in self.lines:
            quantity = line.quantity if original else line.current - line.given_up
            if line.sku.startswith(prefix) and quantity:
                found[line.sku] = found.get(line.sku, 0) + quantity
        return found

    def line(self, line_id: str) -> Line | None:
        return next((line for line in self.lines if line.id == line_id), None)


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
