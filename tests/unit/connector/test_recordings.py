"""The shipped connectors read what the vendors' own documents and fixtures contain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.connector.connection import Account, Clock, Connection
from hub.connector.load import load
from hub.connector.shapes import RESULTS, faults
from hub.model.outcome import Outcome, Verdict
from hub.wire.call import Response
from tests.unit.connector.provider import Wire, answer


def connection(checkout: Path, name: str, *answers: Response, **settings: Any) -> tuple[Connection, Wire]:
    connector = load(checkout / "connectors" / name)
    wire = Wire(list(answers))
    secrets = dict.fromkeys(connector.manifest.secrets, "${env:X}")
    account = Account("main", "test", settings, secrets)
    return Connection(connector, account, lambda reference: "sk_test_x", wire, Clock(lambda: 1.0, lambda s: None)), wire


def well_formed(capability: str, outcome: Outcome) -> dict[str, Any]:
    assert outcome.verdict is Verdict.DONE, (outcome.code, outcome.message)
    assert not list(faults(outcome.result, RESULTS[capability], "result"))
    return outcome.result


def read(shared: Path, path: str) -> Any:
    return json.loads((shared / "recordings" / path).read_text(encoding="utf-8"))


def test_stripe_s_own_fixtures(checkout: Path, shared: Path) -> None:
    intent = read(shared, "stripe/resources/payment_intent.json") | {
        "status": "succeeded", "amount_received": 1099, "latest_charge": "ch_1",
        "metadata": {"crossdock_capture": "cdx"},
    }  # fmt: skip
    refund = read(shared, "stripe/resources/refund.json")
    listed = {"object": "list", "data": [refund], "has_more": False}
    made, wire = connection(checkout, "stripe", answer(200, intent), answer(200, listed))
    payment = {"payment": {"id": "p", "reference": intent["id"]}}
    hits = well_formed("payment.find", made.read("payment.find", payment))["hits"]
    assert [hit["kind"] for hit in hits] == ["capture", "refund"]
    assert hits[0]["reference"] == "cdx"
    assert hits[1] == {
        "id": refund["id"], "kind": "refund", "amount": refund["amount"], "currency": refund["currency"].upper(),
        "status": refund["status"], "reference": None,
    }  # fmt: skip
    assert len(wire.asked) == 2


def test_stripe_s_refund_is_read_as_the_result(checkout: Path, shared: Path) -> None:
    refund = read(shared, "stripe/resources/refund.json")
    made, _ = connection(checkout, "stripe", answer(200, refund))
    given = {"payment": {"id": "p", "reference": "pi_1"}, "amount": 100, "currency": "USD", "refund": {"id": "r"}}
    outcome = made.send("payment.refund", made.prepare("payment.refund", given), "k")
    assert well_formed("payment.refund", outcome)["id"] == refund["id"]


EXAMPLES = "shipbob/examples/openapi-2026-01"


def test_shipbob_s_own_examples(checkout: Path, shared: Path) -> None:
    orders = read(shared, f"{EXAMPLES}/get_2026_01_order__200__example.json")
    made, _ = connection(checkout, "shipbob", answer(200, orders), channel_id="1")
    (hit,) = well_formed("fulfillment.find", made.read("fulfillment.find", {"id": "0", "reference": "r"}))["hits"]
    place = {"street_address": "100 Nowhere Blvd", "postal_code": "07093", "address_country": "US"}
    assert hit["recipient"] == {"name": "John Doe", **place}
    (shipment,) = hit["shipments"]
    assert shipment["carrier"] == "USPS"
    assert shipment["lines"] == [{"sku": "TShirtBlueM", "quantity": 0}]


@pytest.mark.parametrize(
    ("file", "capability", "status"),
    [
        ("get_2026_01_inventory_level_locations__200__example.json", "inventory.list", 200),
        ("post_2026_01_order__201__example.json", "fulfillment.create", 201),
        ("post_2026_01_order_orderId_cancel__200__example.json", "fulfillment.cancel", 200),
    ],
)
def test_shipbob_s_other_answers(checkout: Path, shared: Path, file: str, capability: str, status: int) -> None:
    body = read(shared, f"{EXAMPLES}/{file}")
    if capability == "fulfillment.cancel":
        body["status"] = "Success"  # the example leaves it out
    made, _ = connection(checkout, "shipbob", answer(status, body), channel_id="1")
    line = {"id": "l", "sku": "A", "title": "A", "quantity": 1, "price": 100}
    given = {
        "id": "5", "buyer": {}, "group": {"id": "g", "lines": [line], "destination": {}, "currency": "USD"},
        "order": {"id": "1", "label": "#1"}, "reference": "r",
    }  # fmt: skip
    if capability == "inventory.list":
        well_formed(capability, made.read(capability, {}))
    else:
        well_formed(capability, made.send(capability, made.prepare(capability, given), "k"))


@pytest.mark.parametrize("status", [400, 422])
def test_shipbob_s_refusals(checkout: Path, shared: Path, status: int) -> None:
    body = read(shared, f"{EXAMPLES}/post_2026_01_order__{status}__example.json")
    made, _ = connection(checkout, "shipbob", answer(status, body), channel_id="1")
    line = {"id": "l", "sku": "A", "title": "A", "quantity": 1, "price": 100}
    given = {"buyer": {}, "group": {"id": "g", "lines": [line], "destination": {}, "currency": "USD"}}
    outcome = made.send("fulfillment.create", made.prepare("fulfillment.create", given), "k")
    assert outcome.verdict is Verdict.REFUSED
