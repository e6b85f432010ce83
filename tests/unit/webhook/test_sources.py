"""The sources that Crossdock ships: their examples, and what each of them must never mistake."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

import pytest

from hub.webhook.headers import Headers
from hub.webhook.load import check_file, load_folder
from hub.webhook.source import Judgement, Source
from hub.webhook.verdict import Reason

FOLDER = Path(__file__).parents[3] / "webhooks"
SOURCES = load_folder(FOLDER)
NOW = 1_790_000_000
SECRET = "bGFyY2gtYW5kLWxvYW0tc2lnbnMtd2VsbA=="


def judge(name: str, headers: dict[str, str], body: bytes, settings: dict[str, Any] | None = None) -> Judgement:
    source = SOURCES[name]
    keys = source.verifier.keys([SECRET])
    return source.judge(Headers((headers | signed(source, keys[0], headers, body)).items()), body, keys, settings, NOW)


def signed(source: Source, key: bytes, headers: dict[str, str], body: bytes) -> dict[str, str]:
    names = source.manifest.signature.headers
    scheme = source.manifest.signature.scheme
    if scheme == "standard_webhooks":
        message = f"{headers['webhook-id']}.{NOW}.".encode() + body
        value = "v1," + b64encode(digest(key, message, "sha256")).decode()
        return {"webhook-timestamp": str(NOW), names["signature"]: value}
    if scheme == "stripe_v1":
        return {names["signature"]: f"t={NOW},v1={digest(key, f'{NOW}.'.encode() + body, 'sha256').hex()}"}
    if scheme == "easypost":
        return {names["signature"]: f"hmac-sha256-hex={digest(key, body, 'sha256').hex()}"}
    return {names["signature"]: b64encode(digest(key, body, "sha256")).decode()}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_sources_have_no_problem(path: Path) -> None:
    assert [str(problem) for problem in check_file(path)] == []


def test_the_sources_are_those_that_are_promised() -> None:
    assert set(SOURCES) >= {"shopify", "woocommerce", "stripe", "standard-webhooks", "shipbob", "easypost"}


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_signed_body_that_is_not_json_is_kept_as_unknown(name: str) -> None:
    body = b"\xff\x00 not json"
    judged = judge(name, {"webhook-id": "msg_1"}, body)
    assert judged.reason is Reason.VERIFIED
    assert judged.kind == "unknown"
    assert judged.delivery_id in ("msg_1", f"sha256:{sha256(body).hexdigest()}")


@pytest.mark.parametrize("name", ["stripe", "easypost"])
def test_volatile_fields_do_not_make_a_conflict(name: str) -> None:
    field = SOURCES[name].manifest.volatile[0]
    first, again, other = (
        judge(name, {}, json.dumps({"id": "evt_1", field: value, "amount": amount}).encode())
        for value, amount in ((2, 5), (1, 5), (2, 6))
    )
    assert first.digest == again.digest != other.digest
    assert first.delivery_id == again.delivery_id == other.delivery_id == "evt_1"


@pytest.mark.parametrize(
    ("name", "header"), [("woocommerce", "X-WC-Webhook-Delivery-ID"), ("shopify", "X-Shopify-Event-Id")]
)
def test_ids_that_a_source_uses_twice_lose_no_order(name: str, header: str) -> None:
    first, again, other = (judge(name, {header: "one"}, body) for body in (b'{"id":1}', b'{"id":1}', b'{"id":2}'))
    assert first.delivery_id == again.delivery_id != other.delivery_id
    assert first.source_id == other.source_id == "one"


@pytest.mark.parametrize("value", ["", " ", "é", "x" * 201, "a b", "a\nb"])
def test_an_id_that_cannot_be_a_name_gives_way_to_the_digest(value: str) -> None:
    judged = judge("shopify", {"X-Shopify-Event-Id": value}, b"{}")
    assert judged.delivery_id == f"sha256:{judged.digest}"


def test_shopify_prefers_the_event_to_the_subscription() -> None:
    judged = judge("shopify", {"X-Shopify-Webhook-Id": "w", "X-Shopify-Event-Id": "e"}, b"{}")
    assert judged.source_id == "e"
    assert judge("shopify", {"X-Shopify-Webhook-Id": "w"}, b"{}").source_id == "w"


SHOP = {"shop_domain": "larch.myshopify.com"}


@pytest.mark.parametrize(
    ("named", "settings", "reason"),
    [
        ("larch.myshopify.com", SHOP, Reason.VERIFIED),
        ("LARCH.myshopify.com", SHOP, Reason.VERIFIED),
        ("other.myshopify.com", SHOP, Reason.BINDING_MISMATCH),
        ("larch.myshopify.com,larch.myshopify.com", SHOP, Reason.BINDING_MISMATCH),
        ("", SHOP, Reason.BINDING_MISMATCH),
        ("larch.myshopify.com", {}, Reason.BINDING_MISMATCH),
        ("other.myshopify.com", None, Reason.VERIFIED),
    ],
)
def test_shopify_is_bound_to_its_shop(named: str, settings: dict[str, Any] | None, reason: Reason) -> None:
    headers = {"X-Shopify-Shop-Domain": named, "X-Shopify-Topic": "orders/create"}
    assert judge("shopify", headers, b'{"id":1}', settings).reason is reason


def test_shopify_without_a_shop_header_is_not_bound() -> None:
    assert judge("shopify", {"X-Shopify-Topic": "orders/create"}, b"{}", SHOP).reason is Reason.BINDING_MISMATCH


PRIVACY = {
    "customers/data_request": {"customer": {"id": 1}, "orders_requested": [], "data_request": {"id": 2}},
    "customers/redact": {"customer": {"id": 1}, "orders_to_redact": []},
    "shop/redact": {},
}


@pytest.mark.parametrize("topic", PRIVACY)
@pytest.mark.parametrize("sent", PRIVACY)
@pytest.mark.parametrize("shop", ["larch.myshopify.com", "other.myshopify.com"])
def test_shopify_privacy_is_what_it_says_and_for_the_shop_it_names(topic: str, sent: str, shop: str) -> None:
    headers = {"X-Shopify-Topic": topic, "X-Shopify-Shop-Domain": "larch.myshopify.com"}
    judged = judge("shopify", headers, json.dumps({"shop_id": 9, "shop_domain": shop} | PRIVACY[sent]).encode(), SHOP)
    assert judged.reason.verified is (topic == sent and shop == "larch.myshopify.com")


SAMPLES = {
    "webhook_CustomersDataRequest": ("customers/data_request", "privacy"),
    "webhook_CustomersRedact": ("customers/redact", "privacy"),
    "webhook_ShopRedact": ("shop/redact", "privacy"),
    "webhook_Deleted": ("orders/delete", "deleted"),
    "webhook_Fulfillment": ("fulfillments/create", "fulfillment"),
    "pyapi_fulfillment": ("fulfillments/update", "fulfillment"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_shopify_samples_are_what_their_topics_require(name: str, shared: Path) -> None:
    topic, kind = SAMPLES[name]
    document = json.loads((shared / "payloads" / "shopify" / f"{name}.json").read_text())
    judged = judge("shopify", {"X-Shopify-Topic": topic}, json.dumps(document.get("fulfillment", document)).encode())
    assert (judged.reason, judged.kind) == (Reason.VERIFIED, kind)


ORDER = b'{"id":7301,"created_at":"2026-09-21T15:33:20Z","date_created":"2026-09-21T15:33:20","line_items":[]}'


@pytest.mark.parametrize(
    ("name", "header", "topic"),
    [
        ("shopify", "X-Shopify-Topic", "orders/delete"),
        ("shopify", "X-Shopify-Topic", "refunds/create"),
        ("shopify", "X-Shopify-Topic", "fulfillments/update"),
        ("shopify", "X-Shopify-Topic", "shop/redact"),
        ("woocommerce", "X-WC-Webhook-Topic", "order.deleted"),
    ],
)
def test_an_order_that_was_seen_once_never_passes_as_something_else(name: str, header: str, topic: str) -> None:
    assert judge(name, {header: topic}, ORDER).reason is Reason.TOPIC_CONTRADICTED


@pytest.mark.parametrize("body", [b"webhook_id=1", b"webhook_id=12345678901234567890"])
def test_the_woocommerce_ping_is_answered(body: bytes) -> None:
    assert ping(body).reason is Reason.PING


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"webhook_id=",
        b"webhook_id=x",
        b"webhook_id=1\n",
        b"webhook_id=1&a=b",
        b" webhook_id=1",
        b"webhook_id=-1",
        b"webhook_id=\xd9\xa1",
        b"webhook_id=123456789012345678901",
        b'{"id":1}',
        b"webhook_id=" + b"1" * 5000,
    ],
)
def test_nothing_else_is_a_ping(body: bytes) -> None:
    assert ping(body).reason is Reason.HEADER_MISSING


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/json"},
        {"Content-Type": "application/x-www-form-urlencoded, application/json"},
        {"Content-Type": "application/x-www-form-urlencoded", "X-WC-Webhook-Topic": "order.created"},
        {"Content-Type": "application/x-www-form-urlencoded", "x-wc-webhook-event": "created"},
    ],
)
def test_a_ping_has_the_right_headers_and_no_others_of_its_source(headers: dict[str, str]) -> None:
    assert ping(b"webhook_id=1", headers).reason is Reason.HEADER_MISSING


def test_a_ping_with_a_wrong_signature_is_a_forgery() -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-WC-Webhook-Signature": "A" * 43 + "="}
    assert ping(b"webhook_id=1", headers).reason is Reason.SIGNATURE_MISMATCH


@pytest.mark.parametrize("name", sorted(set(SOURCES) - {"woocommerce"}))
def test_only_woocommerce_pings(name: str) -> None:
    assert ping(b"webhook_id=1", name=name).reason is Reason.HEADER_MISSING


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def ping(body: bytes, headers: dict[str, str] = FORM, name: str = "woocommerce") -> Judgement:
    keys = SOURCES[name].verifier.keys([SECRET])
    return SOURCES[name].judge(Headers(headers.items()), body, keys, {}, NOW)


def test_real_woocommerce_deliveries(shared: Path) -> None:
    folder = shared / "captures" / "woocommerce"
    secrets = json.loads((folder / "secret.json").read_text())["secrets_by_path"]
    kinds, ids, source = [], set(), SOURCES["woocommerce"]
    for path in sorted(folder.glob("*.headers.json")):
        capture = json.loads(path.read_text())
        body = path.with_name(path.name.replace(".headers.json", ".body")).read_bytes()
        keys = source.verifier.keys([secrets[capture["path"]]])
        judged = source.judge(Headers((name, value) for name, value in capture["headers"]), body, keys, {}, NOW)
        kinds.append(judged.kind if judged.reason is Reason.VERIFIED else judged.reason)
        ids.add(judged.delivery_id)
    assert kinds.count("order") == 16
    assert kinds.count("ignore") == 5
    assert kinds.count(Reason.PING) == 1
    assert len(ids) == len(kinds) == 22
