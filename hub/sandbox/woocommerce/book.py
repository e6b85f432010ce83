"""A WooCommerce shop's behaviour: statuses, the Stripe gateway plugin, and a webhook that is dropped when it fails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.sandbox import signing
from hub.sandbox.books import Sent, StoreOrder, Transaction
from hub.sandbox.desk import Desk
from hub.sandbox.outbox import Delivery, Postal, Subscription
from hub.sandbox.storefront import Storefront
from hub.sandbox.stripe.account import Stripe
from hub.sandbox.woocommerce.payload import order_document

PAID_STATUSES = ("processing", "completed")
STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")


class Shop(Storefront):
    """One shop. A connection carries `consumer_key`, `consumer_secret`; a webhook its own `webhook_secret`."""

    def __init__(
        self, desk: Desk, name: str, stripe: Stripe | None, currency: str = "EUR", first_number: int = 501
    ) -> None:
        super().__init__(desk, f"woocommerce/{name}", stripe)
        self.name = name
        self.currency = currency
        self.site = f"https://{name}.example"
        self.next_number = first_number
        self.consumer_key = f"ck_{desk.chance.hexadecimal(40, self.prefix, 'key')}"
        self.consumer_secret = f"cs_{desk.chance.hexadecimal(40, self.prefix, 'secret')}"
        self.webhook_secret = desk.chance.hexadecimal(40, self.prefix, "webhook")
        desk.outbox.account(self.prefix, Postal(self._envelope, failed=self._failed))

    def new_id(self, kind: str) -> str:
        """WordPress numbers everything in one small sequence."""
        return str(40_000 + self.desk.number())

    def opened(self, order: StoreOrder, now: float) -> None:
        kind = order.means.kind
        if kind == "stripe" and order.means.intent:
            self._authorised(order, now)
        elif kind == "prepaid":
            self._paid(order, now)
        elif kind == "zero":
            order.paid_at, order.status = now, self._after_payment(order)
        else:
            # Cash on delivery is processed at once; transfers and unknown gateways wait.
            order.status = "processing" if kind == "cod" else "on-hold"

    def _authorised(self, order: StoreOrder, now: float) -> None:
        """The gateway authorised the card and leaves the capture to whoever processes the order."""
        order.status = "on-hold"
        order.authorized = (order.due, order.pays_in)
        intent = self.stripe.intents[str(order.means.intent)] if self.stripe else None
        order.meta |= {"_stripe_intent_id": order.means.intent, "_stripe_charge_captured": "no",
                       "_stripe_currency": order.currency}  # fmt: skip
        order.meta["transaction_id"] = intent.charge if intent else ""

    def _paid(self, order: StoreOrder, now: float) -> None:
        order.paid_at = now
        if order.status != "completed":
            order.status = self._after_payment(order)
        order.transactions.append(
            Transaction(
                self.new_id("transaction"), "sale", "success", order.due, order.currency, now, order.means.gateway
            )
        )
        intent = self.stripe.intents.get(order.means.intent or "") if self.stripe else None
        if intent:
            order.meta |= {"_stripe_intent_id": intent.id, "_stripe_charge_captured": "yes",
                           "transaction_id": intent.charge}  # fmt: skip

    def settled(self, order: StoreOrder, now: float) -> None:
        self._paid(order, now)

    def withdrawn(self, order: StoreOrder, now: float, by: str) -> None:
        """The gateway plugin releases an authorisation it had not captured; captured money stays until refunded."""
        order.status = "cancelled"
        if order.means.kind == "stripe" and order.means.intent and self.stripe and not order.paid_at:
            self.stripe.cancel_by_store(order.means.intent, now)

    def record(self, order: StoreOrder, sent: Sent, now: float) -> None:
        """All that an order says of a parcel is its tracking number; when nothing is left the merchant completes it."""
        if sent.number:
            day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
            order.trackings.append(
                {"id": sent.id, "number": sent.number, "provider": sent.company, "date": day, "link": sent.url}
            )
        super().record(order, sent, now)
        if order.status in ("processing", "on-hold") and not any(line.left for line in order.lines if line.ships):
            self.set_status(order, "completed", now)

    def refunded_whole(self, order: StoreOrder) -> None:
        order.status = "refunded"

    def heard_of_capture(self, order: StoreOrder, now: float) -> None:
        self._paid(order, now)
        self.changed(order, now, "paid")

    def heard_of_refund(self, order: StoreOrder, now: float) -> None:
        """The gateway plugin books a refund that was made at Stripe itself."""
        intent = self.stripe.intents[str(order.means.intent)] if self.stripe else None
        if intent and order.refunded < intent.refunded:
            amount = intent.refunds[-1].amount
            self.refund(order, amount, now, reason="Refunded via Stripe", by="echo", gateway=False)

    def set_status(self, order: StoreOrder, status: str, now: float) -> None:
        """Somebody moves the order. Leaving on-hold for a paid status makes the gateway plugin capture by itself."""
        before, order.status = order.status, status
        plugin = self.stripe if order.means.kind == "stripe" and not order.paid_at else None
        if plugin and before == "on-hold" and status in PAID_STATUSES:
            plugin.capture_by_store(str(order.means.intent), now)
            self._paid(order, now)
            order.status = status
        if status == "cancelled" and not order.cancelled_at:
            order.cancelled_at = now
            self.withdrawn(order, now, "hub")
        if status == "completed" and order.completed_at is None:
            order.completed_at = now
        if status == "completed" and order.paid_at is None:  # whoever completes an order says that it is paid
            self._paid(order, now)
        self.changed(order, now)

    def say(self, order: StoreOrder, now: float, *events: str) -> None:
        """However much happened, an order tells `created` once and `updated` once per change."""
        document = order_document(order, self.site)
        for topic in ("order.created",) * ("created" in events) + ("order.updated",) * ("updated" in events):
            self.desk.outbox.announce(self.prefix, topic, document, now, order.id)

    def _after_payment(self, order: StoreOrder) -> str:
        """Orders of nothing but downloads are completed by their payment."""
        return "processing" if any(line.ships for line in order.lines) else "completed"

    def _envelope(self, delivery: Delivery, now: float) -> signing.Headers:
        agent = ("User-Agent", "WooCommerce/9.4.2 Hookshot (WordPress/6.7)")
        if delivery.topic == "ping":
            return (("Content-Type", "application/x-www-form-urlencoded"), agent)
        resource, _, event = delivery.topic.partition(".")
        return (
            ("Content-Type", "application/json"),
            agent,
            ("X-WC-Webhook-Source", self.site + "/"),
            ("X-WC-Webhook-Topic", delivery.topic),
            ("X-WC-Webhook-Resource", resource),
            ("X-WC-Webhook-Event", event),
            *signing.woocommerce(delivery.body, delivery.subscription.secret),
            ("X-WC-Webhook-ID", delivery.subscription.id),
            # Made of the webhook and the second: two orders within one second bear the same.
            ("X-WC-Webhook-Delivery-ID", self.desk.chance.hexadecimal(32, delivery.subscription.id, int(now))),
        )

    def ping(self, subscription: Subscription, now: float) -> None:
        """Saving a webhook posts its number, unsigned, form-encoded."""
        body = f"webhook_id={subscription.id}".encode()
        self.desk.outbox.announce(self.prefix, "ping", body, now, only=subscription)

    def _failed(self, subscription: Subscription) -> None:
        """More than five failures in a row disable the webhook, and nobody is told."""
        if subscription.failures > self.desk.settings.woocommerce_failures:
            subscription.enabled = False


def webhook_document(subscription: Subscription, site: str) -> dict[str, Any]:
    topic = next(iter(subscription.topics), "order.updated")
    resource, _, event = topic.partition(".")
    return {
        "id": int(subscription.id), "name": subscription.name,
        "status": "active" if subscription.enabled else "disabled",
        "topic": topic, "resource": resource, "event": event, "hooks": [f"woocommerce_{event}_{resource}"],
        "delivery_url": subscription.url,
        "_links": {"self": [{"href": f"{site}/wp-json/wc/v3/webhooks/{subscription.id}"}]},
    }  # fmt: skip
