"""Orders, refunds and fulfilments as Shopify's webhooks carry them (the REST shape)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from hub.model.money import major
from hub.sandbox.books import Address, Line, Refund, Sent, StoreOrder, Transaction
from hub.sandbox.shopify.rooms import left_from
from hub.sandbox.shopify.shaping import financial, fulfilled, gid, kept, rest_set

_ZONE = timezone(timedelta(hours=-5))  # shops write their own offset


def local(now: float | None) -> str | None:
    return datetime.fromtimestamp(int(now), _ZONE).isoformat() if now else None


def order_document(order: StoreOrder, domain: str) -> dict[str, Any]:
    """The payload of orders/*."""
    original, current = order.sums(current=False), order.sums()
    return (
        _identity(order, domain)
        | _totals(order)
        | {
            "total_discounts": major(original.discount, order.currency),
            "total_line_items_price": major(original.lines, order.currency),
            "subtotal_price": major(original.lines - original.discount, order.currency),
            "total_tax": major(original.tax, order.currency),
            "total_price": major(original.total, order.currency),
            "current_total_price": major(0 if order.cancelled_at else current.total, order.currency),
            "current_subtotal_price": major(current.lines - current.discount, order.currency),
            "current_total_discounts": major(current.discount, order.currency),
            "current_total_tax": major(current.tax, order.currency),
            "total_outstanding": major(max(0, order.due - order.received), order.pays_in),
            "total_tip_received": major(0, order.currency),
            "tax_lines": _taxes(order, original.tax, order.sums(False, True).tax),
            "billing_address": _address(order.billing),
            "shipping_address": _address(order.shipping),
            "customer": _customer(order),
            "discount_codes": _codes(order),
            "discount_applications": _applications(order),
            "line_items": [line_document(order, line) for line in order.lines],
            "shipping_lines": _freight(order),
            "fulfillments": [fulfillment_document(order, sent) for sent in order.sent],
            "refunds": [refund_document(order, refund) for refund in order.refunds],
            "payment_terms": None,
            "returns": [],
        }
    )


def _identity(order: StoreOrder, domain: str) -> dict[str, Any]:
    status = fulfilled(order)
    return {
        "id": int(order.id), "admin_graphql_api_id": gid("Order", order.id), "app_id": 580111, "browser_ip": None,
        "buyer_accepts_marketing": False, "cancel_reason": "customer" if order.cancelled_at else None,
        "cancelled_at": local(order.cancelled_at), "cart_token": None, "checkout_id": int(order.id) - 3,
        "checkout_token": order.id[::-1], "client_details": None, "closed_at": local(order.closed_at), "company": None,
        "confirmation_number": f"R{int(order.id) % 10**9:09d}", "confirmed": True, "contact_email": order.email or None,
        "created_at": local(order.placed_at), "currency": order.currency, "customer_locale": "en", "device_id": None,
        "duties_included": False, "email": order.email, "estimated_taxes": False,
        "financial_status": financial(order).lower(),
        "fulfillment_status": {"UNFULFILLED": None, "FULFILLED": "fulfilled"}.get(status, "partial"),
        "landing_site": "/", "landing_site_ref": None, "location_id": None, "merchant_of_record_app_id": None,
        "name": order.name, "note": order.note or None,
        "note_attributes": [{"name": name, "value": value} for name, value in order.attributes.items()],
        "number": order.number - 1000, "order_number": order.number,
        "order_status_url": f"https://{domain}/orders/{order.id}/authenticate",
        "payment_gateway_names": [] if order.means.kind == "zero" else [order.means.gateway],
        "phone": order.phone or None, "po_number": None, "presentment_currency": order.pays_in,
        "processed_at": local(order.placed_at), "reference": None, "referring_site": "", "source_identifier": None,
        "source_name": "web", "source_url": None, "tags": ", ".join(order.tags), "tax_exempt": False,
        "taxes_included": False, "test": order.test, "token": order.id[::-1],
        "total_weight": sum(line.grams * line.quantity for line in order.lines), "updated_at": local(order.updated_at),
        "user_id": None,
    }  # fmt: skip


def _totals(order: StoreOrder) -> dict[str, Any]:
    documents: dict[str, Any] = {}
    for prefix, now in (("", False), ("current_", True)):
        shop, shown = order.sums(now), order.sums(now, presented=True)
        documents |= {
            f"{prefix}subtotal_price_set": rest_set(order, shop.lines - shop.discount, shown.lines - shown.discount),
            f"{prefix}total_price_set": rest_set(order, shop.total, shown.total),
            f"{prefix}total_tax_set": rest_set(order, shop.tax, shown.tax),
            f"{prefix}total_discounts_set": rest_set(order, shop.discount, shown.discount),
            f"{prefix}total_duties_set" if prefix else "original_total_duties_set": None,
        }
    shop, shown = order.sums(), order.sums(presented=True)
    return documents | {
        "total_line_items_price_set": rest_set(order, order.sums(False).lines, order.sums(False, True).lines),
        "total_shipping_price_set": rest_set(order, shop.shipping, shown.shipping),
        "current_shipping_price_set": rest_set(order, shop.shipping, shown.shipping),
        "total_cash_rounding_payment_adjustment_set": rest_set(order, 0),
        "total_cash_rounding_refund_adjustment_set": rest_set(order, 0),
    }


def line_document(order: StoreOrder, line: Line, quantity: int | None = None) -> dict[str, Any]:
    """One line; `quantity` where a fulfilment or refund speaks of some of its units."""
    _, discount, tax = order.line_money(line, line.quantity)
    _, shown_discount, shown_tax = order.line_money(line, line.quantity, presented=True)
    sent = "fulfilled" if line.sent and not line.left else "partial" if line.sent else None
    return {
        "id": int(line.id), "admin_graphql_api_id": gid("LineItem", line.id), "attributed_staffs": [],
        "current_quantity": kept(order, line), "fulfillable_quantity": line.left, "fulfillment_service": "manual",
        "fulfillment_status": sent, "gift_card": False, "grams": line.grams, "name": line.title,
        "price": major(line.price, order.currency), "price_set": rest_set(order, line.price), "product_exists": True,
        "product_id": int(line.product), "properties": [], "quantity": line.quantity if quantity is None else quantity,
        "requires_shipping": line.ships, "sku": line.sku, "taxable": True, "title": line.title,
        "total_discount": "0.00", "total_discount_set": rest_set(order, 0), "variant_id": int(line.variant),
        "variant_inventory_management": "shopify", "variant_title": None, "vendor": None,
        "tax_lines": _taxes(order, tax, shown_tax), "duties": [],
        "discount_allocations": [
            {"amount": major(discount, order.currency), "amount_set": rest_set(order, discount, shown_discount),
             "discount_application_index": 0}
        ] if line.discount else [],
    }  # fmt: skip


def _taxes(order: StoreOrder, amount: int, shown: int) -> list[dict[str, Any]]:
    if not order.tax_points:
        return []
    return [
        {"channel_liable": False, "price": major(amount, order.currency), "price_set": rest_set(order, amount, shown),
         "rate": order.tax_points / 10_000, "title": "Sales tax"}
    ]  # fmt: skip


def _codes(order: StoreOrder) -> list[dict[str, str]]:
    if not order.discount_code:
        return []
    amount = major(order.sums(False).discount, order.currency)
    return [{"code": order.discount_code, "amount": amount, "type": "fixed_amount"}]


def _applications(order: StoreOrder) -> list[dict[str, str]]:
    return [
        {"target_type": "line_item", "type": "discount_code", "value": each["amount"], "value_type": "fixed_amount",
         "allocation_method": "across", "target_selection": "all", "code": each["code"]}
        for each in _codes(order)
    ]  # fmt: skip


def _freight(order: StoreOrder) -> list[dict[str, Any]]:
    if not order.freight_title:
        return []
    price, amount = rest_set(order, order.freight), major(order.freight, order.currency)
    return [
        {"id": int(order.id) + 11, "carrier_identifier": None, "code": order.freight_code,
         "current_discounted_price_set": price, "discounted_price": amount, "discounted_price_set": price,
         "delivery_category": "pickup" if order.pickup else None, "is_removed": False, "phone": None, "price": amount,
         "price_set": price, "requested_fulfillment_service_id": None, "source": "shopify",
         "title": order.freight_title,
         "tax_lines": [], "discount_allocations": []}
    ]  # fmt: skip


def _address(address: Address | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "first_name": address.first, "address1": address.street, "phone": address.phone or None, "city": address.city,
        "zip": address.zip or None, "province": address.region_name or None, "country": address.country_name or None,
        "last_name": address.last, "address2": address.extra or None, "company": address.company or None,
        "latitude": None, "longitude": None, "name": address.name, "country_code": address.country or None,
        "province_code": address.region or None,
    }  # fmt: skip


def _customer(order: StoreOrder) -> dict[str, Any] | None:
    if not order.email:
        return None
    number = int(order.id) % 10**12
    home = _address(order.billing) or {}
    return {
        "id": number, "admin_graphql_api_id": gid("Customer", number), "email": order.email,
        "created_at": local(order.placed_at), "updated_at": local(order.placed_at), "first_name": order.first,
        "last_name": order.last, "state": "disabled", "note": None, "verified_email": True,
        "multipass_identifier": None, "tax_exempt": False, "phone": None, "currency": order.currency,
        "tax_exemptions": [], "tags": "",
        "email_marketing_consent": {"state": "not_subscribed", "opt_in_level": "single_opt_in",
        "consent_updated_at": None},
        "sms_marketing_consent": None,
        "default_address": home | {"id": number + 1, "customer_id": number, "country_name": home.get("country"),
                                   "default": True},
    }  # fmt: skip


def fulfillment_document(order: StoreOrder, sent: Sent) -> dict[str, Any]:
    """The payload of fulfillments/*."""
    lines = [(order.line(line_id), quantity) for line_id, quantity in sent.lines.items()]
    return {
        "id": int(sent.id), "admin_graphql_api_id": gid("Fulfillment", sent.id), "created_at": local(sent.at),
        "email": order.email, "location_id": int(left_from(order, sent).id),
        "name": f"{order.name}-F{order.sent.index(sent) + 1}",
        "order_id": int(order.id), "origin_address": {}, "receipt": {}, "service": "manual", "shipment_status": None,
        "status": sent.status, "tracking_company": sent.company or None, "tracking_number": sent.number or None,
        "tracking_numbers": [sent.number] if sent.number else [], "tracking_url": sent.url or None,
        "tracking_urls": [sent.url] if sent.url else [], "updated_at": local(sent.at),
        "destination": _address(order.shipping),
        "line_items": [line_document(order, line, quantity) for line, quantity in lines if line],
    }  # fmt: skip


def refund_document(order: StoreOrder, refund: Refund) -> dict[str, Any]:
    """The payload of refunds/create."""
    moved = [each for each in order.transactions if each.id == refund.transaction]
    return {
        "id": int(refund.id), "admin_graphql_api_id": gid("Refund", refund.id), "created_at": local(refund.at),
        "note": refund.reason or None, "order_id": int(order.id), "processed_at": local(refund.at), "restock": False,
        "user_id": None, "duties": [], "additional_fees": [], "return": None, "refund_shipping_lines": [],
        "total_duties_set": rest_set(order, 0),
        "transactions": [_transaction(order, each) for each in moved],
        "refund_line_items": [_refund_line(order, refund, line_id, units) for line_id, units in refund.lines.items()],
        "order_adjustments": [] if refund.lines else [_adjustment(order, refund)],
    }  # fmt: skip


def _refund_line(order: StoreOrder, refund: Refund, line_id: str, quantity: int) -> dict[str, Any]:
    line = order.line(line_id)
    if line is None:
        return {}
    gross, discount, tax = order.line_money(line, quantity)
    return {
        "id": int(refund.id) + int(line.id) % 1000, "line_item_id": int(line.id), "location_id": None,
        "quantity": quantity, "restock_type": "cancel" if order.cancelled_at else "no_restock",
        "subtotal": major(gross - discount, order.currency), "subtotal_set": rest_set(order, gross - discount),
        "total_tax": major(tax, order.currency), "total_tax_set": rest_set(order, tax),
        "line_item": line_document(order, line),
    }  # fmt: skip


def _adjustment(order: StoreOrder, refund: Refund) -> dict[str, Any]:
    """Money given back for no line in particular is an adjustment, with a minus."""
    amount = {"amount": "-" + major(refund.amount, order.pays_in), "currency_code": order.pays_in}
    return {
        "id": int(refund.id) + 1, "amount": amount["amount"], "amount_set": {"shop_money": amount,
        "presentment_money": amount},
        "kind": "refund_discrepancy", "order_id": int(order.id), "reason": "Refund discrepancy",
        "refund_id": int(refund.id), "tax_amount": major(0, order.pays_in),
    }  # fmt: skip


def _transaction(order: StoreOrder, each: Transaction) -> dict[str, Any]:
    return {
        "id": int(each.id), "admin_graphql_api_id": gid("OrderTransaction", each.id),
        "amount": major(each.amount, each.currency), "authorization": None, "created_at": local(each.at),
        "currency": each.currency, "device_id": None, "error_code": None, "gateway": each.gateway, "kind": each.kind,
        "location_id": None, "message": None, "order_id": int(order.id),
        "parent_id": int(each.parent) if each.parent else None,
        "payment_id": f"r{each.id}", "processed_at": local(each.at), "receipt": {}, "source_name": "580111",
        "status": each.status, "test": order.test, "user_id": None,
    }  # fmt: skip
