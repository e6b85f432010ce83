"""Mutations that move money."""

from __future__ import annotations

from typing import Any

from hub.sandbox.books import Refund, StoreOrder
from hub.sandbox.shopify.asking import Wrong, amount_of, order_of, transaction_of
from hub.sandbox.shopify.book import KeptKey, Shop
from hub.sandbox.shopify.queries import Asked
from hub.sandbox.shopify.schema import FieldProblem
from hub.sandbox.shopify.shaping import bare, gid


def capture(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    wanted, shop, now = arguments["input"] or {}, root.shop, root.now
    order = order_of(shop, wanted.get("id"))
    parent = transaction_of(order, wanted.get("parentTransactionId"))
    amount = amount_of(wanted.get("amount"), order.pays_in)
    facts = {"order": order.id, "amount": amount, "currency": wanted.get("currency") or order.currency}
    if parent.kind != "authorization" and parent.status == "success":
        shop.ledger.double(now, "payment.capture", "the money had been taken at checkout", **facts)
        raise Wrong("Transaction is not an authorization", "parentTransactionId")
    children = [each.kind for each in order.transactions if each.parent == parent.id]
    if "capture" in children:
        shop.ledger.double(now, "payment.capture", "the authorisation was captured before", **facts)
        raise Wrong("Authorization has already been captured", "parentTransactionId")
    if parent.kind != "authorization" or "void" in children:
        raise Wrong("Authorization can no longer be captured", "parentTransactionId")
    if order.presentment and wanted.get("currency") != order.presentment:
        raise Wrong("Currency must be the order's presentment currency", "currency")
    if wanted.get("currency") not in (None, order.pays_in):
        raise Wrong("Currency does not match the transaction", "currency")
    if not 0 < amount <= parent.amount:
        raise Wrong("Amount exceeds what was authorized", "amount")
    made = shop.capture(order, parent, amount, now)
    shop.ledger.effect(now, "payment.capture", **facts | {"currency": order.pays_in}, id=made.id)
    return {"transaction": (order, made)}


def void(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    shop, wanted = root.shop, bare(arguments["parentTransactionId"])
    order = next((o for o in shop.orders.values() if any(each.id == wanted for each in o.transactions)), None)
    if order is None:
        raise Wrong("Transaction does not exist", "parentTransactionId", code="TRANSACTION_NOT_FOUND")
    parent = transaction_of(order, wanted)
    children = [each.kind for each in order.transactions if each.parent == parent.id]
    if "void" in children:
        shop.ledger.double(root.now, "payment.void", "the authorisation was voided before", order=order.id)
    if parent.kind != "authorization" or children:
        code = "AUTH_NOT_VOIDABLE" if parent.kind == "authorization" else "AUTH_NOT_SUCCESSFUL"
        raise Wrong("Authorization is not voidable", "parentTransactionId", code=code)
    made = shop.void(order, parent, root.now)
    shop.ledger.effect(root.now, "payment.void", order=order.id, amount=parent.amount, currency=parent.currency)
    return {"transaction": (order, made)}


def cancel(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    shop, now = root.shop, root.now
    order = order_of(shop, arguments["orderId"])
    if order.cancelled_at:
        shop.ledger.double(now, "order.cancel", "the order was cancelled before", order=order.id)
        raise Wrong("Order has already been cancelled", "orderId", code="INVALID")
    if order.sent:
        raise Wrong("Cannot cancel an order that has fulfillments", "orderId", code="INVALID")
    shop.cancel(order, now, by="hub")
    shop.ledger.effect(now, "order.cancel", order=order.id, notify=bool(arguments.get("notifyCustomer")))
    job = {"id": gid("Job", order.id), "done": True}
    return {"job": job, "orderCancelUserErrors": []}


def refund(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    """From 2026-04 on a refund needs `@idempotent`; a live key answers the refund it once made."""
    shop, now = root.shop, root.now
    key = (arguments.get("@idempotent") or {}).get("key")
    if key is None and root.version >= "2026-04":
        raise FieldProblem("The @idempotent directive is required for this mutation", "BAD_REQUEST")
    wanted = arguments["input"] or {}
    order = order_of(shop, wanted.get("orderId"))
    kept = shop.idempotent.get(key) if key else None
    if kept and now - kept.first_at < shop.desk.settings.shopify_key_seconds:
        if kept.fingerprint != repr(wanted):
            what = "The same idempotency key cannot be used with different operation parameters."
            raise Wrong(what, code="IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
        return {"order": order, "refund": (order, kept.refund)}
    made = _refunded(shop, order, wanted, now, key)
    if key:
        shop.idempotent[key] = KeptKey(now, repr(wanted), made)
    return {"order": order, "refund": (order, made)}


def _refunded(shop: Shop, order: StoreOrder, wanted: dict[str, Any], now: float, key: str | None) -> Refund:
    lines = {
        bare(each.get("lineItemId")): int(each.get("quantity") or 0) for each in wanted.get("refundLineItems") or []
    }
    amount = sum(amount_of(each.get("amount"), order.pays_in) for each in wanted.get("transactions") or [])
    facts = {"order": order.id, "amount": amount, "currency": order.pays_in, "key": key, "lines": lines}
    same = [each for each in order.refunds if each.amount == amount and (each.lines == lines or not lines)]
    if len(same) > order.expected_refunds:
        shop.ledger.double(now, "payment.refund", "a refund of this sum was made before", **facts)
    for each in wanted.get("transactions") or []:
        if (each.get("kind") or "REFUND") not in ("REFUND", "SUGGESTED_REFUND"):
            raise Wrong("Transaction kind is invalid", "transactions", "kind")
        transaction_of(order, each.get("parentId"))
    for line_id, quantity in lines.items():
        line = order.line(line_id)
        if line is None or not 0 < quantity <= line.quantity:
            raise Wrong("Refund line item quantity is invalid", "refundLineItems", "quantity")
    made = shop.refund(order, amount, now, lines, wanted.get("note") or "", by="hub", gateway=False)
    if made is None:
        raise Wrong("Refund amount exceeds what can be refunded", "transactions", "amount")
    shop.ledger.effect(now, "payment.refund", **facts, id=made.id, notify=bool(wanted.get("notify")))
    return made


def mark_paid(root: Asked, arguments: dict[str, Any]) -> dict[str, Any]:
    order = order_of(root.shop, (arguments["input"] or {}).get("id"))
    facts = {"order": order.id, "amount": order.due, "currency": order.pays_in}
    if order.received:
        root.shop.ledger.double(root.now, "payment.mark", "the order was paid before", **facts)
        raise Wrong("Order cannot be marked as paid.", "id")
    root.shop.ledger.effect(root.now, "payment.mark", **facts)
    root.shop.pay(order, root.now)
    return {"order": order}
