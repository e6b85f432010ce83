"""`check` on what is right, and `try` as the front door and the translator would judge."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Run

SECRET = "hazel"
BODY = b'{"id":820982911946154508,"created_at":"2026-03-01T10:00:00Z"}'


def signature(body: bytes = BODY) -> str:
    return base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()


def headers(**more: str) -> dict[str, str]:
    return {
        "X-Shopify-Hmac-Sha256": signature(),
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Event-Id": "e1",
        **more,
    }


def test_what_is_shipped_has_no_problem(checkout: Path, run: Run) -> None:
    paths = [checkout / name for name in ("connectors", "webhooks", "mappings", "config")]
    found = json.loads(run("check", *paths, "--json").stdout)
    assert found["problems"] == []
    kinds = {entry["kind"] for entry in found["checked"]}
    assert kinds == {"connector", "webhook", "mapping", "flow", "configuration"}
    assert found["examples"] > 100


def test_an_installations_own_declaration_goes_before_the_shipped_one(home: Path, checkout: Path, run: Run) -> None:
    (home / "webhooks").mkdir()
    text = (checkout / "webhooks" / "stripe.yaml").read_text()
    (home / "webhooks" / "stripe.yaml").write_text(text.replace("title: Stripe", "title: Our Stripe"))
    assert "declared by this installation: webhook stripe" in run("connector", "show", "stripe", "--home", home).stdout
    run("check", home / "webhooks")


def test_what_is_no_declaration_is_said_to_be_none(tmp_path: Path, run: Run) -> None:
    (tmp_path / "x.yaml").write_text("some: thing\n")
    assert "no kind of declaration" in run("check", tmp_path / "x.yaml", code=1).stderr
    assert "there is no" in run("check", tmp_path / "nowhere", code=2).stderr


@pytest.fixture
def delivery(tmp_path: Path) -> list[str]:
    (tmp_path / "h.json").write_text(json.dumps(headers()))
    (tmp_path / "b").write_bytes(BODY)
    return ["--headers", str(tmp_path / "h.json"), "--body", str(tmp_path / "b")]


def test_a_delivery_is_judged(delivery: list[str], run: Run) -> None:
    answer = json.loads(run("try", "webhook", "shopify", *delivery, "--secret", SECRET, "--json").stdout)
    assert answer == {
        "verified": True, "reason": "verified", "topic": "orders/create", "delivery_id": "e1", "kind": "order"
    }  # fmt: skip
    wrong = json.loads(run("try", "webhook", "shopify", *delivery, "--secret", "x", "--json", code=1).stdout)
    assert (wrong["verified"], wrong["reason"], wrong["kind"]) == (False, "signature_mismatch", None)
    both = ["--secret", "x", "--secret", SECRET]
    assert "verified" in run("try", "webhook", "shopify", *delivery, *both).stdout


def test_headers_may_be_a_list_of_pairs(tmp_path: Path, delivery: list[str], run: Run) -> None:
    (tmp_path / "h.json").write_text(json.dumps([list(pair) for pair in headers().items()]))
    run("try", "webhook", "shopify", *delivery, "--secret", SECRET)


def test_many_cases_are_judged_a_line_each(tmp_path: Path, run: Run) -> None:
    encoded = base64.b64encode(BODY).decode()
    cases: list[dict[str, Any]] = [
        {"name": "good", "headers": headers(), "body_b64": encoded, "secret": SECRET, "now": 1},
        {"name": "bad", "headers": list(map(list, headers().items())), "body_b64": "e30=", "secret": SECRET, "now": 1},
    ]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    lines = run("try", "webhook", "shopify", "--cases", tmp_path / "cases.json", "--json").stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [(one["name"], one["verified"]) for one in found] == [("good", True), ("bad", False)]


def test_now_decides_whether_a_delivery_is_stale(tmp_path: Path, run: Run) -> None:
    body = b'{"id":"evt_1","type":"x"}'
    signed = hmac.new(b"whs", b"1790000000." + body, hashlib.sha256).hexdigest()
    (tmp_path / "h").write_text(json.dumps({"Stripe-Signature": f"t=1790000000,v1={signed}"}))
    (tmp_path / "b").write_bytes(body)
    given = ["--headers", tmp_path / "h", "--body", tmp_path / "b", "--secret", "whs", "--json"]
    assert json.loads(run("try", "webhook", "stripe", *given, "--now", "1790000299").stdout)["verified"]
    late = json.loads(run("try", "webhook", "stripe", *given, "--now", "1790000301", code=1).stdout)
    assert late["reason"] == "timestamp_stale"


def test_input_that_is_no_delivery_is_said_to_be_none(tmp_path: Path, delivery: list[str], run: Run) -> None:
    assert "did you mean 'shopify'" in run("try", "webhook", "shopfy", *delivery, code=2).stderr
    (tmp_path / "h.json").write_text("{")
    assert "the headers cannot be read" in run("try", "webhook", "shopify", *delivery, code=2).stderr
    assert "--headers FILE and --body FILE" in run("try", "webhook", "shopify", code=2).stderr


def order(**changes: Any) -> dict[str, Any]:
    return {
        "id": 77, "number": "A-77", "currency": "EUR", "placed_at": "2026-03-01T10:00:00Z",
        "changed_at": "2026-03-01T10:00:05Z",
        "lines": [{"id": 1, "sku": "TEA", "title": "Tea", "price": "4.50", "quantity": 2}],
        "total": "9.00", "paid": True, "payment": "card", **changes,
    }  # fmt: skip


def test_a_payload_becomes_the_canonical_order_or_its_problems(home: Path, tmp_path: Path, run: Run) -> None:
    run("connector", "new", "acme", "--home", home)
    payload = tmp_path / "o.json"
    payload.write_text(json.dumps(order()))
    made = json.loads(run("try", "mapping", "acme-order", payload, "--home", home, "--json").stdout)
    assert (made["id"], made["label"], made["currency"]) == ("77", "A-77", "EUR")
    assert made["totals"][0]["amount"] == 900
    assert "9.00 EUR" in run("try", "mapping", "acme-order", payload, "--home", home).stdout
    payload.write_text(json.dumps(order(currency=None)))
    wrong = json.loads(run("try", "mapping", "acme-order", payload, "--home", home, "--json", code=1).stdout)
    assert wrong["problems"][0]["path"] == "currency"
    assert "correct it in the shop" in run("try", "mapping", "acme-order", payload, "--home", home, code=1).stdout
    run("try", "mapping", home / "mappings" / "acme-order.yaml", payload, code=1)
    assert "there is no mapping" in run("try", "mapping", "acme-ordr", payload, "--home", home, code=2).stderr
