from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from hub.webhook.load import load_folder
from hub.webhook.trial import BadCase, headers_of, secrets_of, try_cases, try_webhook

SOURCES = load_folder(Path(__file__).parents[3] / "webhooks")
SHOPIFY = SOURCES["shopify"]
EXAMPLE = SHOPIFY.manifest.examples[0]
NOW = 1_790_000_000


def trial(headers: Any = EXAMPLE.headers, body: bytes = EXAMPLE.body.encode(), secret: Any = EXAMPLE.secret) -> Any:
    return try_webhook(SHOPIFY, headers_of(headers), body, secrets_of(secret), NOW)


def test_a_verified_delivery() -> None:
    assert trial() == {
        "verified": True,
        "reason": "verified",
        "topic": "orders/create",
        "delivery_id": EXAMPLE.headers["X-Shopify-Event-Id"],
        "kind": "order",
    }


def test_what_is_not_verified_names_nothing() -> None:
    nothing = {"verified": False, "topic": None, "delivery_id": None, "kind": None}
    assert trial(body=b"{}") == nothing | {"reason": "signature_mismatch"}
    assert trial(secret="") == trial(secret=[]) == trial(secret=None) == nothing | {"reason": "no_key"}


def test_any_of_several_secrets() -> None:
    assert trial(secret=["another", EXAMPLE.secret])["verified"]


@pytest.mark.parametrize(
    "headers",
    [
        dict(EXAMPLE.headers),
        list(EXAMPLE.headers.items()),
        {name.upper(): value for name, value in EXAMPLE.headers.items()},
        {"method": "POST", "path": "/hook", "headers": [[name, value] for name, value in EXAMPLE.headers.items()]},
        {"headers": dict(EXAMPLE.headers)},
    ],
)
def test_headers_may_be_given_in_several_ways(headers: Any) -> None:
    assert trial(headers)["verified"]


@pytest.mark.parametrize(
    "headers", ["a: b", None, 3, [["a"]], [["a", 1]], [3], {"a": 1}, {"a": None}, [["a", "b", "c"]]]
)
def test_what_is_no_headers(headers: Any) -> None:
    with pytest.raises(BadCase):
        headers_of(headers)


def case(**changed: Any) -> dict[str, Any]:
    body = b64encode(EXAMPLE.body.encode()).decode()
    whole = {"name": "one", "headers": EXAMPLE.headers, "body_b64": body, "secret": EXAMPLE.secret, "now": NOW}
    return whole | changed


def test_cases_are_judged_one_by_one() -> None:
    results = list(try_cases(SHOPIFY, [case(), case(name="two", secret="wrong"), case(name="three", headers={})], NOW))
    assert [(one["name"], one["reason"]) for one in results] == [
        ("one", "verified"),
        ("two", "signature_mismatch"),
        ("three", "header_missing"),
    ]
    assert list(results[0]) == ["name", "verified", "reason", "topic", "delivery_id", "kind"]


def test_each_case_has_its_own_time() -> None:
    stripe = SOURCES["stripe"]
    example = stripe.manifest.examples[0]
    one = case(headers=example.headers, body_b64=b64encode(example.body.encode()).decode(), secret=example.secret)
    late, default = one | {"now": NOW + 301}, one | {"now": None}
    reasons = [result["reason"] for result in try_cases(stripe, [one, late, default], NOW - 301)]
    assert reasons == ["verified", "timestamp_stale", "timestamp_future"]


@pytest.mark.parametrize(
    "cases",
    [
        {},
        [3],
        [case(body_b64="!")],
        [case(body_b64=3)],
        [case(now="soon")],
        [case(now=1.5)],
        [case(now=True)],
        [case(secret=3)],
        [case(secret=[3])],
        [case(headers="a")],
    ],
)
def test_bad_cases_are_named_before_the_first_result(cases: Any) -> None:
    with pytest.raises(BadCase):
        try_cases(SHOPIFY, cases, NOW)


@pytest.mark.parametrize("source", ["shopify", "woocommerce", "stripe", "standard-webhooks", "easypost"])
def test_the_vendors_vectors_as_cases(source: str, shared: Path) -> None:
    vectors = json.loads((shared / "vectors" / f"{source.replace('-', '')}.json").read_text())
    results = list(try_cases(SOURCES[source], vectors["cases"], vectors["now"] or 0))
    assert [result["name"] for result in results] == [one["name"] for one in vectors["cases"]]
    refused = {one["name"] for one in vectors["cases"] if one["expected"] == "invalid"}
    assert {result["name"] for result in results if result["verified"]} & refused == set()
