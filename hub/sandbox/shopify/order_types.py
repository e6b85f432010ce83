"""The Admin API's order and its lines: every field a client of orders may ask for."""

from __future__ import annotations

from typing import Any

from hub.sandbox.books import Line, StoreOrder
from hub.sandbox.ledger import stamp
from hub.sandbox.shopify.rooms import rooms_of
from hub.sandbox.shopify.schema import Def
from hub.sandbox.shopify.shaping import (
    address_fields,
    asked,
    bag,
    constant,
    financial,
    fulfilled,
    gid,
    kept,
    leaf,
    many,
    one,
    pages,
    paid_bag,
    variant_document,
)


def _when(moment: float | None) -> str | None:
    return stamp(moment) if moment else None


def _money(read: Any) -> Def:
    """A MoneyBag from a function that gives (shop, presented)."""
    return one("MoneyBag", lambda order: bag(order, *read(order)))


def _sum(part: str, current: bool) -> Def:
    def read(order: StoreOrder) -> tuple[int, int]:
        shop, shown = order.sums(current), order.sums(current, presented=True)
        if part == "subtotal":
            return shop.lines - shop.discount, shown.lines - shown.discount
        return getattr(shop, part), getattr(shown, part)

    return _money(read)


def _outstanding(order: StoreOrder) -> dict[str, Any]:
    return paid_bag(order, max(0, order.due - order.received))


def _tax_lines(order: StoreOrder, amount: int, shown: int) -> list[dict[str, Any]]:
    if not order.tax_points:
        return []
    rate = order.tax_points / 10_000
    return [
        {"title": "Sales tax", "rate": rate, "ratePercentage": rate * 100, "source": "shopify", "channelLiable": False,
         "priceSet": bag(order, amount, shown), "price": str(amount)}
    ]  # fmt: skip


def _order_tax(order: StoreOrder) -> list[dict[str, Any]]:
    return _tax_lines(order, order.sums().tax, order.sums(presented=True).tax)


def _customer(order: StoreOrder) -> dict[str, Any] | None:
    if not order.email:
        return None
    number = int(order.id) % 10**12
    return {
        "id": gid("Customer", number), "legacyResourceId": str(number), "firstName": order.first,
        "lastName": order.last,
        "displayName": f"{order.first} {order.last}", "email": order.email, "phone": order.phone or None, "tags": [],
        "note": None, "locale": "en", "state": "DISABLED", "taxExempt": False, "verifiedEmail": True,
        "numberOfOrders": "1", "createdAt": stamp(order.placed_at), "updatedAt": stamp(order.placed_at),
    }  # fmt: skip


def _shipping_lines(order: StoreOrder) -> list[dict[str, Any]]:
    if not order.freight_title:
        return []
    price = bag(order, order.freight)
    return [
        {"id": gid("ShippingLine", int(order.id) + 11), "title": order.freight_title, "code": order.freight_code,
         "source": "shopify", "originalPriceSet": price, "discountedPriceSet": price,
         "currentDiscountedPriceSet": price,
         "taxLines": [], "carrierIdentifier": None, "deliveryCategory": "pickup" if order.pickup else None,
         "phone": None, "custom": False, "isRemoved": False, "discountAllocations": []}
    ]  # fmt: skip


def _discounts(order: StoreOrder) -> list[dict[str, Any]]:
    if not order.discount_code:
        return []
    return [{"allocationMethod": "ACROSS", "targetSelection": "ALL", "targetType": "LINE_ITEM",
             "code": order.discount_code,
             "index": 0}]  # fmt: skip


def _risk(order: StoreOrder) -> dict[str, Any]:
    return {"recommendation": "ACCEPT", "assessments": [{"riskLevel": "LOW"}]}


def _codes(order: StoreOrder) -> list[str]:
    return [order.discount_code] if order.discount_code else []


def _gateways(order: StoreOrder) -> list[str]:
    return [] if order.means.kind == "zero" else [order.means.gateway]


ORDER: dict[str, Def] = {
    "id": leaf(lambda o: gid("Order", o.id)),
    "legacyResourceId": leaf(lambda o: o.id),
    "name": leaf(lambda o: o.name),
    "number": leaf(lambda o: o.number),
    "confirmationNumber": leaf(lambda o: f"R{int(o.id) % 10**9:09d}"),
    "createdAt": leaf(lambda o: stamp(o.placed_at)),
    "processedAt": leaf(lambda o: stamp(o.placed_at)),
    "updatedAt": leaf(lambda o: stamp(o.updated_at)),
    "cancelledAt": leaf(lambda o: _when(o.cancelled_at)),
    "closedAt": leaf(lambda o: _when(o.closed_at)),
    "closed": leaf(lambda o: bool(o.closed_at)),
    "cancelReason": leaf(lambda o: "CUSTOMER" if o.cancelled_at else None),
    "test": leaf(lambda o: o.test),
    "edited": leaf(lambda o: o.edited),
    "note": leaf(lambda o: o.note or None),
    "tags": leaf(lambda o: list(o.tags)),
    "email": leaf(lambda o: o.email or None),
    "phone": leaf(lambda o: o.phone or None),
    "currencyCode": leaf(lambda o: o.currency),
    "presentmentCurrencyCode": leaf(lambda o: o.pays_in),
    "displayFinancialStatus": leaf(financial),
    "displayFulfillmentStatus": leaf(fulfilled),
    "fullyPaid": leaf(lambda o: financial(o) == "PAID"),
    "unpaid": leaf(lambda o: financial(o) in ("PENDING", "AUTHORIZED")),
    "capturable": leaf(lambda o: financial(o) == "AUTHORIZED"),
    "canMarkAsPaid": leaf(lambda o: financial(o) == "PENDING"),
    "refundable": leaf(lambda o: o.received > o.refunded),
    "restockable": leaf(lambda o: fulfilled(o) != "FULFILLED"),
    "requiresShipping": leaf(lambda o: any(line.ships for line in o.lines)),
    "paymentGatewayNames": leaf(_gateways),
    "statusPageUrl": leaf(lambda o: f"https://{o.prefix[8:]}.myshopify.com/orders/{o.id}/authenticate"),
    "discountCode": leaf(lambda o: o.discount_code or None),
    "discountCodes": leaf(_codes),
    "subtotalLineItemsQuantity": leaf(lambda o: sum(line.quantity for line in o.lines)),
    "currentSubtotalLineItemsQuantity": leaf(lambda o: sum(kept(o, line) for line in o.lines)),
    "totalWeight": leaf(lambda o: sum(line.grams * line.quantity for line in o.lines)),
    "currentTotalWeight": leaf(lambda o: sum(line.grams * line.current for line in o.lines)),
    "customAttributes": many("Attribute", lambda o: [{"key": k, "value": v} for k, v in o.attributes.items()]),
    "billingAddress": one("MailingAddress", lambda o: address_fields(o.billing)),
    "shippingAddress": one("MailingAddress", lambda o: address_fields(o.shipping)),
    "displayAddress": one("MailingAddress", lambda o: address_fields(o.shipping or o.billing)),
    "customer": one("Customer", _customer),
    "risk": one("OrderRiskSummary", _risk),
    "lineItems": pages("LineItem", lambda o: [(o, line) for line in o.lines]),
    "shippingLine": one("ShippingLine", lambda o: next(iter(_shipping_lines(o)), None)),
    "shippingLines": pages("ShippingLine", _shipping_lines),
    "taxLines": many("TaxLine", _order_tax),
    "currentTaxLines": many("TaxLine", _order_tax),
    "discountApplications": pages("DiscountCodeApplication", _discounts),
    "transactions": many("OrderTransaction", lambda o: [(o, each) for each in o.transactions],
                         "first", "capturable", "manuallyResolvable"),
    "fulfillments": many("Fulfillment", lambda o: [(o, each) for each in o.sent], "first", "query"),
    "fulfillmentOrders": asked("pages", "FulfillmentOrder", lambda o, _: rooms_of(o), takes="displayable"),
    "refunds": many("Refund", lambda o: [(o, each) for each in o.refunds], "first"),
    "totalPriceSet": _sum("total", current=False),
    "originalTotalPriceSet": _sum("total", current=False),
    "currentTotalPriceSet": _sum("total", current=True),
    "subtotalPriceSet": _sum("subtotal", current=False),
    "currentSubtotalPriceSet": _sum("subtotal", current=True),
    "totalTaxSet": _sum("tax", current=False),
    "currentTotalTaxSet": _sum("tax", current=True),
    "totalDiscountsSet": _sum("discount", current=False),
    "currentTotalDiscountsSet": _sum("discount", current=True),
    "totalShippingPriceSet": _sum("shipping", current=False),
    "currentShippingPriceSet": _sum("shipping", current=True),
    "totalTipReceivedSet": _money(lambda _: (0, 0)),
    "totalReceivedSet": one("MoneyBag", lambda o: paid_bag(o, o.received)),
    "totalRefundedSet": one("MoneyBag", lambda o: paid_bag(o, o.refunded)),
    "netPaymentSet": one("MoneyBag", lambda o: paid_bag(o, o.received - o.refunded)),
    "totalOutstandingSet": one("MoneyBag", _outstanding),
    "totalCapturableSet": one("MoneyBag", lambda o: paid_bag(o, o.due if financial(o) == "AUTHORIZED" else 0)),
    **constant(True, "confirmed canNotifyCustomer merchantEditable"),
    **constant(False, "taxesIncluded taxExempt estimatedTaxes dutiesIncluded hasTimelineComment"),
    **constant(None, "poNumber sourceIdentifier clientIp registeredSourceUrl"),
    "currentTotalDutiesSet": one("MoneyBag", lambda _: None),
    "originalTotalDutiesSet": one("MoneyBag", lambda _: None),
    "currentTotalAdditionalFeesSet": one("MoneyBag", lambda _: None),
    **constant("web", "sourceName"),
    **constant("en", "customerLocale"),
    **constant("NO_RETURN", "returnStatus"),
    "paymentTerms": one("PaymentTerms", lambda _: None),
    "purchasingEntity": one("PurchasingCompany", lambda _: None),
    "channelInformation": one("ChannelInformation", lambda _: None),
    "retailLocation": one("Location", lambda _: None),
}  # fmt: skip


def _line(read: Any) -> Def:
    """A leaf of a line from (order, line)."""
    return leaf(lambda pair: read(*pair))


def _line_money(read: Any) -> Def:
    """A MoneyBag of a line from a function that gives the shop's amount."""
    return one("MoneyBag", lambda pair: bag(pair[0], read(*pair), read(*pair, shown=True)))


def _unit(order: StoreOrder, line: Line, shown: bool = False) -> int:
    return order.presented(line.price) if shown else line.price


def _unit_discounted(order: StoreOrder, line: Line, shown: bool = False) -> int:
    gross, discount, _ = order.line_money(line, line.quantity, shown)
    return (gross - discount) // line.quantity if line.quantity else 0


def _gross(order: StoreOrder, line: Line, shown: bool = False) -> int:
    return order.line_money(line, line.quantity, shown)[0]


def _net(order: StoreOrder, line: Line, shown: bool = False) -> int:
    gross, discount, _ = order.line_money(line, line.quantity, shown)
    return gross - discount


def _line_discount(order: StoreOrder, line: Line, shown: bool = False) -> int:
    return order.line_money(line, line.quantity, shown)[1]


def _line_taxes(pair: tuple[StoreOrder, Line]) -> list[dict[str, Any]]:
    order, line = pair
    return _tax_lines(
        order, order.line_money(line, line.quantity)[2], order.line_money(line, line.quantity, presented=True)[2]
    )


def _allocations(pair: tuple[StoreOrder, Line]) -> list[dict[str, Any]]:
    order, line = pair
    discounts = _discounts(order)
    if not line.discount or not discounts:
        return []
    shop, shown = _line_discount(order, line), _line_discount(order, line, True)
    return [{"allocatedAmountSet": bag(order, shop, shown), "discountApplication": discounts[0]}]


LINE_ITEM: dict[str, Def] = {
    "id": _line(lambda o, line: gid("LineItem", line.id)),
    "title": _line(lambda o, line: line.title),
    "name": _line(lambda o, line: line.title),
    "sku": _line(lambda o, line: line.sku),
    "quantity": _line(lambda o, line: line.quantity),
    "currentQuantity": _line(kept),
    "unfulfilledQuantity": _line(lambda o, line: line.left),
    "refundableQuantity": _line(kept),
    "nonFulfillableQuantity": _line(lambda o, line: line.quantity - line.current),
    "requiresShipping": _line(lambda o, line: line.ships),
    **constant(None, "variantTitle vendor lineItemGroup staffMember sellingPlan"),
    **constant(False, "isGiftCard"),
    **constant(True, "taxable restockable merchantEditable"),
    "originalUnitPriceSet": _line_money(_unit),
    "discountedUnitPriceSet": _line_money(_unit_discounted),
    "originalTotalSet": _line_money(_gross),
    "discountedTotalSet": _line_money(_net),
    "totalDiscountSet": _line_money(_line_discount),
    "taxLines": many("TaxLine", _line_taxes, "first"),
    "discountAllocations": many("DiscountAllocation", _allocations),
    "customAttributes": many("Attribute", lambda _: []),
    "duties": many("Duty", lambda _: []),
    "image": one("Image", lambda _: None),
    "variant": one("ProductVariant", lambda pair: variant_document(
        pair[1].variant, pair[1].sku, pair[1].title, pair[0].currency, pair[1].price, pair[1].grams)),
    "product": one("Product", lambda pair: {"id": gid("Product", pair[1].product), "title": pair[1].title}),
}  # fmt: skip
