"""WooCommerce's manifest against the sandbox's shop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.mapping.load import load as load_mapping
from hub.mapping.translator import translate_document
from hub.model.outcome import Outcome, Verdict
from hub.sandbox.ledger import read_ledgers
from tests.unit.connectors.carried import Carrier, Line, order_facts
from tests.unit.sandbox.clerk import Clerk


@pytest.fixture
def carrier(clerk: Clerk) -> Carrier:
    return Carrier(clerk.world, clerk.clock)


def opened(checkout: Path, clerk: Clerk, carrier: Carrier, **settings: Any) -> Line:
    shop = clerk.world.woo
    secrets = {"consumer_key": shop.consumer_key, "consumer_secret": shop.consumer_secret}
    return Line(checkout, carrier, shop.prefix, secrets, {"site": shop.site} | settings)


@pytest.fixture
def line(checkout: Path, clerk: Clerk, carrier: Carrier) -> Line:
    return opened(checkout, clerk, carrier)


def effects(clerk: Clerk, name: str) -> list[dict[str, Any]]:
    book = read_ledgers(clerk.world.directory)[clerk.world.woo.prefix.replace("/", "-")]
    return [each for each in book if each["kind"] == "effect" and each["effect"] == name]


def swept(line: Line, since: str) -> list[str]:
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(50):
        outcome: Outcome = line.do("order.list", updated_since=since, cursor=cursor)
        assert outcome.verdict is Verdict.DONE, outcome
        seen += [str(each["id"]) for each in outcome.result["orders"]]
        cursor = outcome.result["next"]
        if cursor is None:
            return seen
    raise AssertionError("the list does not end")


def test_an_order_is_read_with_its_refunds_and_understood(clerk: Clerk, line: Line, checkout: Path) -> None:
    order = clerk.place(clerk.world.woo.prefix, "paid by card")
    clerk.merchant.refund(order, 100, {order.lines[0].id: 1})
    fetched = line.do("order.fetch", source_id=order.id)
    assert fetched.verdict is Verdict.DONE
    mapping = load_mapping(checkout / "mappings/woocommerce-order.yaml")
    told = translate_document(mapping, fetched.result["order"], {})
    assert not told.problems
    assert told.entities[0].document["id"] == order.id
    (refund,) = (entity for entity in told.entities if entity.kind == "refund")
    assert refund.document["line_items"] == [{"id": order.lines[0].id, "quantity": 1}]


def test_a_card_number_in_what_a_buyer_wrote_is_not_even_read(clerk: Clerk, line: Line) -> None:
    order = clerk.place(clerk.world.woo.prefix, "paid by card")
    order.note = "please charge 4111 1111 1111 1111"
    fetched = line.do("order.fetch", source_id=order.id)
    listed = line.do("order.list", updated_since="2020-01-01T00:00:00Z", cursor=None)
    notes = [document["customer_note"] for document in (fetched.result["order"], *listed.result["orders"])]
    assert "please charge 4111 11** **** 1111" in notes[:1] and notes[0] in notes[1:]


def test_an_order_that_is_not_there_is_none(line: Line) -> None:
    outcome = line.do("order.fetch", source_id="99")
    assert (outcome.verdict, outcome.result) == (Verdict.DONE, {"order": None})


def test_a_sweep_sees_every_order_once_or_a_few_twice(clerk: Clerk, line: Line) -> None:
    placed = []
    for index in range(130):
        clerk.clock.now += 0 if 20 <= index < 90 else 7  # seventy in one second, more than a page
        placed.append(clerk.place(clerk.world.woo.prefix, "digital").id)
    seen = swept(line, "2000-01-01T00:00:00Z")
    assert set(seen) == set(placed)
    assert len(seen) < 2 * len(placed)


def test_an_order_that_changes_during_a_sweep_hides_no_other(clerk: Clerk, line: Line) -> None:
    placed = []
    for _ in range(60):
        clerk.clock.now += 7
        placed.append(clerk.place(clerk.world.woo.prefix, "transfer that never comes"))
    first = line.do("order.list", updated_since="2000-01-01T00:00:00Z")
    clerk.clock.now += 60
    clerk.merchant.pay(placed[0])  # it leaves the first page: with page numbers, the 51st would never be seen
    second = line.do("order.list", updated_since="2000-01-01T00:00:00Z", cursor=first.result["next"])
    seen = {str(each["id"]) for each in (*first.result["orders"], *second.result["orders"])}
    assert seen == {order.id for order in placed}


def test_a_refund_goes_through_the_gateway_and_is_found_by_our_reference(clerk: Clerk, line: Line) -> None:
    order = clerk.place(clerk.world.woo.prefix, "paid by card")
    asked: dict[str, Any] = {
        "payment": {"id": "p", "status": "captured", "currency": order.currency},
        "refund": {"id": "r1", "reason": "broken", "lines": [{"id": order.lines[0].id, "quantity": 1}]},
        "amount": 100,
        "currency": order.currency,
        "reference": "cdone",
        "order": order_facts(order.id, order.currency),
    }
    made = line.do("payment.refund", **asked)
    assert made.verdict is Verdict.DONE, made
    (booked,) = effects(clerk, "payment.refund")
    assert (booked["amount"], booked["gateway"]) == (100, True)
    clerk.merchant.refund(order, 100)
    hits = line.do("payment.find", effect="payment.refund", **asked).result["hits"]
    assert {hit["id"]: hit.get("reference") for hit in hits} == {
        made.result["id"]: "cdone",
        order.refunds[-1].id: None,
    }
    too_much = asked | {"amount": 10_000_000, "reference": "cdtwo"}
    assert line.do("payment.refund", **too_much).verdict is Verdict.REFUSED


def test_tracking_is_written_back_and_the_order_completed_by_a_call_of_its_own(clerk: Clerk, line: Line) -> None:
    order = clerk.place(clerk.world.woo.prefix, "paid by card")
    parcel: dict[str, Any] = {"id": "p", "lines": [], "tracking_number": "1Z1", "carrier": "UPS", "tracking_url": None}
    asked: dict[str, Any] = {"source_id": order.id, "order": order_facts(order.id), "parcel": parcel, "notify": False}
    made = line.do("shipment.announce", complete=True, **asked)
    assert made.verdict is Verdict.DONE, made
    assert order.status == "processing"
    assert [hit["id"] for hit in line.do("shipment.announced", **asked).result["hits"]] == [made.result["id"]]
    other = asked | {"parcel": parcel | {"tracking_number": "1Z2"}}
    assert line.do("shipment.announced", **other).result["hits"] == []
    assert line.do("order.complete", source_id=order.id).verdict is Verdict.DONE
    assert order.status == "completed"
    assert len(effects(clerk, "shipment.announce")) == 1


def test_a_shop_without_an_extension_gets_a_note(checkout: Path, clerk: Clerk, carrier: Carrier) -> None:
    line = opened(checkout, clerk, carrier, tracking="order_note")
    order = clerk.place(clerk.world.woo.prefix, "paid by card")
    parcel: dict[str, Any] = {
        "id": "p",
        "lines": [],
        "tracking_number": "1Z1",
        "carrier": "UPS",
        "tracking_url": "https://t.example/1Z1",
    }
    asked: dict[str, Any] = {
        "source_id": order.id,
        "order": order_facts(order.id),
        "parcel": parcel,
        "notify": True,
        "complete": False,
    }
    made = line.do("shipment.announce", **asked)
    assert made.verdict is Verdict.DONE, made
    assert (order.notes[0]["customer"], "1Z1" in order.notes[0]["note"]) == (True, True)
    assert [hit["id"] for hit in line.do("shipment.announced", **asked).result["hits"]] == [made.result["id"]]


def test_the_shop_and_its_webhooks(line: Line) -> None:
    assert line.do("account.describe").result["account"]["currency"] == "EUR"
    asked: dict[str, Any] = {
        "topic": "order.updated",
        "address": "https://hub.example/webhooks/shop",
        "secret": "s3cret",
        "reference": "cd",
    }
    made = line.do("webhook.register", **asked)
    assert made.verdict is Verdict.DONE, made
    hits = {hit["id"]: hit for hit in line.do("webhook.list").result["hits"]}
    assert hits[made.result["id"]]["address"] == asked["address"]


def test_a_wrong_key_opens_nothing(checkout: Path, clerk: Clerk, carrier: Carrier) -> None:
    secrets = {"consumer_key": "ck_0", "consumer_secret": "cs_0"}
    line = Line(checkout, carrier, clerk.world.woo.prefix, secrets, {"site": clerk.world.woo.site})
    assert line.do("account.describe").verdict is Verdict.AUTH
