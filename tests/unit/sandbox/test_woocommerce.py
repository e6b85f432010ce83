from __future__ import annotations

import json
from typing import Any

import pytest

from hub.sandbox.ledger import read_ledgers
from hub.sandbox.outbox import Subscription
from hub.sandbox.woocommerce.payload import gmt, local
from hub.sandbox.world import World
from tests.unit.sandbox.clerk import Clerk

BASALT = "woocommerce/basalt"
ORDERS = "wp-json/wc/v3/orders"


def book(world: World) -> list[dict[str, Any]]:
    return read_ledgers(world.directory)["woocommerce-basalt"]


def test_pages_are_counted_in_headers(clerk: Clerk) -> None:
    for _ in range(5):
        clerk.place(BASALT, "paid by card")
    found = clerk.woo("GET", ORDERS, query={"per_page": "2", "page": "3", "orderby": "id", "order": "asc"})
    assert (found.header("X-WP-Total"), found.header("X-WP-TotalPages"), len(found.json())) == ("5", "3", 1)
    assert clerk.woo("GET", ORDERS, query={"per_page": "101"}).status == 400


def test_modified_after_is_on_the_shops_clock_unless_told_otherwise(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "paid by card")
    before = str(gmt(order.updated_at - 60))
    after_local = str(local(order.updated_at - 60))

    def found(**query: str) -> int:
        return len(clerk.woo("GET", ORDERS, query=query).json())

    assert found(modified_after=before, dates_are_gmt="true") == 1
    assert found(modified_after=after_local) == 1
    assert found(modified_after=after_local, dates_are_gmt="true") == 0  # two hours lost
    assert found(modified_after=before + "Z", dates_are_gmt="true", status="processing") == 1
    assert found(status="completed") == 0


def test_the_payload_keeps_the_platforms_habits(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "authorised at Stripe in yen")
    document = clerk.woo("GET", f"{ORDERS}/{order.id}").json()
    assert document["total"].endswith(".00") and document["currency"] == "JPY"
    meta = {each["key"]: each["value"] for each in document["meta_data"]}
    assert (meta["_stripe_intent_id"], meta["_stripe_charge_captured"]) == (order.means.intent, "no")
    assert (document["status"], document["date_paid_gmt"]) == ("on-hold", None)
    assert document["date_created"] != document["date_created_gmt"]
    assert "email" in document["billing"] and "email" not in document["shipping"]


def test_a_broken_payload_is_broken_however_it_is_read(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "payload no mapping can read")
    assert clerk.woo("GET", f"{ORDERS}/{order.id}").json()["currency"] == "Euro"


def test_refunds_go_through_the_gateway_and_twice_is_noticed(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "paid by card")
    made = clerk.woo("POST", f"{ORDERS}/{order.id}/refunds", {"amount": "5.00", "reason": "late"})
    assert (made.status, made.json()["refunded_payment"]) == (201, True)
    assert clerk.stripe("GET", "v1/refunds", payment_intent=str(order.means.intent)).json()["data"][0]["amount"] == 500
    assert clerk.woo("POST", f"{ORDERS}/{order.id}/refunds", {"amount": "5.00"}).status == 201
    assert clerk.woo("POST", f"{ORDERS}/{order.id}/refunds", {"amount": "9999.00"}).status == 400
    document = clerk.woo("GET", f"{ORDERS}/{order.id}").json()
    assert [each["total"] for each in document["refunds"]] == ["-5.00", "-5.00"]
    assert len(clerk.woo("GET", f"{ORDERS}/{order.id}/refunds").json()) == 2
    assert [line["kind"] for line in book(clerk.world)] == ["effect", "double", "effect"]


def test_a_refund_at_stripe_itself_is_booked_by_the_plugin(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "paid by card")
    clerk.stripe("POST", "v1/refunds", {"payment_intent": order.means.intent, "amount": 300}, key="r")
    clerk.wait(2)
    assert [(each.amount, each.by) for each in order.refunds] == [(300, "echo")]


def test_a_tracking_number_written_twice_is_noticed(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "paid by card")
    for route in ("wp-json/wc-shipment-tracking/v3/orders", ORDERS):
        path = f"{route}/{order.id}/shipment-trackings"
        assert clerk.woo("POST", path, {"tracking_number": "T1", "tracking_provider": "DHL"}).status == 201
    assert len(clerk.woo("GET", f"{ORDERS}/{order.id}/shipment-trackings").json()) == 2
    meta = {each["key"]: each["value"] for each in clerk.woo("GET", f"{ORDERS}/{order.id}").json()["meta_data"]}
    assert [each["tracking_number"] for each in meta["_wc_shipment_tracking_items"]] == ["T1", "T1"]
    assert [line["kind"] for line in book(clerk.world)] == ["effect", "double", "effect"]


def test_saving_a_webhook_pings_unsigned_and_one_order_tells_twice(clerk: Clerk) -> None:
    for topic in ("order.created", "order.updated"):
        wanted = {"topic": topic, "delivery_url": "http://hub.example/woo", "secret": "s3cret"}
        assert clerk.woo("POST", "wp-json/wc/v3/webhooks", wanted).status == 201
    clerk.wait(1)
    assert all(each.body.startswith(b"webhook_id=") for each in clerk.posted)
    assert not any("Signature" in name for each in clerk.posted for name, _ in each.headers)
    clerk.posted.clear()
    clerk.place(BASALT, "paid by card")
    clerk.wait(1)
    assert sorted(each.topic for each in clerk.posted) == ["order.created", "order.updated"]
    assert len(clerk.woo("GET", "wp-json/wc/v3/webhooks").json()) == 2


def test_two_orders_within_a_second_bear_one_delivery_id(clerk: Clerk) -> None:
    clerk.world.subscribe(BASALT, "http://hub.example/woo")
    clerk.clock.now = 1_780_000_000.0
    for _ in range(2):
        clerk.place(BASALT, "paid by card")
    clerk.wait(0.5)
    created = [each for each in clerk.posted if each.topic == "order.created"]
    assert len(created) == 2
    assert len({dict(each.headers)["X-WC-Webhook-Delivery-ID"] for each in created}) == 1


def test_six_failures_in_a_row_disable_the_webhook_and_nothing_is_repeated(clerk: Clerk) -> None:
    object.__setattr__(clerk.world.settings, "woocommerce_failures", 5)
    made: Subscription = clerk.world.subscribe(BASALT, "http://hub.example/woo")
    for _ in range(4):
        clerk.place(BASALT, "paid by card")
        clerk.wait(1, status=None)
    assert [each.attempt for each in clerk.posted] == [1] * 6
    assert not made.enabled


def test_notes_products_and_the_status_page_are_there(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "paid by card")
    assert clerk.woo("POST", f"{ORDERS}/{order.id}/notes", {"note": "Sent", "customer_note": False}).status == 201
    assert clerk.woo("GET", f"{ORDERS}/{order.id}/notes").json()[0]["note"] == "Sent"
    assert clerk.woo("GET", "wp-json/wc/v3/products", query={"sku": "WH-MUG-OAT"}).json()[0]["sku"] == "WH-MUG-OAT"
    assert clerk.woo("GET", "wp-json/wc/v3/system_status").json()["settings"]["currency"] == "EUR"


@pytest.mark.parametrize(
    ("path", "status"), [("wp-json/wc/v3/orders/7", 404), ("wp-json/wc/v3/nothing", 404), ("index.php", 404)]
)
def test_what_is_not_there_says_so(clerk: Clerk, path: str, status: int) -> None:
    assert clerk.woo("GET", path).status == status


def test_strangers_are_refused_and_broken_json_too(clerk: Clerk) -> None:
    assert clerk.ask(BASALT, "GET", ORDERS).json()["code"] == "woocommerce_rest_cannot_view"
    shop = clerk.world.woo
    query = {"consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}
    assert clerk.ask(BASALT, "GET", ORDERS, query=query).status == 200
    order = clerk.place(BASALT, "paid by card")
    assert clerk.ask(BASALT, "PUT", f"{ORDERS}/{order.id}", b"{", query=query).status == 400
    assert json.loads(clerk.ask(BASALT, "PUT", f"{ORDERS}/{order.id}", b'{"status":"sent"}', query=query).body)["code"]


def test_what_the_merchant_ships_is_a_tracking_number_and_the_last_of_it_completes(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "paid by card, shipped in two parcels")
    shop, line = clerk.world.woo, order.lines[0]
    shop.fulfil(order, clerk.clock.now, {line.id: 1}, "HAND1")
    document = clerk.woo("GET", f"{ORDERS}/{order.id}").json()
    meta = {each["key"]: each["value"] for each in document["meta_data"]}
    assert [item["tracking_number"] for item in meta["_wc_shipment_tracking_items"]] == ["HAND1"]
    assert document["status"] == "processing"
    shop.fulfil(order, clerk.clock.now)
    assert clerk.woo("GET", f"{ORDERS}/{order.id}").json()["status"] == "completed"
    assert book(clerk.world) == []  # nobody asked for it through the API


def test_units_given_back_before_they_left_are_not_left_to_ship(clerk: Clerk) -> None:
    order = clerk.place(BASALT, "paid by card, shipped in two parcels")
    line = order.lines[0]
    units = line.quantity
    clerk.world.woo.refund(order, 100, clerk.clock.now, {line.id: 1})
    assert (line.left, order.group("WH-")[line.sku]) == (units - 1, units - 1)
    assert order.status == "processing"
    clerk.world.woo.refund(order, order.received - order.refunded, clerk.clock.now)
    assert clerk.woo("GET", f"{ORDERS}/{order.id}").json()["status"] == "refunded"
