"""What a merchant does in the storefront is a report: the hub takes it in and never does it again.

Every deed is done in a Shopify shop and in a WooCommerce shop. Nothing leaves the warehouse unless the test packs it,
so the moment of every deed is known. The ledgers hold only what was asked for over the providers' APIs, by the hub.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from hub.assembly.acts import Refused
from hub.sandbox.books import Means, StoreOrder
from hub.sandbox.checks import Case
from hub.sandbox.settings import Settings
from tests.journey.town import Line, Town

SHOPIFY, WOOCOMMERCE = "shopify/aurora", "woocommerce/basalt"
SHOPS = (SHOPIFY, WOOCOMMERCE)
PAID = {SHOPIFY: "captured at Shopify", WOOCOMMERCE: "paid by card"}
BY_STRIPE, TRANSFER = "authorised at Stripe", "transfer that never comes"
HOUR = 3600.0


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    settings = Settings.hasty().but(ships_after=(HOUR, HOUR), handed_in_after=(HOUR, HOUR), tracking_missing_share=0.5)
    with Town(tmp_path_factory.mktemp("town"), settings=settings) as town:
        yield town


def effects(town: Town, order: StoreOrder, effect: str) -> list[Line]:
    """What was asked of whichever provider for one order, oldest first."""
    return town.evidence().of(order.id, effect)


def at_warehouse(town: Town, *orders: StoreOrder) -> None:
    town.until("the warehouse has them", lambda: all(effects(town, order, "fulfillment.create") for order in orders))


def become(town: Town, state: str, *orders: StoreOrder) -> None:
    town.until(f"all are {state}", lambda: {town.state(order) for order in orders} == {state})


def gone(town: Town, *orders: StoreOrder) -> None:
    """The warehouse sends everything, and the hub is done."""
    at_warehouse(town, *orders)
    for order in orders:
        assert town.merchant.pack(order)
    become(town, "completed", *orders)


def without_fault(town: Town, *orders: StoreOrder) -> None:
    """Nothing missing, wrong or twice, by the same checks as the demo's verdict."""
    evidence = town.evidence()
    assert not evidence.doubles
    for order in orders:
        case = Case(evidence, evidence.orders[order.id], town.state(order) or "")
        assert list(case.findings()) == [], order.kind


def test_refunds_after_it_left(town: Town) -> None:
    """In part, then the rest; by the shop's own gateway and by the shop's Stripe plugin: told, and never repeated."""
    orders = [town.place(shop, story) for shop in SHOPS for story in (PAID[shop], BY_STRIPE)]
    gone(town, *orders)
    for order in orders:
        if order.received:  # Shopify never hears of money that another holds
            line = order.lines[0]
            assert town.merchant.refund(order, order.received // 3, {line.id: 1})
            assert town.merchant.refund(order)
    stripe = town.world.accounts["stripe/main"]
    elsewhere = orders[1]
    with town.world.lock:
        assert stripe.refund_by_store(elsewhere.means.intent, 100, town.world.clock())  # type: ignore[attr-defined]
    town.quiet()
    assert [town.state(order) for order in orders] == ["completed"] * len(orders)
    assert not any(effects(town, order, "payment.refund") for order in orders)
    assert not any(line["effect"].startswith("payment.refund") for line in town.ledgers()["stripe-main"])
    without_fault(town, *orders)


def test_our_own_refund_comes_back_as_a_report(town: Town) -> None:
    """By whoever holds the money: Shopify, the shop's gateway, and Stripe, whose plugin then tells the shop of it."""
    orders = [town.place(shop, PAID[shop], expected_refunds=1) for shop in SHOPS]
    by_gateway = Means("prepaid", "paypal", "PayPal")
    orders.append(town.place(WOOCOMMERCE, PAID[WOOCOMMERCE], expected_refunds=1, means=by_gateway))
    gone(town, *orders)
    for order in orders:
        refund(town, order, 500)
    town.until("all went back", lambda: all(order.refunds for order in orders))
    town.quiet()
    for order, holder in zip(orders, (SHOPIFY, "stripe/main", WOOCOMMERCE), strict=True):
        (line,) = effects(town, order, "payment.refund")
        assert (line["amount"], line["ledger"]) == (500, holder)
        # Counted once, though it is known from our own deed and from its echo.
        with pytest.raises(Refused):
            refund(town, order, order.received - 499)
        assert town.state(order) == "completed"
        order.expected_refunds = 2
        refund(town, order, order.received - 500)
    town.until("the rest went back", lambda: all(len(order.refunds) == 2 for order in orders))
    town.quiet()
    assert not town.evidence().doubles
    assert [order.received - order.refunded for order in orders] == [0, 0, 0]


def refund(town: Town, order: StoreOrder, amount: int) -> None:
    """A person tells the hub to."""
    town.desk.acts.refund(town.key(order), amount, [], None, "ann", "a scratch")


def test_units_refunded_before_they_left_stay(town: Town) -> None:
    """The webhook of the payment says nothing of it: the source is read again before anything leaves."""
    orders = [town.place(shop, TRANSFER, parcels=3, expect="completed") for shop in SHOPS]
    become(town, "waiting", *orders)
    for order in orders:
        units = {order.lines[0].id: 1}
        with town.world.lock:
            town.merchant.pay(order)
            with town.lost_webhooks():
                assert town.merchant.refund(order, order.lines[0].price, units)
    at_warehouse(town, *orders)
    for order in orders:
        (line,) = effects(town, order, "fulfillment.create")
        assert line["lines"] == order.group("WH-")
        assert sum(line["lines"].values()) == sum(each.quantity for each in order.lines) - 1
    gone(town, *orders)
    town.quiet()
    assert not any(effects(town, order, "payment.refund") for order in orders)


def test_nothing_leaves_for_money_that_went_back(town: Town) -> None:
    orders = [town.place(shop, TRANSFER) for shop in SHOPS]
    become(town, "waiting", *orders)
    for order in orders:
        with town.world.lock:
            town.merchant.pay(order)
            with town.lost_webhooks():
                assert town.merchant.refund(order)
    town.until("one is held", lambda: town.state(orders[0]) == "held")
    become(town, "cancelled", orders[1])  # WooCommerce has a status for it
    assert town.needs()[town.key(orders[0])] == {"overtaken"}
    town.quiet()
    assert not any(effects(town, order, "fulfillment.create") for order in orders)
    assert not any(effects(town, order, "payment.refund") for order in orders)


def test_what_was_shipped_by_hand_is_not_shipped_again(town: Town) -> None:
    """Before it was paid; in the moment it was paid, with the webhook lost; after the warehouse had it."""
    early = [town.place(shop, TRANSFER) for shop in SHOPS]
    late = [town.place(shop, TRANSFER) for shop in SHOPS]
    become(town, "waiting", *early, *late)
    for order in early:
        town.merchant.fulfil(order, "BYHAND0001")
    town.quiet()
    for order in early:
        town.merchant.pay(order)
    for order in late:
        with town.world.lock:
            town.merchant.pay(order)
            with town.lost_webhooks():
                town.merchant.fulfil(order, "BYHAND0002")
    become(town, "completed", *early, *late)
    town.quiet()
    for order in (*early, *late):
        assert not effects(town, order, "fulfillment.create")
        assert not effects(town, order, "shipment.announce")
        assert not effects(town, order, "order.status")
    assert not town.evidence().doubles


def test_only_the_rest_of_what_was_shipped_by_hand_leaves(town: Town) -> None:
    """Shopify alone can say which units left."""
    order = town.place(SHOPIFY, TRANSFER, parcels=2)
    become(town, "waiting", order)
    line, rest = order.lines[0], order.group("WH-")
    town.merchant.fulfil(order, "BYHAND0003", {line.id: 1})
    rest[line.sku] -= 1
    town.merchant.pay(order)
    gone(town, order)
    (asked,) = effects(town, order, "fulfillment.create")
    told = [each["lines"] for each in effects(town, order, "shipment.announce")]
    assert asked["lines"] == dict(sum(map(Counter, told), Counter())) == rest
    assert len(told) == 2
    assert not town.evidence().doubles


def test_shipped_by_hand_after_the_warehouse_had_it(town: Town) -> None:
    """Nobody can know which of the two is meant: a person's task, and nothing is ordered anew."""
    orders = [town.place(shop, PAID[shop]) for shop in SHOPS]
    at_warehouse(town, *orders)
    for order in orders:
        town.merchant.fulfil(order, "BYHAND0004")
    become(town, "held", *orders)
    needs = town.needs()
    assert [needs[town.key(order)] for order in orders] == [{"changed_after"}] * 2
    for order in orders:
        town.desk.acts.release(town.key(order), None, "ann", "it is to leave all the same")
    town.quiet()
    assert not any(effects(town, order, "shipment.announce") for order in orders)
    for order in orders:
        assert town.merchant.pack(order)
    # Shopify has no units left that this parcel could fulfil; WooCommerce takes one more number.
    become(town, "held", orders[0])
    become(town, "completed", orders[1])
    assert town.needs()[town.key(orders[0])] == {"cannot_prepare"}
    assert [announced(town, order) for order in orders] == [0, 1]
    assert all(len(effects(town, order, "fulfillment.create")) == 1 for order in orders)
    assert not town.evidence().doubles


def test_cancelled_in_the_store(town: Town) -> None:
    """Before it was paid; in the moment it was paid, with the webhook lost; after the warehouse, or a label, had it."""
    early = [town.place(shop, TRANSFER, expect="cancelled") for shop in SHOPS]
    late = [town.place(shop, TRANSFER, expect="cancelled") for shop in SHOPS]
    sent = [town.place(shop, PAID[shop], expect="cancelled") for shop in SHOPS]
    charged = [town.place(shop, BY_STRIPE, expect="cancelled") for shop in SHOPS]
    labelled = [town.place(shop, f"{PAID[shop]}, shipped by the merchant", expect="cancelled") for shop in SHOPS]
    become(town, "waiting", *early, *late)
    at_warehouse(town, *sent, *charged)
    town.until("labels were bought", lambda: all(effects(town, order, "label.buy") for order in labelled))
    for order in (*early, *sent, *charged, *labelled):
        town.merchant.cancel(order)
    for order in late:
        with town.world.lock:
            town.merchant.pay(order)
            with town.lost_webhooks():
                town.merchant.cancel(order)
    orders = [*early, *late, *sent, *charged, *labelled]
    become(town, "cancelled", *orders)
    town.quiet()
    without_fault(town, *orders)
    for order in (*early, *late):
        assert not effects(town, order, "fulfillment.create")
    for order in (*sent, *charged):
        assert [line["result"] for line in effects(town, order, "fulfillment.cancel")] == ["Success"]
        assert town.merchant.pack(order) == 0
    for order in labelled:
        assert len(effects(town, order, "label.buy")) == len(effects(town, order, "label.refund")) == 1
    for order in orders:
        assert not effects(town, order, "payment.refund")
        assert not effects(town, order, "payment.void")
        assert not effects(town, order, "order.cancel")


def test_cancelled_in_the_store_after_it_left(town: Town) -> None:
    """What has gone is still told to the store, and nothing else is done."""
    orders = [town.place(shop, PAID[shop], expect="cancelled|completed") for shop in SHOPS]
    gone(town, *orders)
    for order in orders:
        town.merchant.cancel(order)
    town.quiet()
    for order in orders:
        assert town.state(order) in ("completed", "cancelled")
        assert not effects(town, order, "fulfillment.cancel")
        assert not effects(town, order, "payment.refund")
        assert len(effects(town, order, "shipment.announce")) == 1
    assert not town.evidence().doubles


def test_three_parcels_over_time_are_told_one_by_one(town: Town) -> None:
    """The hub is killed in between, as it may be in two days; nobody hears that the order is complete before it is."""
    orders = [town.place(shop, "authorised at Stripe, shipped in three parcels", parcels=3) for shop in SHOPS]
    shopify, woocommerce = orders
    at_warehouse(town, *orders)
    for number in (1, 2, 3):
        for order in orders:
            assert not effects(town, order, "order.status")
            assert town.merchant.pack(order, 1) == 1
        town.until(f"parcel {number} is told", lambda: all(announced(town, order) == number for order in orders))  # noqa: B023
        town.quiet()
        if number < 3:
            assert [town.state(order) for order in orders] == ["waiting", "waiting"]
            assert woocommerce.status == "processing"
            assert any(line.left for line in shopify.lines)  # so that Shopify calls it partly fulfilled
            town.hub.kill()
            town.hub.wait_ready()
    become(town, "completed", *orders)
    (completed,) = effects(town, woocommerce, "order.status")
    assert completed["status"] == woocommerce.status == "completed"
    assert completed["at"] > max(line["at"] for line in effects(town, woocommerce, "shipment.announce"))
    assert not any(line.left for line in shopify.lines)
    for order in orders:
        parcels = town.evidence().parcels_of(order.id)
        numbers = [line["tracking"] for line in effects(town, order, "shipment.announce")]
        assert numbers == [parcel["number"] for parcel in sorted(parcels, key=lambda parcel: parcel["at"])]
        assert len(set(numbers)) == 3
    for told, parcel in zip(effects(town, shopify, "shipment.announce"), parcels_in_turn(town, shopify), strict=True):
        assert told["lines"] == parcel["lines"]
    town.quiet()
    without_fault(town, *orders)


def announced(town: Town, order: StoreOrder) -> int:
    return len(effects(town, order, "shipment.announce"))


def parcels_in_turn(town: Town, order: StoreOrder) -> list[Line]:
    return sorted(town.evidence().parcels_of(order.id), key=lambda parcel: float(parcel["at"]))


def test_everything_was_told_and_nothing_is_left_to_do(town: Town) -> None:
    """After all of this: the echoes of what the hub wrote did come, sweeps went over it, and nobody need look at it."""
    before = {name: town.swept(name) for name in ("aurora", "basalt")}
    town.until("both were swept again", lambda: all(town.swept(name) > last for name, last in before.items()))
    town.quiet()
    assert not town.evidence().doubles
    needed = {code for codes in town.needs().values() for code in codes}
    assert needed <= {"overtaken", "cannot_prepare"}  # money went back whole; shipped by hand and by the warehouse
