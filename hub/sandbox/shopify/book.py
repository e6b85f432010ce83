"""A Shopify shop's behaviour: how orders are opened, paid, cancelled, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.sandbox import signing
from hub.sandbox.books import Refund, StoreOrder, Transaction
from hub.sandbox.desk import Desk
from hub.sandbox.ledger import stamp
from hub.sandbox.outbox import Delivery, Postal, Subscription
from hub.sandbox.shopify.payload import fulfillment_document, order_document, refund_document
from hub.sandbox.storefront import Storefront
from hub.sandbox.stripe.account import Stripe

SCOPES = (
    "read_orders write_orders read_all_orders read_fulfillments write_fulfillments read_locations read_products "
    "read_merchant_managed_fulfillment_orders write_merchant_managed_fulfillment_orders read_customers read_inventory"
)
API_VERSIONS = ("2025-10", "2026-01", "2026-04", "2026-07")
_TOPICS = {
    "created": "orders/create",
    "updated": "orders/updated",
    "paid": "orders/paid",
    "cancelled": "orders/cancelled",
    "edited": "orders/edited",
}


@dataclass
class KeptKey:
    """An `@idempotent` key: what it was used for and what came of it."""

    first_at: float
    fingerprint: str
    refund: Refund | None


class Shop(Storefront):
    """One shop. A connection carries `domain`, `client_id`, `client_secret` (which signs webhooks too) or `token`."""

    def __init__(
        self, desk: Desk, name: str, stripe: Stripe | None, currency: str = "USD", first_number: int = 1001,
        scopes: str = SCOPES,
    ) -> None:  # fmt: skip
        super().__init__(desk, f"shopify/{name}", stripe)
        self.name = name
        self.domain = f"{name}.myshopify.com"
        self.currency = currency
        self.next_number = first_number
        self.scopes = frozenset(scopes.split())
        self.client_id = desk.chance.hexadecimal(32, self.prefix, "client")
        self.client_secret = f"shpss_{desk.chance.hexadecimal(32, self.prefix, 'secret')}"
        self.token = f"shpat_{desk.chance.hexadecimal(32, self.prefix, 'token')}"
        self.tokens: dict[str, float] = {}  # token -> expires at
        self.idempotent: dict[str, KeptKey] = {}
        self.gone: list[str] = []  # subscriptions Shopify deleted
        desk.outbox.account(self.prefix, Postal(self._envelope, desk.settings.shopify_retries, self._deleted))

    def new_id(self, kind: str) -> str:
        base = {"order": 5500, "line": 14400, "transaction": 6800, "fulfillment": 5100, "refund": 9300}.get(kind, 4400)
        return self.desk.big_id(base)

    def opened(self, order: StoreOrder, now: float) -> None:
        kind, intent = order.means.kind, order.means.intent
        if kind == "zero":
            order.paid_at = now
        elif kind in ("captured", "prepaid"):
            self._move(order, "sale", "success", now)
            order.paid_at = now
        elif kind == "authorized":
            self._move(order, "authorization", "success", now)
            order.authorized = (order.due, order.pays_in)
        else:
            self._move(order, "sale", "pending", now)
        if kind == "stripe" and intent:
            order.authorized = (order.due, order.pays_in)
            order.attributes["stripe_payment_intent"] = intent

    def settled(self, order: StoreOrder, now: float) -> None:
        order.transactions = [each for each in order.transactions if each.status != "pending"]
        self._move(order, "sale", "success", now)

    def withdrawn(self, order: StoreOrder, now: float, by: str) -> None:
        """Shopify gives back what it holds, restocks the lines and closes their fulfilment orders."""
        open_authorizations = [
            each for each in order.transactions
            if each.kind == "authorization" and not any(other.parent == each.id for other in order.transactions)
        ]  # fmt: skip
        for each in open_authorizations:
            self._move(order, "void", "success", now, each)
        back = order.received - order.refunded
        lines = {line.id: line.left for line in order.lines if line.left}
        for line in order.lines:
            line.current -= line.left
        if back:
            moved = self._move(order, "refund", "success", now, amount=back)
            order.refunds.append(Refund(self.new_id("refund"), now, back, lines, "cancelled", by, moved.id))
            self.say(order, now, "refunded")
        order.closed_at = now

    def capture(self, order: StoreOrder, parent: Transaction, amount: int, now: float) -> Transaction:
        """Claims authorised money."""
        moved = self._move(order, "capture", "success", now, parent, amount)
        order.paid_at = now
        self.changed(order, now, "paid")
        return moved

    def void(self, order: StoreOrder, parent: Transaction, now: float) -> Transaction:
        moved = self._move(order, "void", "success", now, parent)
        self.changed(order, now)
        return moved

    def say(self, order: StoreOrder, now: float, *events: str) -> None:
        for event in dict.fromkeys(events):
            if event == "refunded":
                self._tell("refunds/create", refund_document(order, order.refunds[-1]), now, order)
            elif event == "fulfilled":
                self._tell("fulfillments/create", fulfillment_document(order, order.sent[-1]), now, order)
            else:
                self._tell(_TOPICS[event], order_document(order, self.domain), now, order)

    def by_id(self, order_id: str) -> StoreOrder | None:
        return self.orders.get(order_id)

    def _move(
        self, order: StoreOrder, kind: str, status: str, now: float, parent: Transaction | None = None,
        amount: int | None = None,
    ) -> Transaction:  # fmt: skip
        sum_ = amount if amount is not None else parent.amount if parent else order.due
        made = Transaction(
            self.new_id("transaction"), kind, status, sum_, order.pays_in, now, order.means.gateway,
            parent.id if parent else None,
        )  # fmt: skip
        order.transactions.append(made)
        return made

    def _tell(self, topic: str, document: dict[str, Any], now: float, order: StoreOrder) -> None:
        cause = self.desk.chance.hexadecimal(32, self.prefix, "event", order.id, now)
        self.desk.outbox.announce(self.prefix, topic, document, now, order.id, cause=cause)

    def _envelope(self, delivery: Delivery, now: float) -> signing.Headers:
        return (
            ("Content-Type", "application/json"),
            ("User-Agent", "Shopify-Captain-Hook"),
            ("X-Shopify-Topic", delivery.topic),
            ("X-Shopify-Shop-Domain", self.domain),
            ("X-Shopify-API-Version", "2026-01"),
            ("X-Shopify-Webhook-Id", _uuid(delivery.identity)),
            ("X-Shopify-Event-Id", _uuid(delivery.event)),
            ("X-Shopify-Triggered-At", _instant(now)),
            *signing.shopify(delivery.body, self.client_secret),
        )

    def _deleted(self, subscription: Subscription) -> None:
        """A delivery failed to the end: Shopify takes the subscription away."""
        if subscription.extra.get("by_api"):
            self.gone.append(subscription.id)
            self.desk.outbox.remove(subscription)


def _uuid(text: str) -> str:
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"


def _instant(now: float) -> str:
    return stamp(now)[:-1] + f".{int(now % 1 * 1e9):09d}Z"
