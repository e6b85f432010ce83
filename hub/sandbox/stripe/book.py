"""What one Stripe account holds, and what the storefront's own gateway does there without the hub."""

from __future__ import annotations

from collections.abc import Callable

from hub.sandbox import signing
from hub.sandbox.books import StoreOrder
from hub.sandbox.desk import Desk
from hub.sandbox.outbox import Delivery, Postal
from hub.sandbox.stripe.keys import Keys
from hub.sandbox.stripe.papers import Back, Intent, charge_document, event_document, intent_document


class Book:
    """`key` is the secret key a connection must carry; `sk_live_...` accounts say livemode true."""

    def __init__(self, desk: Desk, name: str, livemode: bool = True) -> None:
        self.prefix = f"stripe/{name}"
        self.desk = desk
        self.livemode = livemode
        self.key = f"sk_{'live' if livemode else 'test'}_{desk.chance.token(24, self.prefix, 'key')}"
        self.ledger = desk.ledger(self.prefix)
        self.intents: dict[str, Intent] = {}
        self.keys = Keys(desk.settings.stripe_key_seconds)
        # The storefront's own plugin hears of captures, cancellations and refunds too.
        self.listeners: list[Callable[[StoreOrder, str, float], None]] = []
        desk.outbox.account(self.prefix, Postal(_envelope, desk.settings.stripe_retries))

    def intend(self, order: StoreOrder, now: float, manual: bool) -> Intent:
        """The buyer's card was authorised (manual) or charged at checkout."""
        number = self.desk.number()
        token = self.desk.chance.token(17, self.prefix, number)
        intent = Intent(
            f"pi_3{token}", f"ch_3{token}", order.due, order.pays_in.lower(), now,
            "requires_capture" if manual else "succeeded", manual, self.livemode and not order.test,
            received=0 if manual else order.due, metadata={"order_id": order.id}, description=f"Order {order.name}",
            order=order,
        )  # fmt: skip
        self.intents[intent.id] = intent
        self.tell(intent, "payment_intent.amount_capturable_updated" if manual else "payment_intent.succeeded", now)
        return intent

    def capture_by_store(self, intent_id: str, now: float) -> None:
        intent = self.intents[intent_id]
        if intent.status == "requires_capture":
            intent.status, intent.received = "succeeded", intent.amount
            self.tell(intent, "payment_intent.succeeded", now)

    def cancel_by_store(self, intent_id: str, now: float) -> None:
        intent = self.intents[intent_id]
        if intent.status == "requires_capture":
            intent.status, intent.canceled_at = "canceled", now
            self.tell(intent, "payment_intent.canceled", now)

    def refund_by_store(self, intent_id: str, amount: int, now: float) -> bool:
        """False where the account holds less than that."""
        intent = self.intents[intent_id]
        if intent.received - intent.refunded < amount:
            return False
        self.give_back(intent, amount, now, "requested_by_customer", {})
        self.tell(intent, "charge.refunded", now)
        return True

    def give_back(self, intent: Intent, amount: int, now: float, reason: str | None, metadata: dict[str, str]) -> Back:
        token = self.desk.chance.token(17, self.prefix, "refund", self.desk.number())
        back = Back(f"re_3{token}", amount, now, reason, metadata)
        intent.refunds.append(back)
        return back

    def tell(self, intent: Intent, kind: str, now: float, key: str | None = None) -> None:
        identity = f"evt_3{self.desk.chance.token(20, self.prefix, 'event', self.desk.number())}"
        thing = charge_document(intent) if kind.startswith("charge.") else intent_document(intent)
        document = event_document(identity, kind, thing, now, intent.livemode, key)
        self.desk.outbox.announce(self.prefix, kind, document, now, order_of(intent) or "", identity)

    def tell_store(self, intent: Intent, what: str, now: float) -> None:
        """The shop's own plugin hears of it a moment later."""
        order = intent.order
        if order is None:
            return
        wait = self.desk.chance.between(self.desk.settings.webhook_latency, "plugin", intent.id, what)
        for listener in self.listeners:
            self.desk.agenda.at(now + wait, lambda due, listener=listener: listener(order, what, due))  # type: ignore[misc]


def _envelope(delivery: Delivery, now: float) -> signing.Headers:
    secret = delivery.subscription.secret
    head = (("Content-Type", "application/json; charset=utf-8"), ("User-Agent", "Stripe/1.0"))
    return (*head, *signing.stripe(delivery.body, secret, now))


def order_of(intent: Intent) -> str | None:
    return intent.order.id if intent.order else None
