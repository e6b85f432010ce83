from __future__ import annotations

import pytest

from hub.sandbox.books import Address, StoreOrder
from hub.sandbox.evidence import Evidence
from tests.unit.sandbox.clerk import Clerk

AURORA, BASALT = "shopify/aurora", "woocommerce/basalt"


def heard(clerk: Clerk, prefix: str) -> list[str]:
    clerk.wait(0.5)
    topics = [each.topic for each in clerk.posted if each.prefix == prefix]
    clerk.posted.clear()
    return sorted(topics)


def placed(clerk: Clerk, prefix: str, story: str) -> StoreOrder:
    clerk.world.subscribe(prefix, "http://hub.example/hook")
    order = clerk.place(prefix, story)
    heard(clerk, prefix)
    return order


def test_a_transfer_arrives(clerk: Clerk) -> None:
    order = placed(clerk, AURORA, "transfer that never comes")
    clerk.merchant.pay(order)
    assert heard(clerk, AURORA) == ["orders/paid", "orders/updated"]
    assert order.received == order.due
    clerk.merchant.pay(order)
    assert heard(clerk, AURORA) == []


def test_an_order_is_cancelled_once(clerk: Clerk) -> None:
    order = placed(clerk, BASALT, "authorised at Stripe")
    assert clerk.merchant.cancel(order)
    assert not clerk.merchant.cancel(order)
    assert heard(clerk, BASALT) == ["order.updated"]
    assert clerk.stripe("GET", f"v1/payment_intents/{order.means.intent}").json()["status"] == "canceled"


def test_an_address_changes(clerk: Clerk) -> None:
    order = placed(clerk, AURORA, "captured at Shopify")
    before = order.shipping
    clerk.merchant.move(order)
    assert heard(clerk, AURORA) == ["orders/updated"]
    assert order.shipping != before and order.past_addresses == [before]
    given = Address("A", "B", "1 Elm", "Graz", "8010", "AT", "Austria")
    clerk.merchant.move(order, given)
    assert Evidence.read(clerk.world.directory).orders[order.id]["address"]["city"] == "Graz"


def test_units_are_taken_out_and_the_total_falls(clerk: Clerk) -> None:
    order = placed(clerk, AURORA, "shipped in two parcels")
    line, due = order.lines[0], order.due
    clerk.merchant.remove(order, line.sku)
    assert heard(clerk, AURORA) == ["orders/edited", "orders/updated"]
    assert (line.current, line.quantity - line.current) == (line.quantity - 1, 1)
    assert order.due < due
    with pytest.raises(ValueError, match="cannot be taken out"):
        clerk.merchant.remove(order, line.sku, 99)
    with pytest.raises(ValueError, match="no line of"):
        clerk.merchant.remove(order, "WH-NONE")


def test_money_is_given_back_in_the_store(clerk: Clerk) -> None:
    order = placed(clerk, AURORA, "captured at Shopify")
    assert clerk.merchant.refund(order, 100) is not None
    assert heard(clerk, AURORA) == ["orders/updated", "refunds/create"]
    assert clerk.merchant.refund(order) is not None
    assert order.refunded == order.received
    assert clerk.merchant.refund(order, 1) is None
    assert Evidence.read(clerk.world.directory).effects == {}


def test_a_parcel_is_shipped_past_the_hub(clerk: Clerk) -> None:
    order = placed(clerk, AURORA, "captured at Shopify")
    clerk.merchant.fulfil(order, "BYHAND1")
    assert heard(clerk, AURORA) == ["fulfillments/create", "orders/updated"]
    assert not any(line.left for line in order.lines)


def test_the_warehouse_packs_when_told(clerk: Clerk) -> None:
    order = placed(clerk, AURORA, "shipped in two parcels")
    order.dispatch = "late"
    clerk.send_to_warehouse(order, "r1")
    clerk.wait(20)
    assert not clerk.world.desk.parcels
    assert [clerk.merchant.pack(order, 1) for _ in range(3)] == [1, 1, 0]
    assert len(clerk.world.desk.parcels) == 2


def test_labelled_parcels_are_handed_in_when_told(clerk: Clerk) -> None:
    order = placed(clerk, BASALT, "paid by card, shipped by the merchant")
    order.dispatch = "late"
    clerk.buy_label(order, "r1")
    clerk.wait(20)
    assert not clerk.world.desk.parcels
    assert [clerk.merchant.hand_in(order) for _ in range(2)] == [1, 0]
    assert len(clerk.world.desk.parcels) == 1
