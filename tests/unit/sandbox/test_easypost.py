from __future__ import annotations

import json
from typing import Any

import easypost.util as vendor

from hub.sandbox.books import StoreOrder
from hub.sandbox.ledger import read_ledgers
from hub.sandbox.world import World
from tests.unit.sandbox.clerk import Clerk

BASALT = "woocommerce/basalt"


def book(world: World) -> list[dict[str, Any]]:
    return read_ledgers(world.directory)["easypost-main"]


def kinds(world: World) -> list[str]:
    return [f"{line['kind']} {line['effect']}" for line in book(world)]


def to_ship(clerk: Clerk) -> StoreOrder:
    return clerk.place(BASALT, "paid by card, shipped by the merchant")


def buy(clerk: Clerk, made: Any, rate: int = 0) -> Any:
    return clerk.easypost("POST", f"v2/shipments/{made['id']}/buy", {"rate": {"id": made["rates"][rate]["id"]}})


def test_a_shipment_is_made_without_cost_and_found_by_its_reference(clerk: Clerk) -> None:
    order = to_ship(clerk)
    made = clerk.make_shipment(order, "our ref/1")
    assert made["postage_label"] is None and len(made["rates"]) == 3
    assert clerk.easypost("GET", "v2/shipments/our%20ref%2F1").json()["id"] == made["id"]
    assert kinds(clerk.world) == ["object shipment.create"]


def test_buying_a_bought_shipment_is_refused_and_noticed(clerk: Clerk) -> None:
    made = clerk.make_shipment(to_ship(clerk), "r1")
    first = buy(clerk, made).json()
    assert first["postage_label"]["label_url"] and first["tracking_code"]
    again = buy(clerk, made)
    assert (again.status, again.json()["error"]["code"]) == (422, "SHIPMENT.POSTAGE.EXISTS")
    assert clerk.easypost("GET", f"v2/shipments/{made['id']}").json()["selected_rate"]["id"] == made["rates"][0]["id"]
    assert kinds(clerk.world)[1:] == ["effect label.buy", "double label.buy"]


def test_a_second_label_for_one_buyer_is_a_double_until_the_first_is_given_back(clerk: Clerk) -> None:
    order = to_ship(clerk)
    first, second, third = (clerk.make_shipment(order, f"r{i}") for i in range(3))
    buy(clerk, first)
    assert buy(clerk, second).status == 200
    for made in (first, second):
        assert clerk.easypost("POST", f"v2/shipments/{made['id']}/refund", {}).json()["refund_status"] == "submitted"
    buy(clerk, third)
    found = [kind for kind in kinds(clerk.world) if kind.startswith("double")]
    assert found == ["double label.buy"]
    clerk.wait(3)
    assert clerk.easypost("GET", f"v2/shipments/{first['id']}").json()["refund_status"] == "refunded"
    assert clerk.easypost("POST", f"v2/shipments/{first['id']}/refund", {}).status == 422


def test_a_used_label_is_not_given_back(clerk: Clerk) -> None:
    made = clerk.make_shipment(to_ship(clerk), "r1")
    buy(clerk, made)
    clerk.wait(5)
    refused = clerk.easypost("POST", f"v2/shipments/{made['id']}/refund", {})
    assert refused.json()["error"]["code"] == "SHIPMENT.REFUND.UNAVAILABLE"


def test_wrong_shipments_are_refused(clerk: Clerk) -> None:
    missing = clerk.easypost("POST", "v2/shipments", {"shipment": {"parcel": {"weight": 1}}})
    assert (missing.status, missing.json()["error"]["code"]) == (422, "PARAMETER.REQUIRED")
    made = clerk.make_shipment(to_ship(clerk), "r1")
    assert clerk.easypost("POST", f"v2/shipments/{made['id']}/buy", {"rate": {"id": "rate_none"}}).status == 422
    assert clerk.easypost("GET", "v2/shipments/shp_none").status == 404
    assert clerk.ask("easypost/main", "GET", "v2/shipments").status == 401
    assert kinds(clerk.world) == ["object shipment.create"]


def test_addresses_are_verified(clerk: Clerk) -> None:
    good = {"name": "A", "street1": "1 Elm", "city": "Graz", "zip": "8010", "country": "AT"}
    asked = clerk.easypost("POST", "v2/addresses", {"address": good, "verify": True}).json()
    assert asked["verifications"]["delivery"]["success"] is True and asked["street1"] == "1 ELM"
    plain = clerk.easypost("POST", "v2/addresses", {"address": {"street1": "invalid"}}).json()
    refused = clerk.easypost("GET", f"v2/addresses/{plain['id']}/verify")
    assert (refused.status, refused.json()["error"]["code"]) == (422, "ADDRESS.VERIFY.FAILURE")
    both = clerk.easypost("POST", "v2/addresses/create_and_verify", {"address": good}).json()
    assert both["address"]["verifications"]["delivery"]["success"] is True
    strict = clerk.easypost("POST", "v2/addresses", {"address": {"street1": "x"}, "verify_strict": True})
    assert strict.status == 422


def test_a_labelled_parcel_travels_and_its_events_verify_with_the_vendors_library(clerk: Clerk) -> None:
    wanted = {"webhook": {"url": "http://hub.example/easypost", "webhook_secret": "sécret"}}
    assert clerk.easypost("POST", "v2/webhooks", wanted).status == 201
    bought = buy(clerk, clerk.make_shipment(to_ship(clerk), "r1")).json()
    clerk.wait(12)
    events = [json.loads(each.body) for each in clerk.posted]
    assert [event["result"]["status"] for event in events] == ["pre_transit", "in_transit", "delivered"]
    assert {event["result"]["tracking_code"] for event in events} == {bought["tracking_code"]}
    for each in clerk.posted:
        vendor.validate_webhook(each.body, dict(each.headers), "sécret")
    assert bought["tracking_code"] in clerk.world.desk.parcels
    found = clerk.easypost("GET", "v2/trackers", tracking_code=bought["tracking_code"]).json()["trackers"]
    assert found[0]["status"] == "delivered"


def test_trackers_are_made_for_other_parcels_too(clerk: Clerk) -> None:
    made = clerk.easypost("POST", "v2/trackers", {"tracker": {"tracking_code": "1Z9", "carrier": "UPS"}}).json()
    again = clerk.easypost("POST", "v2/trackers", {"tracker": {"tracking_code": "1Z9"}}).json()
    assert made["id"] == again["id"]
    assert clerk.easypost("GET", f"v2/trackers/{made['id']}").json()["carrier"] == "UPS"
    assert clerk.easypost("POST", "v2/trackers", {"tracker": {}}).status == 422
    assert clerk.easypost("GET", "v2/trackers/trk_none").status == 404


def test_lists_and_the_account_answer(clerk: Clerk) -> None:
    made = [clerk.make_shipment(to_ship(clerk), f"r{i}") for i in range(3)]
    page = clerk.easypost("GET", "v2/shipments", page_size="2").json()
    assert (len(page["shipments"]), page["has_more"]) == (2, True)
    rest = clerk.easypost("GET", "v2/shipments", before_id=page["shipments"][-1]["id"]).json()
    assert {each["id"] for each in [*page["shipments"], *rest["shipments"]]} == {each["id"] for each in made}
    assert clerk.easypost("GET", "v2/users").status == 200
    hook = clerk.easypost("POST", "v2/webhooks", {"webhook": {"url": "http://x.example"}}).json()
    assert len(clerk.easypost("GET", "v2/webhooks").json()["webhooks"]) == 1
    assert clerk.easypost("DELETE", f"v2/webhooks/{hook['id']}").status == 200
    assert clerk.easypost("GET", f"v2/webhooks/{hook['id']}").status == 404
