"""What a shop can be told to do. Each answers its payload with `userErrors`; only an empty list means it was done."""

from __future__ import annotations

from typing import Any

from hub.sandbox.outbox import Subscription
from hub.sandbox.shopify.asking import Deed, Wrong, order_of
from hub.sandbox.shopify.money_deeds import cancel, capture, mark_paid, refund, void
from hub.sandbox.shopify.parcel_deeds import fulfil, track, unfulfil
from hub.sandbox.shopify.queries import TYPES, Asked, subscription_document
from hub.sandbox.shopify.schema import Def, Schema
from hub.sandbox.shopify.shaping import asked, bare, many, one


def _guarded(empty: str, deed: Deed) -> Deed:
    """User errors become the payload's `userErrors`, with null for what would have been made."""

    def run(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return deed(root, arguments) | {"userErrors": []}
        except Wrong as wrong:
            error = {"field": wrong.field or None, "message": str(wrong), "code": wrong.code}
            return dict.fromkeys(empty.split()) | {"userErrors": [error]}

    return run


def _update(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    wanted = arguments["input"] or {}
    order = order_of(root.shop, wanted.get("id"))
    order.note = order.note if wanted.get("note") is None else str(wanted["note"])
    order.tags = tuple(wanted["tags"]) if wanted.get("tags") is not None else order.tags
    root.shop.ledger.effect(root.now, "order.update", order=order.id)
    root.shop.changed(order, root.now)
    return {"order": order}


def _tag(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    order = order_of(root.shop, arguments["id"])
    order.tags = tuple(dict.fromkeys([*order.tags, *(arguments.get("tags") or [])]))
    root.shop.ledger.effect(root.now, "order.update", order=order.id)
    root.shop.changed(order, root.now)
    return {"node": order}


def _subscribe(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    wanted = arguments.get("webhookSubscription") or {}
    url = wanted.get("uri") or wanted.get("callbackUrl")
    topic = str(arguments["topic"]).lower().replace("_", "/", 1)
    if not url:
        raise Wrong("Address can't be blank", "webhookSubscription", "callbackUrl")
    outbox, shop = root.shop.desk.outbox, root.shop
    if any(each.url == url and topic in each.topics for each in outbox.of(shop.prefix)):
        raise Wrong("Address for this topic has already been taken", "webhookSubscription", "callbackUrl")
    made = Subscription(
        str(1_900_000_000_000 + shop.desk.number()), shop.prefix, url, shop.client_secret, frozenset({topic}),
        created_at=root.now, extra={"by_api": True},
    )  # fmt: skip
    outbox.subscribe(made)
    return {"webhookSubscription": subscription_document(made)}


def _unsubscribe(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    outbox = root.shop.desk.outbox
    found = next((each for each in outbox.of(root.shop.prefix) if each.id == bare(arguments["id"])), None)
    if found is None:
        raise Wrong("Webhook subscription does not exist", "id")
    outbox.remove(found)
    return {"deletedWebhookSubscriptionId": arguments["id"]}


def _mutation(name: str, payload: dict[str, Def], deed: Deed, needs: str = "", takes: str = "") -> dict[str, Def]:
    """Registers the payload's type and gives the mutation's field."""
    kind = name[0].upper() + name[1:] + "Payload"
    errors = {"userErrors": many("UserError", lambda each: each["userErrors"])}
    TYPES[kind] = payload | errors
    return {name: asked("one", kind, _guarded(" ".join(payload), deed), needs, takes)}


def _part(kind: str, name: str) -> dict[str, Def]:
    return {name: one(kind, lambda each: each[name])}


_FULFILMENT = _part("Fulfillment", "fulfillment")
_TRANSACTION = _part("OrderTransaction", "transaction")
_ORDER = _part("Order", "order")
_CANCELLED = _part("OrderCancelJob", "job") | {
    "orderCancelUserErrors": many("UserError", lambda each: each["orderCancelUserErrors"] or each["userErrors"])
}
_WEBHOOK = _part("WebhookSubscription", "webhookSubscription")
_DELETED = {"deletedWebhookSubscriptionId": asked("leaf", "", lambda each, _: each["deletedWebhookSubscriptionId"])}

TYPES["Mutation"] = (
    _mutation("orderCapture", _TRANSACTION, capture, "input")
    | _mutation("transactionVoid", _TRANSACTION, void, "parentTransactionId")
    | _mutation("orderCancel", _CANCELLED, cancel, "orderId reason restock",
                "notifyCustomer staffNote refund refundMethod")
    | _mutation("refundCreate", _ORDER | _part("Refund", "refund"), refund, "input")
    | _mutation("fulfillmentCreate", _FULFILMENT, fulfil, "fulfillment", "message")
    | _mutation("fulfillmentCreateV2", _FULFILMENT, fulfil, "fulfillment", "message")
    | _mutation("fulfillmentTrackingInfoUpdate", _FULFILMENT, track, "fulfillmentId trackingInfoInput",
                "notifyCustomer")
    | _mutation("fulfillmentCancel", _FULFILMENT, unfulfil, "id")
    | _mutation("orderMarkAsPaid", _ORDER, mark_paid, "input")
    | _mutation("orderUpdate", _ORDER, _update, "input")
    | _mutation("tagsAdd", _part("Order", "node"), _tag, "id tags")
    | _mutation("webhookSubscriptionCreate", _WEBHOOK, _subscribe, "topic webhookSubscription")
    | _mutation("webhookSubscriptionDelete", _DELETED, _unsubscribe, "id")
)  # fmt: skip

SCHEMA = Schema(TYPES)
