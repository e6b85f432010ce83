"""What hangs on an order in the Admin API: transactions, refunds, fulfilments and fulfilment orders."""

from __future__ import annotations

from typing import Any

from hub.sandbox.books import Refund, Sent, StoreOrder, Transaction
from hub.sandbox.ledger import stamp
from hub.sandbox.shopify.rooms import Room, left_from
from hub.sandbox.shopify.schema import Def
from hub.sandbox.shopify.shaping import address_fields, bag, constant, gid, keys, leaf, many, one, pages, paid_bag


def _transaction(read: Any) -> Def:
    return leaf(lambda pair: read(pair[1]))


def _parent(pair: tuple[StoreOrder, Transaction]) -> tuple[StoreOrder, Transaction] | None:
    found = next((each for each in pair[0].transactions if each.id == pair[1].parent), None)
    return (pair[0], found) if found else None


def _unsettled(pair: tuple[StoreOrder, Transaction]) -> dict[str, Any]:
    order, each = pair
    taken = any(other.parent == each.id for other in order.transactions)
    return paid_bag(order, 0 if taken or each.kind != "authorization" else each.amount)


TRANSACTION: dict[str, Def] = {
    "id": _transaction(lambda each: gid("OrderTransaction", each.id)),
    "kind": _transaction(lambda each: each.kind.upper()),
    "status": _transaction(lambda each: each.status.upper()),
    "gateway": _transaction(lambda each: each.gateway),
    "formattedGateway": _transaction(lambda each: each.gateway),
    "createdAt": _transaction(lambda each: stamp(each.at)),
    "processedAt": _transaction(lambda each: stamp(each.at)),
    "paymentId": _transaction(lambda each: f"r{each.id}"),
    "authorizationCode": _transaction(lambda each: each.id if each.kind == "authorization" else None),
    "amountSet": one("MoneyBag", lambda pair: paid_bag(pair[0], pair[1].amount)),
    "totalUnsettledSet": one("MoneyBag", _unsettled),
    "parentTransaction": one("OrderTransaction", _parent),
    "order": one("Order", lambda pair: pair[0]),
    "manualPaymentGateway": _transaction(lambda each: each.status == "pending"),
    **constant(False, "test multiCapturable manuallyCapturable"),
    **constant(None, "errorCode accountNumber settlementCurrency authorizationExpiresAt receiptJson"),
}

REFUND: dict[str, Def] = {
    "id": leaf(lambda pair: gid("Refund", pair[1].id)),
    "legacyResourceId": leaf(lambda pair: pair[1].id),
    "createdAt": leaf(lambda pair: stamp(pair[1].at)),
    "updatedAt": leaf(lambda pair: stamp(pair[1].at)),
    "note": leaf(lambda pair: pair[1].reason or None),
    "order": one("Order", lambda pair: pair[0]),
    "totalRefundedSet": one("MoneyBag", lambda pair: paid_bag(pair[0], pair[1].amount)),
    "transactions": pages("OrderTransaction", lambda pair: [
        (pair[0], each) for each in pair[0].transactions if each.id == pair[1].transaction]),
    "refundLineItems": pages("RefundLineItem", lambda pair: _refund_lines(*pair)),
    "orderAdjustments": pages("OrderAdjustment", lambda pair: [] if pair[1].lines else [
        {"id": gid("OrderAdjustment", int(pair[1].id) + 1), "reason": "REFUND_DISCREPANCY",
         "amountSet": paid_bag(pair[0], pair[1].amount), "taxAmountSet": paid_bag(pair[0], 0)}]),
    "duties": many("RefundDuty", lambda _: []),
}  # fmt: skip


def _refund_lines(order: StoreOrder, refund: Refund) -> list[dict[str, Any]]:
    found = []
    for line_id, quantity in refund.lines.items():
        line = order.line(line_id)
        if line is not None:
            gross, discount, tax = order.line_money(line, quantity)
            found.append({
                "id": gid("RefundLineItem", int(refund.id) + quantity), "quantity": quantity,
                "restockType": "NO_RESTOCK",
                "restocked": False, "lineItem": (order, line), "subtotalSet": bag(order, gross - discount),
                "totalTaxSet": bag(order, tax), "priceSet": bag(order, line.price),
            })  # fmt: skip
    return found


def _tracking(sent: Sent) -> list[dict[str, Any]]:
    if not (sent.number or sent.url):
        return []
    return [{"number": sent.number or None, "company": sent.company or None, "url": sent.url or None}]


FULFILLMENT: dict[str, Def] = {
    "id": leaf(lambda pair: gid("Fulfillment", pair[1].id)),
    "legacyResourceId": leaf(lambda pair: pair[1].id),
    "name": leaf(lambda pair: f"{pair[0].name}-F{pair[0].sent.index(pair[1]) + 1}"),
    "status": leaf(lambda pair: pair[1].status.upper()),
    "displayStatus": leaf(lambda pair: "FULFILLED" if pair[1].status == "success" else "CANCELED"),
    "createdAt": leaf(lambda pair: stamp(pair[1].at)),
    "updatedAt": leaf(lambda pair: stamp(pair[1].at)),
    "totalQuantity": leaf(lambda pair: sum(pair[1].lines.values())),
    "order": one("Order", lambda pair: pair[0]),
    "trackingInfo": many("FulfillmentTrackingInfo", lambda pair: _tracking(pair[1]), "first"),
    "fulfillmentLineItems": pages("FulfillmentLineItem", lambda pair: [
        {"id": gid("FulfillmentLineItem", f"{int(pair[1].id) + i}"), "quantity": quantity,
         "lineItem": (pair[0], pair[0].line(line_id))} for i, (line_id, quantity) in enumerate(pair[1].lines.items())]),
    **constant(None, "deliveredAt estimatedDeliveryAt inTransitAt"),
    **constant(True, "requiresShipping"),
    "location": one("Location", lambda pair: left_from(*pair)),
    "service": one("FulfillmentService", lambda _: {"handle": "manual", "serviceName": "Manual"}),
}  # fmt: skip


def _destination(room: Room) -> dict[str, Any] | None:
    fields = address_fields(room.order.shipping)
    return fields and fields | {"email": room.order.email}


FULFILLMENT_ORDER: dict[str, Def] = {
    "id": leaf(lambda room: gid("FulfillmentOrder", room.id)),
    "status": leaf(lambda room: room.status),
    "requestStatus": leaf(lambda room: "UNSUBMITTED"),
    "createdAt": leaf(lambda room: stamp(room.order.placed_at)),
    "updatedAt": leaf(lambda room: stamp(room.order.updated_at)),
    "fulfillAt": leaf(lambda room: stamp(room.order.placed_at)),
    "orderId": leaf(lambda room: gid("Order", room.order.id)),
    "orderName": leaf(lambda room: room.order.name),
    "order": one("Order", lambda room: room.order),
    "channelId": leaf(lambda _: None),
    "assignedLocation": one("FulfillmentOrderAssignedLocation", lambda room: {
        "name": room.location.name, "location": room.location, "countryCode": "US", "address1": None, "city": None,
        "zip": None, "province": None, "phone": None}),
    "deliveryMethod": one("DeliveryMethod", lambda room: {
        "id": gid("DeliveryMethod", int(room.id) + 3), "methodType": room.method,
        "serviceCode": room.order.freight_code,
        "presentedName": room.order.freight_title, "minDeliveryDateTime": None, "maxDeliveryDateTime": None}),
    "destination": one("FulfillmentOrderDestination", _destination),
    "lineItems": pages("FulfillmentOrderLineItem", lambda room: room.lines),
    "supportedActions": many("FulfillmentOrderSupportedAction", lambda room: [
        {"action": "CREATE_FULFILLMENT", "externalUrl": None}] if room.open else []),
    "fulfillmentHolds": many("FulfillmentHold", lambda _: []),
}  # fmt: skip


FULFILLMENT_ORDER_LINE: dict[str, Def] = {
    **keys("id totalQuantity remainingQuantity sku productTitle variantTitle requiresShipping vendor"),
    "lineItem": one("LineItem", lambda each: each["lineItem"]),
}
