from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from hub.sandbox.books import StoreOrder
from hub.sandbox.ledger import read_ledgers
from hub.sandbox.shopify.mutations import SCHEMA
from hub.sandbox.world import World
from tests.unit.sandbox.clerk import CAPTURE, ORDER, Clerk

AURORA = "shopify/aurora"
LIST = """query($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    edges { cursor node { id legacyResourceId updatedAt } } pageInfo { hasNextPage endCursor } } }"""


def book(world: World) -> list[dict[str, Any]]:
    return read_ledgers(world.directory)["shopify-aurora"]


def codes(document: Any) -> list[str]:
    return [each["extensions"]["code"] for each in document["errors"]]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ shop { nme } }", "undefinedField"),
        ("{ shop }", "selectionMismatch"),
        ("{ shop { name { first } } }", "selectionMismatch"),
        ("{ order { id } }", "missingRequiredArguments"),
        ("{ order(id: 1, colour: 2) { id } }", "argumentNotAccepted"),
        ("query($x: ID!) { shop { name } }", "variableNotUsed"),
        ("{ order(id: $x) { id } }", "variableNotDefined"),
        ("{ orders(first: 1) { nodes { id } total } }", "undefinedField"),
        ("{ orders { nodes { id } } }", "BAD_REQUEST"),
        ("{ shop { ...none } }", "useAndDefineFragment"),
    ],
)
def test_wrong_queries_are_refused_whole(clerk: Clerk, query: str, code: str) -> None:
    assert code in codes(clerk.graphql(AURORA, query, {"x": 1}))


def test_a_wrong_mutation_does_nothing(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "authorised at Shopify")
    wrong = CAPTURE.replace("userErrors { field message }", "userErrors { field massage }")
    answered = clerk.graphql(AURORA, wrong, {"input": {"id": order.id}})
    assert codes(answered) == ["undefinedField"]
    assert book(clerk.world) == []


def test_syntax_errors_say_where(clerk: Clerk) -> None:
    error = clerk.graphql(AURORA, "{ shop {\n  name ")["errors"][0]
    assert error["locations"] == [{"line": 2, "column": 8}]


def everything(kind: str, depth: int) -> str:
    """A selection of every field of a type, so many levels down."""
    fields = []
    for name, field in SCHEMA.types[kind].items():
        first = "(first: 5)" if field.shape == "pages" else ""
        if field.shape == "leaf":
            fields.append(name)
        elif depth:
            inner = everything(field.type, depth - 1)
            if field.shape == "pages":
                inner = (
                    f"nodes {{ {inner} }} edges {{ cursor }} pageInfo {{ hasNextPage startCursor }}" if inner else ""
                )
            fields.append(f"{name}{first} {{ {inner} }}" if inner else "")
    return " ".join(fields)


def test_every_field_of_an_order_can_be_asked_for(clerk: Clerk) -> None:
    query = f"query($id: ID!) {{ order(id: $id) {{ {everything('Order', 4)} }} }}"
    for story in ("captured at Shopify", "authorised at Shopify in the buyer's currency", "pickup", "paid nothing"):
        order = clerk.place(AURORA, story)
        if order.received:
            clerk.merchant.refund(order, 100, {order.lines[0].id: 1})
            clerk.merchant.fulfil(order, "T1")
        assert "errors" not in clerk.graphql(AURORA, query, {"id": order.id})


def test_every_question_to_the_shop_is_answered(clerk: Clerk) -> None:
    for name, field in SCHEMA.types["QueryRoot"].items():
        if not field.required:
            inner = everything(field.type, 1)
            query = (
                f"{{ {name}(first: 3) {{ nodes {{ {inner} }} }} }}"
                if field.shape == "pages"
                else f"{{ {name} {{ {inner} }} }}"
            )
            assert "errors" not in clerk.graphql(AURORA, query), name


def test_fragments_aliases_and_directives_work(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    query = """query($id: ID!, $deep: Boolean = false) { a: order(id: $id) { ...names ... on Order { test }
      lines: lineItems(first: 1) @include(if: $deep) { nodes { sku } } } }
      fragment names on Order { __typename title: name }"""
    found = clerk.graphql(AURORA, query, {"id": order.id})["data"]["a"]
    assert found == {"__typename": "Order", "title": order.name, "test": False}
    assert "lines" in clerk.graphql(AURORA, query, {"id": order.id, "deep": True})["data"]["a"]


def test_orders_are_listed_by_cursor_and_by_time(clerk: Clerk) -> None:
    orders = []
    for _ in range(5):
        orders.append(clerk.place(AURORA, "captured at Shopify"))
        clerk.wait(10)
    seen: list[str] = []
    after = None
    while True:
        page = clerk.graphql(AURORA, LIST, {"first": 2, "after": after})["data"]["orders"]
        seen += [edge["node"]["legacyResourceId"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        # Something seen changes while the client walks on: it moves to the end and nothing is skipped.
        clerk.merchant.note(orders[0])
    assert set(seen) == {order.id for order in orders}
    since = clerk.graphql(AURORA, LIST, {"first": 9, "query": "updated_at:>='2999-01-01T00:00:00Z'"})
    assert since["data"]["orders"]["edges"] == []


def test_sixty_days_are_the_limit_without_the_scope(world: World, clerk: Clerk) -> None:
    shop = world.add_shopify("narrow", scopes="read_orders")
    clerk.scenario.history(shop, 10, clerk.clock.now, days=100)
    found = clerk.graphql("shopify/narrow", "{ orders(first: 50) { nodes { id } } }")["data"]["orders"]["nodes"]
    assert 0 < len(found) < 10


def test_ids_do_not_fit_a_float(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    assert int(float(order.id)) != int(order.id)


def test_a_capture_is_taken_once(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "authorised at Shopify")
    assert clerk.capture_at_shopify(order)["userErrors"] == []
    again = clerk.capture_at_shopify(order)
    assert (again["transaction"], len(again["userErrors"])) == (None, 1)
    assert [line["kind"] for line in book(clerk.world)] == ["effect", "double"]


def test_money_taken_at_checkout_cannot_be_captured(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    assert clerk.capture_at_shopify(order)["userErrors"]
    assert [line["kind"] for line in book(clerk.world)] == ["double"]


def test_the_buyers_currency_is_the_one_to_capture_in(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "authorised at Shopify in the buyer's currency")
    found = clerk.graphql(AURORA, ORDER, {"id": order.id})["data"]["order"]
    wanted = {
        "id": found["id"],
        "parentTransactionId": found["transactions"][0]["id"],
        "amount": "1.00",
        "currency": "USD",
    }
    assert clerk.graphql(AURORA, CAPTURE, {"input": wanted})["data"]["orderCapture"]["userErrors"]
    assert clerk.capture_at_shopify(order)["userErrors"] == []
    assert book(clerk.world)[-1]["currency"] == "CAD"


def test_a_void_releases_and_a_second_is_a_double(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "authorised at Shopify")
    query = """mutation($id: ID!) { transactionVoid(parentTransactionId: $id) {
      transaction { kind } userErrors { code message } } }"""
    made = clerk.graphql(AURORA, query, {"id": order.transactions[0].id})["data"]["transactionVoid"]
    assert made["transaction"]["kind"] == "VOID"
    again = clerk.graphql(AURORA, query, {"id": order.transactions[0].id})["data"]["transactionVoid"]
    assert again["userErrors"][0]["code"] == "AUTH_NOT_VOIDABLE"
    assert [line["kind"] for line in book(clerk.world)] == ["effect", "double"]


REFUND = """mutation($input: RefundInput!, $key: String!) { refundCreate(input: $input) @idempotent(key: $key) {
  refund { id totalRefundedSet { presentmentMoney { amount } } } userErrors { field message } } }"""


def refund_input(order: StoreOrder, amount: str) -> dict[str, Any]:
    sale = order.transactions[0]
    return {"orderId": order.id, "transactions": [{"orderId": order.id, "parentId": sale.id, "kind": "REFUND",
                                                   "gateway": sale.gateway, "amount": amount}]}  # fmt: skip


def test_a_refund_key_replays_until_it_expires(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    wanted = {"input": refund_input(order, "5.00"), "key": "r1"}
    first = clerk.graphql(AURORA, REFUND, wanted)["data"]["refundCreate"]["refund"]["id"]
    assert clerk.graphql(AURORA, REFUND, wanted)["data"]["refundCreate"]["refund"]["id"] == first
    other = clerk.graphql(AURORA, REFUND, {"input": refund_input(order, "6.00"), "key": "r1"})["data"]["refundCreate"]
    assert "same idempotency key" in other["userErrors"][0]["message"]
    clerk.wait(clerk.world.settings.shopify_key_seconds)
    assert clerk.graphql(AURORA, REFUND, wanted)["data"]["refundCreate"]["refund"]["id"] != first
    assert [line["kind"] for line in book(clerk.world)] == ["effect", "double", "effect"]


def test_newer_versions_insist_on_a_refund_key(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "captured at Shopify")
    query = "mutation($input: RefundInput!) { refundCreate(input: $input) { refund { id } userErrors { message } } }"
    wanted = {"input": refund_input(order, "5.00")}
    refused = clerk.graphql(AURORA, query, wanted, version="2026-04")
    assert "idempotent" in refused["errors"][0]["message"]
    assert clerk.graphql(AURORA, query, wanted)["data"]["refundCreate"]["userErrors"] == []


def test_parcels_are_fulfilled_part_by_part_and_twice_is_noticed(clerk: Clerk) -> None:
    order = clerk.place(AURORA, "shipped in two parcels")
    sku, units = next(iter(order.group("WH-").items()))
    assert clerk.fulfil(order, "T1", {sku: 1})["userErrors"] == []
    again = clerk.fulfil(order, "T1", {sku: 1})
    assert again["userErrors"] == []  # Shopify lets it through while units are left
    rest = clerk.fulfil(order, "T2", {sku: units})
    assert rest["userErrors"]
    kinds = [(line["kind"], line["tracking"]) for line in book(clerk.world)]
    assert kinds == [("effect", "T1"), ("double", "T1"), ("effect", "T1"), ("double", "T2")]


def test_cancelling_at_the_shop_gives_money_back_and_closes_its_rooms(clerk: Clerk) -> None:
    clerk.world.subscribe(AURORA, "http://hub.example/shopify")
    order = clerk.place(AURORA, "captured at Shopify")
    clerk.world.shop.cancel(order, clerk.clock.now)
    found = clerk.graphql(AURORA, ORDER, {"id": order.id})["data"]["order"]
    assert found["displayFinancialStatus"] == "REFUNDED"
    assert {room["status"] for room in found["fulfillmentOrders"]["nodes"]} == {"CANCELLED"}
    clerk.wait(2)
    assert {"orders/cancelled", "refunds/create"} <= {each.topic for each in clerk.posted}


def test_a_payload_adds_up_in_both_currencies(clerk: Clerk) -> None:
    clerk.world.subscribe(AURORA, "http://hub.example/shopify")
    clerk.place(AURORA, "captured in the buyer's currency")
    clerk.wait(2)
    document = json.loads(next(each for each in clerk.posted if each.topic == "orders/create").body)
    shown = document["total_price_set"]["presentment_money"]
    lines = sum(
        int(each["price_set"]["presentment_money"]["amount"]) * each["quantity"] for each in document["line_items"]
    )
    rest = sum(
        int(document[name]["presentment_money"]["amount"]) for name in ("total_shipping_price_set", "total_tax_set")
    )
    off = int(document["total_discounts_set"]["presentment_money"]["amount"])
    assert shown == {"amount": str(lines + rest - off), "currency_code": "JPY"}
    assert (document["currency"], document["presentment_currency"]) == ("USD", "JPY")


def test_webhooks_are_signed_and_repeats_are_the_same(clerk: Clerk) -> None:
    clerk.world.subscribe(AURORA, "http://hub.example/shopify")
    clerk.place(AURORA, "captured at Shopify")
    clerk.wait(1, status=500)
    clerk.wait(3)
    created = [each for each in clerk.posted if each.topic == "orders/create"]
    assert len(created) >= 2
    assert (
        len({each.body for each in created})
        == len({dict(each.headers)["X-Shopify-Webhook-Id"] for each in created})
        == 1
    )
    headers = dict(created[0].headers)
    secret = clerk.world.shop.client_secret.encode()
    signature = base64.b64encode(hmac.new(secret, created[0].body, hashlib.sha256).digest()).decode()
    assert headers["X-Shopify-Hmac-Sha256"] == signature
    assert headers["X-Shopify-Shop-Domain"] == "aurora.myshopify.com"
    events = {dict(each.headers)["X-Shopify-Event-Id"] for each in clerk.posted}
    assert len(events) == 1  # one happening, several topics


def test_a_registered_webhook_is_deleted_after_its_last_repeat(clerk: Clerk) -> None:
    query = """mutation($topic: WebhookSubscriptionTopic!, $w: WebhookSubscriptionInput!) {
      webhookSubscriptionCreate(topic: $topic, webhookSubscription: $w) {
        webhookSubscription { id topic uri } userErrors { message } } }"""
    wanted = {"topic": "ORDERS_CREATE", "w": {"uri": "http://hub.example/s", "format": "JSON"}}
    made = clerk.graphql(AURORA, query, wanted)["data"]["webhookSubscriptionCreate"]["webhookSubscription"]
    assert made["topic"] == "ORDERS_CREATE"
    listed = (
        "{ webhookSubscriptions(first: 5) { nodes { id endpoint { ... on WebhookHttpEndpoint { callbackUrl } } } } }"
    )
    assert len(clerk.graphql(AURORA, listed)["data"]["webhookSubscriptions"]["nodes"]) == 1
    clerk.place(AURORA, "captured at Shopify")
    clerk.wait(60, status=503)
    assert clerk.graphql(AURORA, listed)["data"]["webhookSubscriptions"]["nodes"] == []


def test_tokens_expire(clerk: Clerk) -> None:
    shop = clerk.world.shop
    form = {"grant_type": "client_credentials", "client_id": shop.client_id, "client_secret": shop.client_secret}
    granted = clerk.ask(AURORA, "POST", "admin/oauth/access_token", urlencode(form).encode()).json()
    assert granted["expires_in"] == int(clerk.world.settings.shopify_token_seconds)

    def status() -> int:
        body = json.dumps({"query": "{ shop { name } }"}).encode()
        token = granted["access_token"]
        return clerk.ask(AURORA, "POST", "admin/api/2026-01/graphql.json", body, x_shopify_access_token=token).status

    assert status() == 200
    clerk.wait(granted["expires_in"])
    assert status() == 401
    wrong = clerk.ask(AURORA, "POST", "admin/oauth/access_token", urlencode(form | {"client_secret": "x"}).encode())
    assert wrong.status == 400


def test_throttling_comes_as_a_200(clerk: Clerk) -> None:
    clerk.world.desk.faults.script("graphql", "429")
    assert codes(clerk.graphql(AURORA, "{ shop { name } }")) == ["THROTTLED"]
