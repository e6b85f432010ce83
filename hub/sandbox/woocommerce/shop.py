"""The shop's front: `/wp-json/wc/v3/...`, basic authentication, pages by number, errors in WordPress's words."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hub.model.money import MoneyError, minor
from hub.sandbox.books import StoreOrder
from hub.sandbox.call import Answer, BadBody, Call, answer, segments
from hub.sandbox.outbox import Subscription
from hub.sandbox.people import WARES
from hub.sandbox.woocommerce.book import STATUSES, Shop, webhook_document
from hub.sandbox.woocommerce.listing import Refusal, cut, page_of, selected, sort_key
from hub.sandbox.woocommerce.payload import (
    order_document,
    refund_document,
    tracking_document,
)


class WooCommerce(Shop):
    """One shop's HTTP."""

    def handle(self, call: Call) -> Answer:
        try:
            return self._dispatch(call)
        except Refusal as refusal:
            return refusal.answer()
        except BadBody:
            return Refusal(400, "rest_invalid_json", "Invalid JSON body passed.").answer()

    def _dispatch(self, call: Call) -> Answer:
        match segments(call.path):
            case ["wp-json"]:
                return answer(
                    200, {"name": self.name, "url": self.site, "namespaces": ["wc/v3", "wc-shipment-tracking/v3"]}
                )
            case ["wp-json", "wc" | "wc-shipment-tracking", _, *rest]:
                self._authenticate(call)
                return self._route(call, rest)
        raise Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _route(self, call: Call, rest: list[str]) -> Answer:
        verb = "POST" if call.method in ("PUT", "PATCH") else call.method
        match (verb, rest):
            case ("GET", ["orders"]):
                return self._list(call)
            case ("GET", ["orders", number]):
                return answer(200, order_document(self._order(number), self.site))
            case ("POST", ["orders", number]):
                return self._update(self._order(number), call)
            case ("GET", ["orders", number, "refunds"]):
                order = self._order(number)
                documents = [refund_document(order, each, self.site, True) for each in reversed(order.refunds)]
                return self._page(call, cut(documents, call.query), len(documents))
            case ("POST", ["orders", number, "refunds"]):
                return self._refund(self._order(number), call)
            case (_, ["orders", number, "notes", *_]):
                return self._notes(self._order(number), call)
            case (_, ["orders", number, "shipment-trackings", *tail]):
                return self._trackings(self._order(number), call, tail)
            case (_, ["webhooks", *tail]):
                return self._webhooks(call, tail)
            case ("GET", ["products"]):
                return self._products(call.query)
            case ("GET", ["payment_gateways"]):
                return answer(200, [{"id": each, "title": each, "enabled": True} for each in ("stripe", "cod", "bacs")])
            case ("GET", ["shipping_methods"]):
                return answer(
                    200, [{"id": each, "title": each} for each in ("flat_rate", "free_shipping", "local_pickup")]
                )
            case ("GET", ["system_status"]):
                return answer(200, self._status())
        raise Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")

    # --- orders ---

    def _list(self, call: Call) -> Answer:
        query = call.query
        found = [order for order in self.orders.values() if selected(order, query)]
        found.sort(key=sort_key(query.get("orderby", "date")), reverse=query.get("order", "desc") == "desc")
        return self._page(call, [order_document(order, self.site) for order in cut(found, query)], len(found))

    def _page(self, call: Call, documents: list[Any], total: int) -> Answer:
        per_page, page = page_of(call.query)
        last = -(-total // per_page)
        links = [f'<{self.site}/wp-json/wc/v3/orders?page={page + 1}>; rel="next"'] if page < last else []
        headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(last)} | ({"Link": links[0]} if links else {})
        return answer(200, documents, headers)

    def _update(self, order: StoreOrder, call: Call) -> Answer:
        wanted = call.json()
        status = wanted.get("status")
        if status is not None and status not in STATUSES:
            raise Refusal(400, "rest_invalid_param", "Invalid parameter(s): status")
        for each in wanted.get("meta_data") or []:
            order.meta[str(each["key"])] = each["value"]
        if wanted.get("customer_note") is not None:
            order.note = wanted["customer_note"]
        if wanted.get("transaction_id") is not None:
            order.meta["transaction_id"] = wanted["transaction_id"]
        paid = bool(wanted.get("set_paid")) and order.paid_at is None
        if paid:
            self.ledger.effect(call.now, "payment.mark", order=order.id, amount=order.due, currency=order.currency)
            order.paid_at = call.now
        if status is not None and status != order.status:
            self.ledger.effect(call.now, "order.status", order=order.id, status=status, before=order.status)
            self.set_status(order, status, call.now)
        elif paid or wanted.get("meta_data"):
            self.ledger.effect(call.now, "order.update", order=order.id)
            self.changed(order, call.now)
        return answer(200, order_document(order, self.site))

    def _refund(self, order: StoreOrder, call: Call) -> Answer:
        """`api_refund` (true unless said otherwise) gives the money back through the order's gateway."""
        wanted = call.json()
        try:
            amount = minor(str(wanted.get("amount", "0")), order.currency)
        except MoneyError as error:
            raise Refusal(400, "rest_invalid_param", "Invalid parameter(s): amount") from error
        gateway = wanted.get("api_refund", True) is not False
        lines = {str(each["id"]): int(each.get("quantity") or 0) for each in wanted.get("line_items") or []}
        facts = {"order": order.id, "amount": amount, "currency": order.currency, "gateway": gateway}
        if sum(each.amount == amount for each in order.refunds) > order.expected_refunds:
            self.ledger.double(call.now, "payment.refund", "a refund of this sum was made before", **facts)
        if amount <= 0 or amount > order.received - order.refunded:
            raise Refusal(400, "woocommerce_rest_invalid_order_refund", "Invalid refund amount.")
        made = self.refund(order, amount, call.now, lines, wanted.get("reason") or "", by="hub", gateway=gateway)
        if made is None:
            raise Refusal(500, "woocommerce_rest_cannot_create_order_refund", "The gateway declined the refund.")
        self.ledger.effect(call.now, "payment.refund", **facts, id=made.id)
        return answer(201, refund_document(order, made, self.site, gateway))

    def _notes(self, order: StoreOrder, call: Call) -> Answer:
        if call.method == "POST":
            wanted = call.json()
            if not wanted.get("note"):
                raise Refusal(400, "rest_missing_callback_param", "Missing parameter(s): note")
            made = {"id": self.desk.number(), "note": wanted["note"], "customer": bool(wanted.get("customer_note")),
                    "at": call.now}  # fmt: skip
            order.notes.append(made)
            self.ledger.effect(call.now, "order.note", order=order.id, customer=made["customer"])
            return answer(201, _note(made))
        return answer(200, [_note(each) for each in reversed(order.notes)])

    def _trackings(self, order: StoreOrder, call: Call, tail: list[str]) -> Answer:
        if call.method == "GET":
            found = [each for each in order.trackings if not tail or each["id"] == tail[0]]
            documents = [tracking_document(order, each, self.site) for each in found]
            if tail and not documents:
                raise Refusal(
                    404, "woocommerce_rest_order_shipment_tracking_invalid_id", "Invalid shipment tracking ID."
                )
            return answer(200, documents[0] if tail else documents)
        if call.method == "DELETE" and tail:
            order.trackings = [each for each in order.trackings if each["id"] != tail[0]]
            self.ledger.effect(call.now, "shipment.withdraw", order=order.id, tracking=tail[0])
            return answer(200, {"tracking_id": tail[0]})
        wanted = call.json()
        number = str(wanted.get("tracking_number") or "")
        if not number:
            raise Refusal(400, "rest_missing_callback_param", "Missing parameter(s): tracking_number")
        facts = {"order": order.id, "tracking": number}
        if any(each["number"] == number for each in order.trackings):
            self.ledger.double(call.now, "shipment.announce", "this tracking number was written back before", **facts)
        provider = wanted.get("custom_tracking_provider") or wanted.get("tracking_provider") or ""
        identity = self.desk.chance.hexadecimal(32, self.prefix, "tracking", self.desk.number())
        date = wanted.get("date_shipped") or datetime.fromtimestamp(call.now, UTC).strftime("%Y-%m-%d")
        made = {"id": identity, "number": number, "provider": provider, "date": date,
                "link": wanted.get("custom_tracking_link") or ""}  # fmt: skip
        order.trackings.append(made)
        self.ledger.effect(call.now, "shipment.announce", **facts, id=identity)
        self.changed(order, call.now)
        return answer(201, tracking_document(order, made, self.site))

    # --- the shop itself ---

    def _webhooks(self, call: Call, tail: list[str]) -> Answer:
        outbox = self.desk.outbox
        if not tail and call.method == "POST":
            wanted = call.json()
            if not wanted.get("topic") or not wanted.get("delivery_url"):
                raise Refusal(400, "woocommerce_rest_webhook_invalid_topic", "Webhook topic must be valid.")
            made = Subscription(
                str(self.desk.number()), self.prefix, wanted["delivery_url"],
                wanted.get("secret") or self.consumer_secret,
                frozenset({wanted["topic"]}), wanted.get("name") or "", call.now,
            )  # fmt: skip
            outbox.subscribe(made)
            self.ping(made, call.now)
            return answer(201, webhook_document(made, self.site))
        known = {each.id: each for each in outbox.of(self.prefix) if each.topics}
        if not tail:
            documents = [webhook_document(each, self.site) for each in known.values()]
            return self._page(call, cut(documents, call.query), len(documents))
        found = known.get(tail[0])
        if found is None:
            raise Refusal(404, "woocommerce_rest_webhook_invalid_id", "Invalid ID.")
        if call.method == "DELETE":
            outbox.remove(found)
        elif call.method in ("PUT", "POST", "PATCH"):
            wanted = call.json()
            found.enabled = wanted.get("status", "active") == "active"
            found.failures = 0
            found.url, found.secret = wanted.get("delivery_url", found.url), wanted.get("secret", found.secret)
        return answer(200, webhook_document(found, self.site))

    def _products(self, query: Mapping[str, str]) -> Answer:
        wanted = query.get("sku")
        documents = [
            {"id": 300 + i, "name": ware.title, "sku": ware.sku, "price": f"{ware.price / 100:.2f}",
             "status": "publish",
             "virtual": ware.grams == 0, "weight": f"{ware.grams / 1000:g}", "manage_stock": False,
             "stock_quantity": None}
            for i, ware in enumerate(WARES) if wanted in (None, ware.sku)
        ]  # fmt: skip
        return answer(200, documents, {"X-WP-Total": str(len(documents)), "X-WP-TotalPages": "1"})

    def _status(self) -> dict[str, Any]:
        return {
            "environment": {"home_url": self.site, "version": "9.4.2", "wp_version": "6.7"},
            "settings": {"currency": self.currency, "currency_symbol": "€", "dimension_unit": "cm",
            "weight_unit": "kg"},
            "active_plugins": [{"plugin": "woocommerce-shipment-tracking", "name": "WooCommerce Shipment Tracking"},
                               {"plugin": "woocommerce-gateway-stripe", "name": "WooCommerce Stripe Gateway"}],
        }  # fmt: skip

    def _order(self, number: str) -> StoreOrder:
        found = self.orders.get(number)
        if found is None:
            raise Refusal(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
        return found

    def _authenticate(self, call: Call) -> None:
        given = (call.query.get("consumer_key", ""), call.query.get("consumer_secret", ""))
        scheme, _, coded = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            key, _, secret = base64.b64decode(coded.encode() + b"==").decode("latin-1").partition(":")
            given = (key, secret)
        if given != (self.consumer_key, self.consumer_secret):
            raise Refusal(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")


def _note(note: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": note["id"], "author": "system", "note": note["note"], "customer_note": note["customer"]}
