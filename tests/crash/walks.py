"""The orders that are walked: few, and between them every kind of event that the engine has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.sandbox.books import Means, StoreOrder
from hub.sandbox.shipbob.account import ShipBob
from hub.sandbox.world import World

SHOPIFY, WOOCOMMERCE, TWIN = "shopify/aurora", "woocommerce/basalt", "shopify/cedar"
CONNECTIONS = {
    SHOPIFY: "aurora",
    WOOCOMMERCE: "basalt",
    TWIN: "cedar",  # captures on shipment, so that an authorisation is there to be released
    "stripe/main": "stripe",
    "shipbob/main": "shipbob",
    "easypost/main": "easypost",
}

Ready = Callable[[World, StoreOrder], bool]
Deed = Callable[[World, StoreOrder], object]


@dataclass(frozen=True)
class Command:
    """What a person tells the hub, once `ready`: "cancel", or "refund" so many minor units.

    `ready` None: when everything has come to rest.
    """

    do: str
    amount: int = 0
    ready: Ready | None = None


@dataclass(frozen=True)
class Walk:
    """One order's way. `changes` overwrite fields of the order; `deaf`: accounts whose webhooks reach nobody.

    `points`: what of a step's, message's or chore's name must appear for it to be a place to die; "" for everything.
    `topics`: all that the shop tells of; empty for everything. `after_placing`: what a person does at once in the shop.
    `same_end`: whatever crashes, the ledgers must hold exactly what the undisturbed walk left there. A walk in which
    somebody cancels by the clock may, when it is disturbed, rightly never have begun what would have to be undone.
    """

    name: str
    shop: str
    story: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    command: Command | None = None
    deaf: tuple[str, ...] = ()
    sweep: bool = False
    points: tuple[str, ...] = ()
    topics: frozenset[str] = frozenset()
    after_placing: Deed | None = None
    same_end: bool = True


def at_warehouse(world: World, order: StoreOrder) -> bool:
    """Its goods are ordered."""
    return any(
        accepted.store_order == order.id
        for account in world.accounts.values()
        if isinstance(account, ShipBob)
        for accepted in account.orders.values()
    )


def give_a_little_back(world: World, order: StoreOrder) -> object:
    return world.storefront_of(order).refund(order, 100, world.clock(), None, "A good customer")


_BY_GATEWAY = Means("prepaid", "paypal", "PayPal")
_LATE = {"dispatch": "late", "expect": "cancelled"}
_ONE_REFUND = {"expected_refunds": 1}

_ALL = (
    # Shopify's own capture, the warehouse, tracking written back to Shopify, letters.
    Walk("shopify", SHOPIFY, "authorised at Shopify"),
    # Stripe's capture, an address check, a carrier's shipment and label, WooCommerce's note and its completed status.
    Walk("woocommerce", WOOCOMMERCE, "authorised at Stripe, shipped by the merchant", sweep=True),
    # Nobody sends webhooks: a sweep finds the order, polls find its parcel.
    Walk(
        "swept", SHOPIFY, "captured at Shopify", deaf=(SHOPIFY, "shipbob/main"), sweep=True,
        points=("chore", "hub", "shipped", "delivered", "message"),
    ),
    # Two parcels, told one after the other.
    Walk(
        "two parcels", WOOCOMMERCE, "paid by card, shipped in two parcels", sweep=True,
        points=("shipped", "announce", "complete", "letter", "delivered"),
    ),
    # Money goes when the goods have gone.
    Walk("on shipment", TWIN, "authorised at Shopify", points=("capture-on-shipment",)),
    # Cancelled at the store, after the warehouse had it and after a label was bought.
    Walk("called back", SHOPIFY, "cancelled before dispatch", points=("cancel-order", "message"), same_end=False),
    Walk(
        "label given back", WOOCOMMERCE, "cancelled after the label was bought", sweep=True,
        points=("cancel-order", "message"), same_end=False,
    ),
    # Cancelled by a person at the hub: goods called back, the authorisation released at Shopify and at Stripe.
    Walk(
        "released at Shopify", TWIN, "authorised at Shopify", _LATE, Command("cancel", ready=at_warehouse),
        points=("cancel-order", "door"),
    ),
    Walk(
        "released at Stripe", TWIN, "authorised at Stripe", _LATE, Command("cancel", ready=at_warehouse),
        points=("cancel-order",),
    ),
    # Given back by a person's word, by each of the three custodians.
    Walk(
        "refunded at Shopify", SHOPIFY, "captured at Shopify", _ONE_REFUND, Command("refund", 500),
        points=("refund-order", "door"),
    ),
    Walk(
        "refunded at Stripe", WOOCOMMERCE, "paid by card", _ONE_REFUND, Command("refund", 500), sweep=True,
        points=("refund-order",),
    ),
    Walk(
        "refunded by the gateway", WOOCOMMERCE, "paid by card", {**_ONE_REFUND, "means": _BY_GATEWAY},
        Command("refund", 500), sweep=True, points=("refund-order",),
    ),
    # The first that is heard of it is a refund, which tells too little: the order is fetched.
    Walk(
        "fetched", SHOPIFY, "captured at Shopify", topics=frozenset({"refunds/create"}),
        after_placing=give_a_little_back, points=("chore", "message"),
    ),
    # Money that comes later.
    Walk("transfer", SHOPIFY, "transfer that arrives", points=("payment", "message")),
)  # fmt: skip
WALKS = {walk.name: walk for walk in _ALL}
