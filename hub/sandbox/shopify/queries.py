"""What can be asked of a shop, and the plain types around its orders."""

from __future__ import annotations

from typing import Any

from hub.sandbox.ledger import stamp
from hub.sandbox.outbox import Subscription
from hub.sandbox.people import WARES
from hub.sandbox.shopify.book import API_VERSIONS, Shop
from hub.sandbox.shopify.order_types import LINE_ITEM, ORDER
from hub.sandbox.shopify.part_types import FULFILLMENT, FULFILLMENT_ORDER, FULFILLMENT_ORDER_LINE, REFUND, TRANSACTION
from hub.sandbox.shopify.rooms import WAREHOUSE_LOCATION, WORKSHOP_LOCATION, rooms_of
from hub.sandbox.shopify.schema import Def
from hub.sandbox.shopify.searching import search
from hub.sandbox.shopify.shaping import (
    asked,
    bare,
    constant,
    gid,
    keys,
    leaf,
    many,
    mapping_types,
    one,
    variant_document,
)

SIXTY_DAYS = 60 * 24 * 3600.0


class Asked:
    """The root of one request: the shop and the moment."""

    def __init__(self, shop: Shop, now: float, version: str) -> None:
        self.shop, self.now, self.version = shop, now, version


def _orders(asked_by: Asked, arguments: dict[str, Any]) -> Any:
    """Without `read_all_orders` an app sees the orders of the past sixty days only."""
    shop, orders = asked_by.shop, list(asked_by.shop.orders.values())
    if "read_all_orders" not in shop.scopes:
        orders = [order for order in orders if order.placed_at >= asked_by.now - SIXTY_DAYS]
    return search(orders, arguments)


def _order(asked_by: Asked, arguments: dict[str, Any]) -> Any:
    return asked_by.shop.by_id(bare(arguments["id"]))


def _room(asked_by: Asked, arguments: dict[str, Any]) -> Any:
    return find_room(asked_by.shop, arguments["id"])


def find_room(shop: Shop, identity: Any) -> Any:
    """The fulfilment order of this id; its first digits are the order's own, a little further on."""
    number = int(bare(identity)) if bare(identity).isdigit() else 0
    for shift in (21, 22, 23):
        order = shop.by_id(str(number - shift))
        for room in rooms_of(order) if order else ():
            if room.id == str(number):
                return room
    return None


def _fulfillment(asked_by: Asked, arguments: dict[str, Any]) -> Any:
    wanted = bare(arguments["id"])
    for order in asked_by.shop.orders.values():
        for sent in order.sent:
            if sent.id == wanted:
                return (order, sent)
    return None


def _node(asked_by: Asked, arguments: dict[str, Any]) -> Any:
    return _order(asked_by, arguments) if "/Order/" in str(arguments["id"]) else None


def _shop(asked_by: Asked) -> dict[str, Any]:
    shop = asked_by.shop
    return {
        "id": gid("Shop", 71), "name": shop.name.title(), "myshopifyDomain": shop.domain,
        "email": f"shop@{shop.name}.example",
        "contactEmail": f"shop@{shop.name}.example", "currencyCode": shop.currency, "ianaTimezone": "America/New_York",
        "timezoneAbbreviation": "EST", "timezoneOffset": "-0500", "url": f"https://{shop.domain}",
        "weightUnit": "KILOGRAMS",
        "taxesIncluded": False, "plan": {"displayName": "Basic", "publicDisplayName": "Basic",
        "partnerDevelopment": False,
                                          "shopifyPlus": False},
        "primaryDomain": {"host": shop.domain, "url": f"https://{shop.domain}", "sslEnabled": True},
        "enabledPresentmentCurrencies": [shop.currency, "CAD", "JPY"],
    }  # fmt: skip


def _installation(asked_by: Asked) -> dict[str, Any]:
    scopes = sorted(asked_by.shop.scopes)
    return {"id": gid("AppInstallation", 5), "accessScopes": [{"handle": each, "description": each} for each in scopes]}


def _variants(asked_by: Asked, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """`query: "sku:X"` narrows."""
    wanted = (arguments.get("query") or "").partition("sku:")[2].strip("'\" ")
    shop = asked_by.shop
    return [
        variant_document(str(44_000_000_000_000 + i), ware.sku, ware.title, shop.currency, ware.price, ware.grams)
        for i, ware in enumerate(WARES)
        if not wanted or ware.sku == wanted
    ]


def subscription_document(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": gid("WebhookSubscription", subscription.id), "legacyResourceId": subscription.id,
        "topic": next(iter(subscription.topics)).replace("/", "_").upper(), "format": "JSON", "uri": subscription.url,
        "callbackUrl": subscription.url, "createdAt": stamp(subscription.created_at),
        "updatedAt": stamp(subscription.created_at), "includeFields": [], "metafieldNamespaces": [], "filter": None,
        "apiVersion": {"handle": "2026-01", "displayName": "2026-01", "supported": True},
        "endpoint": {"callbackUrl": subscription.url},
    }  # fmt: skip


def _subscriptions(asked_by: Asked, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = arguments.get("topics")
    found = [subscription_document(each) for each in asked_by.shop.desk.outbox.of(asked_by.shop.prefix) if each.topics]
    return [each for each in found if not wanted or each["topic"] in wanted]


def _versions(asked_by: Asked) -> list[dict[str, Any]]:
    return [{"handle": each, "displayName": each, "supported": True} for each in API_VERSIONS]


QUERY: dict[str, Def] = {
    "shop": one("Shop", _shop),
    "order": asked("one", "Order", _order, "id"),
    "orders": asked("pages", "Order", _orders),
    "node": asked("one", "Order", _node, "id"),
    "fulfillment": asked("one", "Fulfillment", _fulfillment, "id"),
    "fulfillmentOrder": asked("one", "FulfillmentOrder", _room, "id"),
    "locations": asked("pages", "Location", lambda *_: [WAREHOUSE_LOCATION, WORKSHOP_LOCATION],
                       takes="includeInactive includeLegacy"),
    "productVariants": asked("pages", "ProductVariant", _variants),
    "currentAppInstallation": one("AppInstallation", _installation),
    "publicApiVersions": many("ApiVersion", _versions),
    "webhookSubscriptions": asked("pages", "WebhookSubscription", _subscriptions,
    takes="topics uri format callbackUrl"),
}  # fmt: skip

LOCATION: dict[str, Def] = {
    "id": leaf(lambda each: gid("Location", each.id)),
    "legacyResourceId": leaf(lambda each: each.id),
    "name": leaf(lambda each: each.name),
    **constant(True, "isActive fulfillsOnlineOrders shipsInventory hasActiveInventory"),
    **constant(False, "isFulfillmentService"),
}

_PLAIN = {
    "Attribute": "key value",
    "MoneyV2": "amount currencyCode",
    "MailingAddress": (
        "id firstName lastName name address1 address2 city zip province provinceCode country countryCode countryCodeV2 "
        "company phone latitude longitude formattedArea timeZone coordinatesValidated"
    ),
    "Customer": (
        "id legacyResourceId firstName lastName displayName email phone tags note locale state taxExempt verifiedEmail "
        "numberOfOrders createdAt updatedAt"
    ),
    "OrderRiskAssessment": "riskLevel",
    "DiscountCodeApplication": "allocationMethod targetSelection targetType code index",
    "Image": "url altText",
    "Product": "id title",
    "FulfillmentTrackingInfo": "number company url",
    "FulfillmentService": "handle serviceName",
    "DeliveryMethod": "id methodType serviceCode presentedName minDeliveryDateTime maxDeliveryDateTime",
    "FulfillmentOrderDestination": (
        "firstName lastName address1 address2 city zip province countryCode company phone email"
    ),
    "FulfillmentOrderSupportedAction": "action externalUrl",
    "FulfillmentHold": "reason reasonNotes",
    "ShopPlan": "displayName publicDisplayName partnerDevelopment shopifyPlus",
    "Domain": "host url sslEnabled",
    "AccessScope": "handle description",
    "ApiVersion": "handle displayName supported",
    "Weight": "unit value",
    "WebhookHttpEndpoint": "callbackUrl",
    "UserError": "field message code",
    "PaymentTerms": "id paymentTermsName",
    "PurchasingCompany": "id",
    "ChannelInformation": "channelId",
    "Duty": "id",
    "RefundDuty": "id",
    "OrderCancelJob": "id done",
}

TYPES: dict[str, dict[str, Def]] = mapping_types(_PLAIN) | {
    "QueryRoot": QUERY,
    "Order": ORDER,
    "LineItem": LINE_ITEM,
    "OrderTransaction": TRANSACTION,
    "Refund": REFUND,
    "Fulfillment": FULFILLMENT,
    "FulfillmentOrder": FULFILLMENT_ORDER,
    "FulfillmentOrderLineItem": FULFILLMENT_ORDER_LINE,
    "Location": LOCATION,
    "MoneyBag": {"shopMoney": one("MoneyV2", lambda each: each["shopMoney"]),
                 "presentmentMoney": one("MoneyV2", lambda each: each["presentmentMoney"])},
    "OrderRiskSummary": keys("recommendation") | {"assessments": many("OrderRiskAssessment",
    lambda e: e["assessments"])},
    "TaxLine": keys("title rate ratePercentage source channelLiable") | {
        "priceSet": one("MoneyBag", lambda each: each["priceSet"])},
    "ShippingLine": keys("id title code source carrierIdentifier deliveryCategory phone custom isRemoved") | {
        name: one("MoneyBag", lambda each, name=name: each[name])  # type: ignore[misc]
        for name in ("originalPriceSet", "discountedPriceSet", "currentDiscountedPriceSet")} | {
        "taxLines": many("TaxLine", lambda each: each["taxLines"]),
        "discountAllocations": many("DiscountAllocation", lambda each: each["discountAllocations"])},
    "DiscountAllocation": {
        "allocatedAmountSet": one("MoneyBag", lambda each: each["allocatedAmountSet"]),
        "discountApplication": one("DiscountCodeApplication", lambda each: each["discountApplication"])},
    "OrderAdjustment": keys("id reason") | {
        "amountSet": one("MoneyBag", lambda each: each["amountSet"]),
        "taxAmountSet": one("MoneyBag", lambda each: each["taxAmountSet"])},
    "RefundLineItem": keys("id quantity restockType restocked") | {
        "lineItem": one("LineItem", lambda each: each["lineItem"])} | {
        name: one("MoneyBag", lambda each, name=name: each[name])  # type: ignore[misc]
        for name in ("subtotalSet", "totalTaxSet", "priceSet")},
    "FulfillmentLineItem": keys("id quantity") | {"lineItem": one("LineItem", lambda each: each["lineItem"])},
    "FulfillmentOrderAssignedLocation": keys("name countryCode address1 city zip province phone") | {
        "location": one("Location", lambda each: each["location"])},
    "ProductVariant": keys("id legacyResourceId sku title price displayName barcode inventoryQuantity") | {
        "inventoryItem": one("InventoryItem", lambda each: each["inventoryItem"])},
    "Shop": keys("id name myshopifyDomain email contactEmail currencyCode ianaTimezone timezoneAbbreviation "
                 "timezoneOffset url weightUnit taxesIncluded enabledPresentmentCurrencies") | {
        "plan": one("ShopPlan", lambda each: each["plan"]),
        "primaryDomain": one("Domain", lambda each: each["primaryDomain"])},
    "InventoryItem": keys("id sku requiresShipping tracked") | {
        "measurement": one("InventoryItemMeasurement", lambda each: each["measurement"])},
    "InventoryItemMeasurement": {"weight": one("Weight", lambda each: each["weight"])},
    "AppInstallation": keys("id") | {"accessScopes": many("AccessScope", lambda each: each["accessScopes"])},
    "WebhookSubscription": keys("id legacyResourceId topic format uri callbackUrl createdAt updatedAt includeFields "
                                "metafieldNamespaces filter") | {
        "apiVersion": one("ApiVersion", lambda each: each["apiVersion"]),
        "endpoint": one("WebhookHttpEndpoint", lambda each: each["endpoint"])},
}  # fmt: skip

# `formatted` is a list of strings: a leaf.
TYPES["MailingAddress"]["formatted"] = asked(
    "leaf", "", lambda each, _: each["formatted"], takes="withName withCompany"
)
TYPES["Customer"]["defaultEmailAddress"] = one("CustomerEmailAddress", lambda each: {"emailAddress": each["email"]})
TYPES["CustomerEmailAddress"] = keys("emailAddress")
