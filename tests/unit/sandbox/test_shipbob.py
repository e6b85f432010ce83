from __future__ import annotations

import json
from typing import Any

from hub.sandbox.books import StoreOrder
from hub.sandbox.ledger import read_ledgers
from hub.sandbox.shipbob.warehouse import split
from hub.sandbox.world import World
from tests.unit.sandbox.clerk import Clerk

AURORA = "shopify/aurora"


def book(world: World) -> list[dict[str, Any]]:
    return read_ledgers(world.directory)["shipbob-main"]


def account(world: World) -> Any:
    return world.accounts["shipbob/main"]


def accepted(clerk: Clerk, story: str = "captured at Shopify") -> tuple[StoreOrder, Any]:
    order = clerk.place(AURORA, story)
    return order, clerk.send_to_warehouse(order, f"ref-{order.id}").json()


def test_a_reference_is_used_once_and_found_again(clerk: Clerk) -> None:
    order, made = accepted(clerk)
    again = clerk.send_to_warehouse(order, f"ref-{order.id}")
    assert (again.status, again.json()) == (422, {"": ["Cannot insert order with existing ReferenceId"]})
    clerk.wait(1)
    found = clerk.shipbob("GET", "2026-01/order", query={"ReferenceIds": f"ref-{order.id},other"}).json()
    assert [each["id"] for each in found] == [made["id"]]
    assert clerk.shipbob("GET", f"2026-01/order/{made['id']}").json()["reference_id"] == f"ref-{order.id}"
    assert [line["kind"] for line in book(clerk.world)] == ["effect"]  # asking again under the same name is no double


def test_the_index_lags_behind(clerk: Clerk) -> None:
    order, _ = accepted(clerk)
    query = {"ReferenceIds": f"ref-{order.id}"}
    assert clerk.shipbob("GET", "2026-01/order", query=query).json() == []
    clerk.wait(clerk.world.settings.shipbob_index_lag_seconds)
    assert len(clerk.shipbob("GET", "2026-01/order", query=query).json()) == 1


def test_validation_is_a_422_too(clerk: Clerk) -> None:
    body = {
        "reference_id": "r",
        "shipping_method": "Standard",
        "products": [],
        "recipient": {"name": "A", "address": {}},
    }
    refused = clerk.shipbob("POST", "2026-01/order", body)
    assert refused.status == 422
    assert set(refused.json()) == {
        "Products", "Recipient.Address.Address1", "Recipient.Address.City", "Recipient.Address.Country",
    }  # fmt: skip
    order = clerk.place(AURORA, "captured at Shopify")
    named = clerk.send_to_warehouse(order, "r" * 301)
    assert "ReferenceId" in named.json()
    assert book(clerk.world) == []


def test_a_channel_and_a_token_are_needed(clerk: Clerk) -> None:
    token = account(clerk.world).token
    assert clerk.ask("shipbob/main", "GET", "2026-01/order").status == 401
    assert clerk.ask("shipbob/main", "POST", "2026-01/order", b"{}", authorization=f"Bearer {token}").status == 403


def test_the_same_goods_under_another_reference_are_a_double_unless_the_first_was_cancelled(clerk: Clerk) -> None:
    order, made = accepted(clerk)
    assert clerk.shipbob("POST", f"2026-01/order/{made['id']}:cancel").json()["status"] == "Success"
    clerk.send_to_warehouse(order, "corrected")
    assert [line["kind"] for line in book(clerk.world)] == ["effect", "effect", "effect"]
    clerk.send_to_warehouse(order, "blind")
    assert [line["kind"] for line in book(clerk.world)][3:] == ["double", "effect"]


def test_parcels_leave_one_by_one_and_cannot_be_called_back(clerk: Clerk) -> None:
    clerk.world.subscribe("shipbob/main", "http://hub.example/shipbob")
    _, made = accepted(clerk, "shipped in two parcels")
    assert [each["status"] for each in made["shipments"]] == ["Processing", "Processing"]
    states: list[str] = []
    for _ in range(60):
        clerk.wait(0.1)
        state = clerk.shipbob("GET", f"2026-01/order/{made['id']}").json()["status"]
        if not states or states[-1] != state:
            states.append(state)
        if state == "PartiallyFulfilled" and len(states) == 2:
            half = clerk.shipbob("GET", f"2026-01/order/{made['id']}/shipment").json()
            assert sum(each["status"] == "Completed" for each in half) == 1
    assert states == ["Processing", "PartiallyFulfilled", "Fulfilled"]
    refused = clerk.shipbob("POST", f"2026-01/order/{made['id']}:cancel").json()
    assert (refused["status"], refused["canceled_shipment_results"][0]["is_success"]) == ("Failure", False)
    clerk.wait(10)
    topics = [each.topic for each in clerk.posted]
    assert topics.count("order.shipped") == 2 and topics.count("order.shipment.delivered") == 2


def test_cancelling_between_two_parcels_stops_the_second(clerk: Clerk) -> None:
    _, made = accepted(clerk, "shipped in two parcels")
    while not clerk.world.desk.parcels:
        clerk.wait(0.1)
    assert clerk.shipbob("POST", f"2026-01/order/{made['id']}:cancel").json()["status"] == "PartialSuccess"
    clerk.wait(20)
    assert len(clerk.world.desk.parcels) == 1


def test_tracking_may_come_later_than_the_news(clerk: Clerk) -> None:
    clerk.world.subscribe("shipbob/main", "http://hub.example/shipbob")
    for _ in range(12):
        accepted(clerk)
    clerk.wait(4, step=0.1)
    shipped = [json.loads(each.body) for each in clerk.posted if each.topic == "order.shipped"]
    silent = [each for each in shipped if each["tracking"] is None]
    assert 0 < len(silent) < len(shipped)
    clerk.wait(3)
    found = clerk.shipbob("GET", f"2026-01/shipment/{silent[0]['id']}").json()
    assert found["tracking"]["tracking_number"] in clerk.world.desk.parcels


def test_more_than_its_budget_is_refused_with_the_providers_own_header(clerk: Clerk) -> None:
    world = clerk.world
    limit = world.settings.shipbob_per_minute
    object.__setattr__(world.settings, "shipbob_per_minute", 5)
    statuses = [clerk.shipbob("GET", "2026-01/channel") for _ in range(6)]
    assert [each.status for each in statuses] == [200] * 5 + [429]
    wait = int(statuses[5].header("x-retry-after") or 0)
    assert 1 <= wait <= 61
    clerk.wait(wait, step=10)
    assert clerk.shipbob("GET", "2026-01/channel").status == 200
    object.__setattr__(world.settings, "shipbob_per_minute", limit)


def test_stock_is_committed_shipped_and_may_run_out(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    sku, units = next(iter(order.group("WH-").items()))
    warehouse = account(clerk.world)
    warehouse.on_hand[sku] = units - 1
    made = clerk.send_to_warehouse(order, "short").json()
    assert (made["status"], made["shipments"][0]["status_details"][0]["name"]) == ("Exception", "OutOfStock")
    with clerk.world.lock:
        warehouse.restock(sku, 10, clerk.clock.now)
    clerk.wait(6)
    assert clerk.shipbob("GET", f"2026-01/order/{made['id']}").json()["status"] == "Fulfilled"
    levels = {each["sku"]: each for each in clerk.shipbob("GET", "2026-01/inventory-level").json()["items"]}
    assert (levels[sku]["total_on_hand_quantity"], levels[sku]["total_committed_quantity"]) == (9, 0)


def test_stock_by_centre_is_paged(clerk: Clerk) -> None:
    first = clerk.shipbob("GET", "2026-01/inventory-level/locations", query={"PageSize": "3"}).json()
    cursor = first["next"].rpartition("Cursor=")[2]
    rest = clerk.shipbob("GET", "2026-01/inventory-level/locations", query={"PageSize": "3", "Cursor": cursor}).json()
    assert (len(first["items"]), rest["next"]) == (3, None)
    assert first["items"][0]["locations"][0]["fulfillable_quantity"] > 0


def test_the_rest_of_the_account_answers(clerk: Clerk) -> None:
    assert clerk.shipbob("GET", "2026-01/channel").json()["items"][0]["id"] == int(account(clerk.world).channel)
    for path in ("shipping-method", "location", "fulfillment-center"):
        assert clerk.shipbob("GET", f"2026-01/{path}").json()
    wanted = {"topics": ["order.shipped"], "url": "http://hub.example/s"}
    made = clerk.shipbob("POST", "2026-01/webhook", wanted).json()
    assert made["secret"].startswith("whsec_")
    assert [each["id"] for each in clerk.shipbob("GET", "2026-01/webhook").json()["items"]] == [made["id"]]
    assert clerk.shipbob("DELETE", f"2026-01/webhook/{made['id']}").status == 204
    assert clerk.shipbob("POST", "2026-01/webhook", {"topics": ["order_eaten"], "url": "x"}).status == 422
    assert clerk.shipbob("GET", "2025-01/order").status == 404


def test_units_are_dealt_into_parcels() -> None:
    assert split({"A": 3, "B": 1}, 2) == [{"A": 2}, {"A": 1, "B": 1}]
    assert split({"A": 1}, 3) == [{"A": 1}]
