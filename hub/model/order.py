"""The canonical order. Names follow the Universal Commerce Protocol (release v2026-04-08).

Money is signed integer minor units of `currency`; every `*_at` is an aware UTC datetime; ids are strings.
What a source does not say is None or empty, never guessed; unknown keys stay in the raw message.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Minor = Annotated[int, Field(strict=True, description="signed integer minor units")]
Count = Annotated[int, Field(ge=0, le=10**9, description="units or grams")]  # nobody orders more, and sums stay small
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code")]


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time must say its offset")
    return value.astimezone(UTC)


When = Annotated[datetime, AfterValidator(_utc)]


class Noun(BaseModel):
    """Base of all canonical nouns: closed (a misspelt field is an error) and immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Buyer(Noun):
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone_number: str | None = None


class Destination(Noun):
    street_address: str | None = None
    extended_address: str | None = None
    address_locality: str | None = None
    address_region: str | None = None
    postal_code: str | None = None
    address_country: Country | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    phone_number: str | None = None


class Total(Noun):
    """type: subtotal, items_discount, discount, fulfillment, tax, fee, tip, gift_wrap, store_credit, total."""

    type: str
    display_text: str | None = None
    amount: Minor


class Item(Noun):
    id: str | None = None
    sku: str | None = None
    title: str
    price: Minor  # per unit
    image_url: str | None = None


class Quantity(Noun):
    """original: as ordered; total: what is still wanted after edits and removals; fulfilled: what the source says
    left.
    """

    original: Count
    total: Count
    fulfilled: Count = 0


class LineItem(Noun):
    id: str
    item: Item
    quantity: Quantity
    totals: list[Total] = []
    parent_id: str | None = None
    requires_shipping: bool = True
    weight_grams: Count | None = None  # per unit
    hs_code: str | None = None
    origin_country: Country | None = None
    properties: dict[str, str] = {}
    location_id: str | None = None  # where the source assigned it

    @property
    def status(self) -> str:
        """Derived: processing, partial, fulfilled or removed."""
        if self.quantity.total == 0:
            return "removed"
        if self.quantity.fulfilled >= self.quantity.total:
            return "fulfilled"
        return "partial" if self.quantity.fulfilled else "processing"


class LineQuantity(Noun):
    """A quantity of one order line (`id` is the order line's id)."""

    id: str
    quantity: Count


class Expectation(Noun):
    """What the buyer was promised. method_type: shipping, pickup, digital, local_delivery, none."""

    id: str
    line_items: list[LineQuantity] = []
    method_type: str = "shipping"
    destination: Destination | None = None
    description: str | None = None
    service: str | None = None  # the shipping service asked for, as the source codes it


class FulfillmentEvent(Noun):
    """type: processing, shipped, in_transit, delivered, failed_attempt, canceled, undeliverable, returned_to_sender."""

    id: str
    occurred_at: When | None = None
    type: str
    line_items: list[LineQuantity] = []
    tracking_number: str | None = None
    tracking_url: str | None = None
    carrier: str | None = None
    expectation_id: str | None = None
    location_id: str | None = None


class Fulfillment(Noun):
    expectations: list[Expectation] = []
    events: list[FulfillmentEvent] = []


class Adjustment(Noun):
    """type: refund, return, credit, price_adjustment, dispute, cancellation. Amounts in `totals` are positive."""

    id: str
    type: str
    occurred_at: When | None = None
    status: str = "completed"
    line_items: list[LineQuantity] = []
    totals: list[Total] = []
    reason: str | None = None
    payment_id: str | None = None

    @property
    def amount(self) -> int:
        return sum(total.amount for total in self.totals if total.type == "total")


class Payment(Noun):
    """Who holds the money decides who may move it.

    custodian: storefront, provider, marketplace, cash_on_delivery, bank_transfer, terms, gift_card, none, unknown.
    status: pending, authorized, captured, partially_captured, voided, refunded, partially_refunded, failed, expired.
    `provider` names the kind of account (`stripe`) where the custodian is a provider, and `reference` is that
    account's id for the money (a PaymentIntent, a storefront's authorization transaction).
    """

    id: str
    method: str
    custodian: str
    provider: str | None = None
    reference: str | None = None
    status: str
    currency: Currency
    authorized: Minor = 0
    captured: Minor = 0
    refunded: Minor = 0
    expires_at: When | None = None


class Message(Noun):
    """A remark on the order for people: severity info, warning or error; `code` is stable."""

    severity: str = "warning"
    code: str
    text: str


class PickupPoint(Noun):
    id: str | None = None
    name: str | None = None
    carrier: str | None = None
    destination: Destination | None = None


class TaxId(Noun):
    type: str
    value: str


class Order(Noun):
    """One order as its source says it stands. `id` is the source's order id; `label` is what people call it (#1001)."""

    id: str
    label: str
    permalink_url: str | None = None
    currency: Currency
    presentment_currency: Currency | None = None
    presentment_total: Minor | None = None
    buyer: Buyer = Buyer()
    line_items: list[LineItem] = []
    fulfillment: Fulfillment = Fulfillment()
    adjustments: list[Adjustment] = []
    totals: list[Total] = []
    messages: list[Message] = []
    payments: list[Payment] = []
    placed_at: When
    updated_at: When | None = None
    cancelled_at: When | None = None
    closed_at: When | None = None
    source_status: str | None = None  # as the source words it
    standing: str = "open"  # draft, pending, open, on_hold, completed, cancelled, deleted (normalised)
    test: bool = False
    high_risk: bool = False
    tags: list[str] = []
    note: str | None = None
    locale: str | None = None
    billing_destination: Destination | None = None
    company: str | None = None
    tax_ids: list[TaxId] = []
    po_number: str | None = None
    taxes_included: bool = False
    pickup_point: PickupPoint | None = None
    cod_amount: Minor | None = None  # to be collected at the door
    hub: dict[str, Any] = {}  # facts only the hub knows

    @cached_property
    def document(self) -> dict[str, Any]:
        """The whole order as plain JSON, defaults included; not to be changed."""
        return self.model_dump(mode="json")

    def total(self, kind: str) -> int | None:
        """The amount of one entry of `totals`, None where the source does not say."""
        amounts = [entry.amount for entry in self.totals if entry.type == kind]
        return sum(amounts) if amounts else None

    def line(self, line_id: str) -> LineItem | None:
        return next((line for line in self.line_items if line.id == line_id), None)

    @property
    def destination(self) -> Destination | None:
        """Where it goes: the first expectation that names a place."""
        return next((e.destination for e in self.fulfillment.expectations if e.destination), None)
