"""A careful person at a desk, doing by hand what a hub does: the tests' measure of what the sandbox must find right."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from hub.model.money import major
from hub.sandbox.books import SELF, WAREHOUSE, StoreOrder
from hub.sandbox.call import Answer
from hub.sandbox.merchant import Merchant
from hub.sandbox.scenario import Scenario
from hub.sandbox.shopify.shop import Shopify
from hub.sandbox.world import World

GRAPHQL = "admin/api/2026-01/graphql.json"
ORDER = """query($id: ID!) { order(id: $id) {
  id name test cancelledAt displayFinancialStatus presentmentCurrencyCode
  customAttributes { key value }
  transactions(first: 10) { id kind status amountSet { presentmentMoney { amount currencyCode } } }
  fulfillmentOrders(first: 5) { nodes { id status deliveryMethod { methodType } assignedLocation { name }
    lineItems(first: 20) { nodes { id remainingQuantity sku } } } }
} }"""
CAPTURE = """mutation($input: OrderCaptureInput!) { orderCapture(input: $input) {
  transaction { id amountSet { presentmentMoney { amount } } } userErrors { field message } } }"""
FULFIL = """mutation($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) {
  fulfillment { id trackingInfo(first: 5) { number } } userErrors { field message } } }"""


class Clock:
    """Time that moves when told."""

    def __init__(self, now: float = 1_780_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Clerk:
    def __init__(self, world: World, clock: Clock) -> None:
        self.world, self.clock = world, clock
        self.scenario = Scenario(world)
        self.merchant = Merchant(world)
        self.posted: list[Any] = []
        self._letters = 0

    # --- the world's time ---

    def wait(self, seconds: float, step: float = 0.5, status: int | None = 200) -> None:
        """Lets time pass; every webhook is answered with `status`."""
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.now = min(until, self.clock.now + step)
            for delivery in self.world.advance(self.clock.now):
                self.posted.append(delivery)
                self.world.delivered(delivery, status, self.clock.now)

    def place(self, prefix: str, story: str, **changes: Any) -> StoreOrder:
        shop = self.world.storefronts[prefix]
        return self.scenario.place(shop, self.scenario.named(shop, story), self.clock.now, **changes)

    # --- asking ---

    def ask(
        self,
        prefix: str,
        method: str,
        path: str,
        body: bytes = b"",
        query: Mapping[str, str] | None = None,
        **headers: str,
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.world.handle(prefix, method, path, query or {}, named, body, self.clock.now)

    def graphql(
        self, prefix: str, text: str, variables: Mapping[str, Any] | None = None, version: str = "2026-01"
    ) -> Any:
        shop = self.world.accounts[prefix]
        assert isinstance(shop, Shopify)
        body = json.dumps({"query": text, "variables": variables or {}}).encode()
        return self.ask(
            prefix, "POST", f"admin/api/{version}/graphql.json", body, x_shopify_access_token=shop.token
        ).json()

    def woo(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Answer:
        shop = self.world.woo
        pair = f"{shop.consumer_key}:{shop.consumer_secret}".encode()
        raw = json.dumps(body).encode() if body is not None else b""
        given = "Basic " + base64.b64encode(pair).decode()
        return self.ask(shop.prefix, method, path, raw, query, authorization=given)

    def stripe(
        self, method: str, path: str, form: Mapping[str, Any] | None = None, key: str = "", **query: str
    ) -> Answer:
        account: Any = self.world.accounts["stripe/main"]
        headers = {"authorization": f"Bearer {account.key}"} | ({"idempotency_key": key} if key else {})
        return self.ask("stripe/main", method, path, urlencode(form or {}).encode(), query, **headers)

    def shipbob(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Answer:
        account: Any = self.world.accounts["shipbob/main"]
        raw = json.dumps(body).encode() if body is not None else b""
        bearer = {"authorization": f"Bearer {account.token}"}
        named = bearer | {"shipbob_channel_id": account.channel}
        return self.world.handle("shipbob/main", method, path, query or {}, named, raw, self.clock.now)

    def easypost(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        account: Any = self.world.accounts["easypost/main"]
        raw = json.dumps(body).encode() if body is not None else b""
        return self.ask("easypost/main", method, path, raw, query, authorization=f"Bearer {account.key}")

    # --- doing an order's work ---

    def work(self, order: StoreOrder) -> None:
        """Charges, ships, labels, writes back and mails one order, each once, if its story wants that."""
        self.charge(order)
        self.mail(order, f"Order {order.name} confirmed", "Thank you.", "confirm")
        if order.group(WAREHOUSE) and not order.pickup:
            self.send_to_warehouse(order, f"ref-{order.id}")
        if order.group(SELF) and not order.pickup:
            self.buy_label(order, f"ref-{order.id}")

    def charge(self, order: StoreOrder) -> None:
        if order.means.kind == "authorized":
            assert self.capture_at_shopify(order)["userErrors"] == []
        elif order.means.kind == "stripe":
            path = f"v1/payment_intents/{order.means.intent}/capture"
            assert self.stripe("POST", path, {"amount_to_capture": order.due}, key=f"c-{order.id}").status == 200

    def capture_at_shopify(self, order: StoreOrder) -> Any:
        found = self.graphql(order.prefix, ORDER, {"id": f"gid://shopify/Order/{order.id}"})["data"]["order"]
        money = found["transactions"][0]["amountSet"]["presentmentMoney"]
        wanted = {"id": found["id"], "parentTransactionId": found["transactions"][0]["id"], "amount": money["amount"],
                  "currency": money["currencyCode"]}  # fmt: skip
        return self.graphql(order.prefix, CAPTURE, {"input": wanted})["data"]["orderCapture"]

    def send_to_warehouse(self, order: StoreOrder, reference: str) -> Answer:
        address = order.shipping
        assert address is not None
        body: dict[str, Any] = {
            "reference_id": reference, "order_number": order.name, "shipping_method": "Standard", "type": "DTC",
            "recipient": {"name": order.recipient, "email": order.email, "address": {
                "address1": address.street, "address2": address.extra, "city": address.city, "state": address.region,
                "zip_code": address.zip, "country": address.country}},
            "products": [{"reference_id": sku, "quantity": units} for sku, units in order.group(WAREHOUSE).items()],
        }  # fmt: skip
        if order.means.kind == "cod":
            body["tags"] = [{"name": "cod_amount", "value": f"{major(order.due, order.pays_in)} {order.pays_in}"}]
        return self.shipbob("POST", "2026-01/order", body)

    def make_shipment(self, order: StoreOrder, reference: str) -> Any:
        address = order.shipping
        assert address is not None
        to = {"name": order.recipient, "email": order.email, "street1": address.street, "city": address.city,
              "zip": address.zip, "country": address.country, "state": address.region}  # fmt: skip
        home = {"name": "Workshop", "street1": "1 Dock Lane", "city": "Portland", "zip": "97209", "country": "US"}
        asked = {"to_address": to, "from_address": home, "parcel": {"weight": 20.5}, "reference": reference}
        return self.easypost("POST", "v2/shipments", {"shipment": asked}).json()

    def buy_label(self, order: StoreOrder, reference: str) -> Answer:
        made = self.make_shipment(order, reference)
        body = {"rate": {"id": made["rates"][0]["id"]}}
        bought = self.easypost("POST", f"v2/shipments/{made['id']}/buy", body)
        if bought.status == 200:
            self.announce(order, bought.json()["tracking_code"], order.group(SELF))
        return bought

    def announce_parcels(self) -> None:
        """Writes back and mails every parcel the warehouse sent that nobody was told of."""
        for parcel in list(self.world.desk.parcels.values()):
            if parcel.order and parcel.prefix.startswith("shipbob/"):
                order = next(each for each in self.world.desk.orders.values() if each.id == parcel.order)
                known = [sent.number for sent in order.sent] + [each["number"] for each in order.trackings]
                if parcel.number not in known and not order.cancelled_at:
                    self.announce(order, parcel.number, dict(parcel.lines))

    def announce(self, order: StoreOrder, number: str, lines: Mapping[str, int]) -> None:
        if order.prefix.startswith("shopify/"):
            assert self.fulfil(order, number, lines)["userErrors"] == []
        else:
            body = {"tracking_number": number, "custom_tracking_provider": "Carrier"}
            path = f"wp-json/wc-shipment-tracking/v3/orders/{order.id}/shipment-trackings"
            assert self.woo("POST", path, body).status == 201
        self.mail(order, f"Order {order.name} has shipped", f"Track it: {number}.", f"shipped-{number}")

    def fulfil(self, order: StoreOrder, number: str, lines: Mapping[str, int]) -> Any:
        found = self.graphql(order.prefix, ORDER, {"id": f"gid://shopify/Order/{order.id}"})["data"]["order"]
        rooms = []
        for room in found["fulfillmentOrders"]["nodes"]:
            parts = [{"id": each["id"], "quantity": lines[each["sku"]]}
                     for each in room["lineItems"]["nodes"] if each["sku"] in lines]  # fmt: skip
            if parts:
                rooms.append({"fulfillmentOrderId": room["id"], "fulfillmentOrderLineItems": parts})
        wanted = {"lineItemsByFulfillmentOrder": rooms, "trackingInfo": {"number": number, "company": "USPS"}}
        return self.graphql(order.prefix, FULFIL, {"fulfillment": wanted})["data"]["fulfillmentCreate"]

    def mail(self, order: StoreOrder, subject: str, text: str, identity: str) -> str:
        raw = f"From: shop@x.example\r\nTo: {order.email}\r\nSubject: {subject}\r\n"
        raw += f"Message-ID: <{identity}-{order.id}@x>\r\n"
        return self.world.mail(
            "shop@x.example", [order.email], (raw + f"\r\n{text}\r\n").encode(), self.clock.now
        ).reply
