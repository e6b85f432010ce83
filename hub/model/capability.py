"""What can be asked of a connection: commerce's verbs, what each is given and what it must give back.

An operation of a connector serves one capability. `input` and `result` list the top-level fields by name;
documents inside are the canonical ones of `hub.model.order`, as plain JSON. Every mutating input also has
`reference` (our short stable name for the effect, safe to show to the provider) and `order`
({id, label, currency, placed_at, permalink_url, storefront, source_id, test}).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial


class Safety(StrEnum):
    """How a mutating operation can be made to happen once."""

    KEY = "key"
    UNIQUE = "unique"
    LOOKUP = "lookup"
    REPEATABLE = "repeatable"
    AT_LEAST_ONCE = "at_least_once"
    NONE = "none"


@dataclass(frozen=True)
class Capability:
    """`mutating`: changes something at the provider. `irreversible`: needs fresh sight of the order before it.

    `find` names the capability that can tell whether this one happened; `content` the fields of the input that an
    object found by reference must match before it counts as ours.
    """

    name: str
    input: tuple[str, ...]
    result: tuple[str, ...]
    mutating: bool = False
    irreversible: bool = False
    find: str | None = None
    content: tuple[str, ...] = ()
    title: str = ""


def _all() -> tuple[Capability, ...]:
    read, change = Capability, partial(Capability, mutating=True)
    return (
        # payment: {id, method, provider, reference, status, currency, authorized, captured, refunded}; amount: minor
        # units
        change(
            "payment.capture",
            ("payment", "amount", "currency"),
            ("id", "amount", "currency", "status"),
            irreversible=True,
            find="payment.find",
            content=("amount", "currency"),
            title="Capture a payment",
        ),
        change(
            "payment.void",
            ("payment",),
            ("id", "status"),
            irreversible=True,
            find="payment.find",
            title="Release an authorisation",
        ),
        # refund: {id, reason, lines: [{id, quantity}]}
        change(
            "payment.refund",
            ("payment", "refund", "amount", "currency"),
            ("id", "amount", "currency", "status"),
            irreversible=True,
            find="payment.find",
            content=("amount", "currency"),
            title="Refund a payment",
        ),
        # effect: "payment.capture" | "payment.void" | "payment.refund"; hits: [{id, kind, amount, currency, status,
        # reference}]
        # with `kind` one of capture, void, refund, and `reference` ours where the provider keeps it
        read("payment.find", ("payment", "effect", "amount", "currency"), ("hits",), title="Look a payment up"),
        # group: {id, lines: [{id, sku, title, quantity, price, weight_grams}], destination, service, cod_amount,
        # currency, location_id}
        change(
            "fulfillment.create",
            ("group", "buyer"),
            ("id", "status"),
            irreversible=True,
            find="fulfillment.find",
            content=("lines", "recipient"),
            title="Send an order to the warehouse",
        ),
        # id: the warehouse's order id where known, else None (then by reference);
        # hits: [{id, reference, status, lines: [{sku, quantity}], recipient: {name, postal_code, address_country},
        # shipments: [{id, status, tracking_number, tracking_url, carrier, shipped_at, delivered_at, lines: [{sku,
        # quantity}]}]}]
        # status: processing, shipped, partially_shipped, delivered, cancelled, exception
        read("fulfillment.find", ("id",), ("hits",), title="Look a warehouse order up"),
        change(
            "fulfillment.cancel",
            ("id", "group"),
            ("id", "status"),
            irreversible=True,
            find="fulfillment.find",
            title="Cancel a warehouse order",
        ),
        # items: [{sku, location_id, on_hand, unavailable, available}]; next: cursor or None
        read("inventory.list", ("cursor",), ("items", "next"), title="List stock"),
        change("inventory.set", ("sku", "location_id", "available"), ("id",), title="Set stock"),
        # verified: bool; destination: corrected; problems: [text]
        read("address.verify", ("destination",), ("verified", "destination", "problems"), title="Check an address"),
        # parcel: {weight_grams, length_mm, width_mm, height_mm}; rates: [{id, carrier, service, amount, currency,
        # delivery_days}]
        read("rate.list", ("origin", "destination", "parcel"), ("rates",), title="List rates"),
        change(
            "shipment.create",
            ("group", "buyer", "origin", "parcel"),
            ("id", "rates", "status"),
            find="shipment.find",
            title="Prepare a carrier shipment",
        ),
        # shipment_id, rate_id: from shipment.create
        change(
            "label.buy",
            ("shipment_id", "rate_id", "group"),
            ("id", "tracking_number", "carrier", "tracking_url", "label_url", "amount", "currency"),
            irreversible=True,
            find="shipment.find",
            content=(),
            title="Buy a label",
        ),
        # hits: [{id, reference, status, tracking_number, carrier, tracking_url, label_url, amount, currency,
        # refund_status, rates}]
        # status: created (nothing bought), purchased; refund_status: None, submitted, refunded, rejected
        read("shipment.find", ("id",), ("hits",), title="Look a carrier shipment up"),
        change("label.refund", ("shipment_id",), ("id", "status"), find="shipment.find", title="Refund a label"),
        # status as FulfillmentEvent.type; events: [{occurred_at, type, message}]
        read("tracking.get", ("tracking_number", "carrier"), ("status", "events"), title="Track a parcel"),
        # order: the raw document as the source gives it (to be mapped); None where it does not exist
        read("order.fetch", ("source_id",), ("order",), title="Read one order"),
        # updated_since: RFC 3339 or None, cursor: opaque or None; orders: [raw documents], next: cursor or None
        read("order.list", ("updated_since", "cursor"), ("orders", "next"), title="List orders"),
        change("order.acknowledge", ("source_id",), ("id",), title="Acknowledge an order"),
        # every parcel has left and was written back: the source may call the order complete
        change(
            "order.complete",
            ("source_id",),
            ("id", "status"),
            irreversible=True,
            find="order.completed",
            title="Mark an order complete",
        ),
        # hits: [{id, status}], the order itself where the source counts it as complete now
        read("order.completed", ("source_id",), ("hits",), title="Look up whether an order is complete"),
        # parcel: {id, lines: [{id, quantity}], tracking_number, carrier, tracking_url, shipped_at};
        # complete: bool (every line of the order has now left), notify: bool (the storefront mails the buyer)
        change(
            "shipment.announce",
            ("source_id", "parcel", "complete", "notify"),
            ("id", "status"),
            irreversible=True,
            find="shipment.announced",
            title="Write tracking back",
        ),
        # hits: [{id, tracking_number, status}]
        read("shipment.announced", ("source_id", "parcel"), ("hits",), title="Look written tracking up"),
        # message: {kind, to, subject, text, html, message_id}
        change("notification.send", ("message",), ("id",), title="Send a customer message"),
        change(
            "webhook.register", ("topic", "address", "secret"), ("id",), find="webhook.list", title="Register a webhook"
        ),
        read("webhook.list", (), ("hits",), title="List webhooks"),
        # for connecting and doctor: {name, currency, timezone, scopes: [..], locations: [{id, name}], services: [{id,
        # name}]}
        read("account.describe", (), ("account",), title="Describe the account"),
    )


CAPABILITIES: dict[str, Capability] = {capability.name: capability for capability in _all()}


def title_of(capability: str | None) -> str | None:
    """`Buy a label`; None for what is no capability, such as a wait."""
    found = CAPABILITIES.get(capability or "")
    return found.title if found else None


def doing(capability: str | None) -> str | None:
    """The same inside a sentence: `buy a label`."""
    title = title_of(capability)
    return title[:1].lower() + title[1:] if title else None
