"""Every story, worked on by a careful clerk, ends as expected; every kind of carelessness is found out."""

from __future__ import annotations

from typing import Any

import pytest

from hub.sandbox.books import StoreOrder
from hub.sandbox.evidence import Evidence
from hub.sandbox.stories import SHOPIFY, WOO
from hub.sandbox.verdict import Verdict, judge
from hub.sandbox.world import World
from tests.unit.sandbox.clerk import Clerk

AURORA, BASALT = "shopify/aurora", "woocommerce/basalt"
ALL = [(AURORA, story.name) for story in SHOPIFY] + [(BASALT, story.name) for story in WOO]
ENDS = {"completed": "completed", "held": "held", "waiting": "waiting", "cancelled": "cancelled",
        "untouched": "history", "completed|held": "held"}  # fmt: skip


def verdict(world: World, states: dict[str, str], level: str = "calm") -> Verdict:
    answers = [
        {"connection": "x", "source_order_id": order, "state": state, "worst": ""} for order, state in states.items()
    ]
    return judge(Evidence.read(world.directory), answers, 1.0, level)


def finish(clerk: Clerk, order: StoreOrder) -> None:
    """What a hub would do, when it would do it."""
    if order.means.kind == "bank":
        clerk.wait(15)
    if order.expect in ("completed", "cancelled", "completed|held") and (order.paid_at or order.means.kind != "bank"):
        clerk.work(order)
    for _ in range(20):
        clerk.wait(1)
        if order.cancelled_at:
            take_back(clerk, order)
        clerk.announce_parcels()


def take_back(clerk: Clerk, order: StoreOrder) -> None:
    warehouse: Any = clerk.world.accounts["shipbob/main"]
    for each in warehouse.orders.values():
        if each.store_order == order.id and not each.cancelled:
            clerk.shipbob("POST", f"2026-01/order/{each.id}:cancel")
    carrier: Any = clerk.world.accounts["easypost/main"]
    for each in carrier.shipments.values():
        if each.order == order.id and each.bought and not each.refund:
            clerk.easypost("POST", f"v2/shipments/{each.id}/refund", {})


@pytest.mark.parametrize(("prefix", "story"), ALL)
def test_a_careful_clerk_is_found_right(clerk: Clerk, prefix: str, story: str) -> None:
    clerk.world.subscribe(prefix, "http://hub.example/hook")
    order = clerk.place(prefix, story)
    finish(clerk, order)
    found = verdict(clerk.world, {order.id: ENDS[order.expect]})
    assert found.offences == []
    assert not found.failed
    assert found.counts["orders"] == found.counts["acknowledged"] == 1
    assert found.counts["expected_completed"] == (order.expect in ("completed", "cancelled"))


def test_an_idle_hub_loses_everything(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    found = verdict(clerk.world, {})
    assert (found.counts["lost"], found.counts["completed"]) == (1, 0)
    assert found.failed
    assert found.offences[0].order == order.id


def test_claiming_completion_without_work_is_missing_effects(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "two places")
    found = verdict(clerk.world, {order.id: "completed"})
    whys = " ".join(offence.why for offence in found.offences)
    assert found.counts["missing_effect"] == 1
    for what in ("not captured at stripe", "never sent to the warehouse", "no label was bought", "no confirmation"):
        assert what in whys


def test_capturing_twice_at_stripe_is_an_attempted_double(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "authorised at Stripe")
    finish(clerk, order)
    clerk.stripe("POST", f"v1/payment_intents/{order.means.intent}/capture", key="another")
    found = verdict(clerk.world, {order.id: "completed"})
    assert found.counts["attempted_doubles"] == 1
    assert found.counts["charged_twice"] == 0  # Stripe refused it, and the ledger still knows


def test_a_second_warehouse_order_ships_twice(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    finish(clerk, order)
    assert clerk.send_to_warehouse(order, "another reference").status == 201
    found = verdict(clerk.world, {order.id: "completed"})
    assert (found.counts["shipped_twice"], found.counts["attempted_doubles"]) == (1, 1)


def test_a_label_for_what_the_warehouse_ships_is_shipped_twice(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    finish(clerk, order)
    made = clerk.make_shipment(order, "extra")
    clerk.easypost("POST", f"v2/shipments/{made['id']}/buy", {"rate": {"id": made["rates"][0]["id"]}})
    assert verdict(clerk.world, {order.id: "completed"}).counts["shipped_twice"] == 1


def test_a_second_label_is_labelled_twice(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "paid by card, shipped by the merchant")
    finish(clerk, order)
    made = clerk.make_shipment(order, "again")
    clerk.easypost("POST", f"v2/shipments/{made['id']}/buy", {"rate": {"id": made["rates"][0]["id"]}})
    found = verdict(clerk.world, {order.id: "completed"})
    assert (found.counts["labelled_twice"], found.counts["attempted_doubles"]) == (1, 1)


def test_mail_twice_and_mail_resent_are_told_apart(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    finish(clerk, order)
    clerk.mail(order, f"Order {order.name} confirmed", "Thank you.", "confirm")
    found = verdict(clerk.world, {order.id: "completed"})
    assert (found.counts["mail_resent"], found.counts["mailed_twice"], found.failed) == (1, 0, False)
    assert (found.offences, [remark.count for remark in found.remarks]) == ([], ["mail_resent"])
    clerk.mail(order, f"Order {order.name} confirmed", "Thank you.", "confirm-again")
    found = verdict(clerk.world, {order.id: "completed"})
    assert (found.counts["mailed_twice"], found.counts["attempted_doubles"]) == (1, 1)


def test_a_wrong_amount_is_a_wrong_effect(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "authorised at Stripe in yen")
    clerk.stripe(
        "POST", f"v1/payment_intents/{order.means.intent}/capture", {"amount_to_capture": order.due // 100}, key="k"
    )
    found = verdict(clerk.world, {order.id: "active"})
    assert found.counts["wrong_effect"] == 1
    assert "JPY" in found.offences[0].why


def test_touching_a_waiting_order_is_a_wrong_effect(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "transfer that never comes")
    clerk.send_to_warehouse(order, "too early")
    assert verdict(clerk.world, {order.id: "waiting"}).counts["wrong_effect"] == 1


def test_an_old_address_is_a_wrong_effect_unless_the_hub_holds_it(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "address edited after the warehouse had it")
    finish(clerk, order)
    assert verdict(clerk.world, {order.id: "held"}).counts["wrong_effect"] == 0
    assert verdict(clerk.world, {order.id: "completed"}).counts["wrong_effect"] == 1


def test_a_cancelled_order_left_at_the_warehouse_is_a_wrong_effect(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "cancelled before dispatch")
    clerk.work(order)
    clerk.wait(10)
    assert order.cancelled_at
    assert verdict(clerk.world, {order.id: "cancelled"}).counts["wrong_effect"] == 1


def test_repeating_a_refund_of_the_store_is_a_double_and_wrong(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "partly refunded after it left")
    finish(clerk, order)
    assert order.refunds
    form = {"payment_intent": order.means.intent, "amount": order.refunds[0].amount}
    assert clerk.stripe("POST", "v1/refunds", form, key="echo").status == 200
    found = verdict(clerk.world, {order.id: "completed"})
    assert (found.counts["attempted_doubles"], found.counts["wrong_effect"]) == (1, 1)


def test_completed_before_the_last_parcel_is_wrong(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "paid by card, shipped in two parcels", dispatch="late")
    clerk.work(order)
    clerk.merchant.pack(order, 1)
    clerk.announce_parcels()
    assert len(order.trackings) == 1
    clerk.woo("PUT", f"wp-json/wc/v3/orders/{order.id}", {"status": "completed"})
    clerk.wait(10)
    clerk.merchant.pack(order)
    clerk.announce_parcels()
    found = verdict(clerk.world, {order.id: "completed"})
    assert [offence.count for offence in found.offences] == ["wrong_effect"]


def test_moving_a_stripe_order_on_makes_the_shop_capture_by_itself(clerk: Clerk) -> None:
    """A trap of the real plugin: the hub's own capture afterwards is a double."""
    order = clerk.place(BASALT, "authorised at Stripe")
    clerk.woo("PUT", f"wp-json/wc/v3/orders/{order.id}", {"status": "processing"})
    clerk.stripe("POST", f"v1/payment_intents/{order.means.intent}/capture", key="late")
    assert verdict(clerk.world, {order.id: "active"}).counts["attempted_doubles"] == 1


def test_the_mix_has_every_story_and_is_the_same_for_a_seed(world: World, clerk: Clerk) -> None:
    clerk.scenario.run(60, 10.0, clerk.clock.now)
    clerk.wait(8)
    stories = {order.kind for order in world.desk.orders.values()}
    assert stories >= {story.name for story in (*SHOPIFY, *WOO)}
    buyers = [order.email for order in world.desk.orders.values()]
    assert len(buyers) == len(set(buyers)) == 60
    assert verdict(world, {}).counts["orders"] == 60


def test_history_leaves_every_ledger_empty(world: World, clerk: Clerk) -> None:
    for prefix in world.accounts:
        world.subscribe(prefix, "http://hub.example/hook")
    made = clerk.scenario.history(world.shop, 120, clerk.clock.now)
    clerk.wait(30)
    assert clerk.posted == []
    for order in [order for order in made if order.shipping and not order.cancelled_at][:20]:
        clerk.merchant.note(order)
    clerk.wait(30)
    assert {delivery.topic for delivery in clerk.posted} == {"orders/updated"}
    evidence = Evidence.read(world.directory)
    assert evidence.effects == {} and evidence.live == []
    assert min(order.placed_at for order in made) < clerk.clock.now - 59 * 86_400
    assert verdict(world, {}).counts["orders"] == 0


def test_adopting_one_order_of_the_past_expects_exactly_that_one(world: World, clerk: Clerk) -> None:
    made = clerk.scenario.history(world.shop, 40, clerk.clock.now)
    chosen = next(
        order for order in made if order.kind == "captured at Shopify" and not order.sent and not order.cancelled_at
    )
    clerk.scenario.adopt(chosen)
    finish(clerk, chosen)
    states = {order.id: "history" for order in made} | {chosen.id: "completed"}
    found = verdict(world, states)
    assert (found.counts["orders"], found.counts["completed"], found.failed) == (1, 1, False)


def test_two_shops_with_equal_numbers_share_a_warehouse(world: World, clerk: Clerk) -> None:
    world.add_shopify("second")
    orders = [clerk.place(prefix, "captured at Shopify") for prefix in (AURORA, "shopify/second")]
    assert orders[0].name == orders[1].name
    for order in orders:
        finish(clerk, order)
    found = verdict(world, {order.id: "completed" for order in orders})
    assert (found.counts["completed"], found.failed) == (2, False)
