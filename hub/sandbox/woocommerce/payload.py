"""Orders and refunds as WooCommerce writes them, its habits included: local dates, money with too many decimals,
floating-point line prices, negative refunds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.model.money import exponent
from hub.sandbox.books import Address, Line, Refund, StoreOrder

SITE_OFFSET_SECONDS = 7200.0  # the shop's own clock runs two hours ahead of UTC


def gmt(now: float | None) -> str | None:
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%S") if now else None


def local(now: float | None) -> str | None:
    return gmt(now + SITE_OFFSET_SECONDS) if now else None


def two(amount: int, currency: str) -> str:
    """Always two decimals, whatever the currency has."""
    return f"{Decimal(amount).scaleb(-exponent(currency)):.2f}"


def order_document(order: StoreOrder, site: str) -> dict[str, Any]:
    """The payload of order.created and order.updated, and of GET orders/<id>."""
    sums, money = order.sums(), order.currency
    tax = two(sums.tax, money)
    return {
        "id": int(order.id), "parent_id": 0, "status": order.status, "currency": "Euro" if order.broken else money,
        "version": "9.4.2", "prices_include_tax": False, "date_created": local(order.placed_at),
        "date_modified": local(order.updated_at), "discount_total": two(sums.discount, money), "discount_tax": "0.00",
        "shipping_total": two(sums.shipping, money), "shipping_tax": "0.00", "cart_tax": tax,
        "total": two(sums.total, money), "total_tax": tax, "customer_id": 0,
        "order_key": f"wc_order_{int(order.id) * 7919:013x}", "billing": _address(order.billing, order),
        "shipping": _address(order.shipping), "payment_method": order.means.gateway,
        "payment_method_title": order.means.title, "transaction_id": str(order.meta.get("transaction_id", "")),
        "customer_ip_address": "198.51.100.7", "customer_user_agent": "Mozilla/5.0", "created_via": "checkout",
        "customer_note": order.note, "date_completed": local(order.completed_at), "date_paid": local(order.paid_at),
        "cart_hash": f"{int(order.id) * 104729:032x}", "number": str(order.number), "meta_data": meta_data(order),
        "line_items": [line_document(order, line) for line in order.lines if line.current],
        "tax_lines": _tax_lines(order, sums.tax), "shipping_lines": _shipping(order), "fee_lines": [],
        "coupon_lines": _coupons(order, sums.discount), "refunds": [_refund_stub(order,
        each) for each in order.refunds],
        "payment_url": f"{site}/checkout/order-pay/{order.id}/?pay_for_order=true",
        "is_editable": order.status in ("pending", "on-hold"), "needs_payment": order.status == "pending",
        "needs_processing": any(line.ships for line in order.lines), "date_created_gmt": gmt(order.placed_at),
        "date_modified_gmt": gmt(order.updated_at), "date_completed_gmt": gmt(order.completed_at),
        "date_paid_gmt": gmt(order.paid_at), "currency_symbol": {"EUR": "€", "JPY": "¥"}.get(money, "$"),
        "_links": _links(site, f"orders/{order.id}", "orders"),
    }  # fmt: skip


def meta_data(order: StoreOrder) -> list[dict[str, Any]]:
    """Plugins put anything here: strings, numbers, lists."""
    fixed: dict[str, Any] = {"is_vat_exempt": "no", "_wc_order_attribution_source_type": "typein"}
    members = fixed | {key: value for key, value in order.meta.items() if key.startswith("_")}
    if order.trackings:
        members["_wc_shipment_tracking_items"] = [_tracking_item(each) for each in order.trackings]
    base = int(order.id) * 40
    return [{"id": base + i, "key": key, "value": value} for i, (key, value) in enumerate(members.items())]


def _tracking_item(tracking: Mapping[str, Any]) -> dict[str, str]:
    """The Shipment Tracking plugin keeps its parcels here, the day as epoch seconds."""
    day = datetime.fromisoformat(tracking["date"]).replace(tzinfo=UTC)
    return {
        "tracking_provider": "", "custom_tracking_provider": tracking["provider"],
        "custom_tracking_link": tracking["link"], "tracking_number": tracking["number"],
        "date_shipped": str(int(day.timestamp())), "tracking_id": tracking["id"],
    }  # fmt: skip


def line_document(order: StoreOrder, line: Line) -> dict[str, Any]:
    gross, discount, tax = order.line_money(line, line.current)
    places = Decimal(10) ** exponent(order.currency)
    return {
        "id": int(line.id), "name": line.title, "product_id": int(line.product), "variation_id": 0,
        "quantity": line.current, "tax_class": "", "subtotal": two(gross, order.currency), "subtotal_tax": "0.00",
        "total": two(gross - discount, order.currency), "total_tax": two(tax, order.currency),
        "taxes": _taxes(order, tax), "meta_data": [], "sku": line.sku,
        "price": float(Decimal(gross - discount) / places / line.current) if line.current else 0,
        "image": {"id": "", "src": ""}, "parent_name": None,
    }  # fmt: skip


def _taxes(order: StoreOrder, tax: int) -> list[dict[str, Any]]:
    return (
        [{"id": 1, "total": two(tax, order.currency), "subtotal": two(tax, order.currency)}] if order.tax_points else []
    )


def _tax_lines(order: StoreOrder, tax: int) -> list[dict[str, Any]]:
    if not order.tax_points:
        return []
    return [
        {"id": int(order.id) * 10 + 9, "rate_code": "DE-VAT-1", "rate_id": 1, "label": "VAT", "compound": False,
         "tax_total": two(tax, order.currency), "shipping_tax_total": "0.00", "rate_percent": order.tax_points / 100,
         "meta_data": []}
    ]  # fmt: skip


def _shipping(order: StoreOrder) -> list[dict[str, Any]]:
    if not order.freight_title:
        return []
    amount = two(order.freight, order.currency)
    return [
        {"id": int(order.id) * 10 + 8, "method_title": order.freight_title, "method_id": order.freight_code,
         "instance_id": "3", "total": amount, "total_tax": "0.00", "taxes": [], "meta_data": []}
    ]  # fmt: skip


def _coupons(order: StoreOrder, discount: int) -> list[dict[str, Any]]:
    if not order.discount_code:
        return []
    return [
        {"id": int(order.id) * 10 + 7, "code": order.discount_code.lower(), "discount": two(discount, order.currency),
         "discount_tax": "0", "discount_type": "fixed_cart", "nominal_amount": 5, "free_shipping": False,
         "meta_data": []}
    ]  # fmt: skip


def _address(address: Address | None, order: StoreOrder | None = None) -> dict[str, str]:
    """Nothing is ever null in an address; what is missing is empty. Billing carries the e-mail."""
    fields = {
        "first_name": address.first if address else "", "last_name": address.last if address else "",
        "company": address.company if address else "", "address_1": address.street if address else "",
        "address_2": address.extra if address else "", "city": address.city if address else "",
        "state": address.region if address else "", "postcode": address.zip if address else "",
        "country": address.country if address else "",
    }  # fmt: skip
    if order is not None:
        fields["email"] = order.email
    return fields | {"phone": address.phone if address else ""}


def _refund_stub(order: StoreOrder, refund: Refund) -> dict[str, Any]:
    return {"id": int(refund.id), "reason": refund.reason, "total": "-" + two(refund.amount, order.currency)}


def refund_document(order: StoreOrder, refund: Refund, site: str, through_gateway: bool) -> dict[str, Any]:
    """What `orders/<id>/refunds` answers: the amount is positive there, its lines are negative."""
    lines = [(order.line(line_id), quantity) for line_id, quantity in refund.lines.items()]
    return {
        "id": int(refund.id), "parent_id": int(order.id), "date_created": local(refund.at),
        "date_created_gmt": gmt(refund.at),
        "amount": two(refund.amount, order.currency), "reason": refund.reason, "refunded_by": 1,
        "refunded_payment": through_gateway, "meta_data": [],
        "line_items": [_refunded_line(order, refund, line, quantity) for line, quantity in lines if line],
        "shipping_lines": [], "tax_lines": [], "fee_lines": [],
        "_links": _links(site, f"orders/{order.id}/refunds/{refund.id}", f"orders/{order.id}/refunds"),
    }  # fmt: skip


def _refunded_line(order: StoreOrder, refund: Refund, line: Line, quantity: int) -> dict[str, Any]:
    gross, discount, tax = order.line_money(line, quantity)
    return {
        "id": int(refund.id) + 1, "name": line.title, "product_id": int(line.product), "variation_id": 0,
        "quantity": -quantity, "tax_class": "", "subtotal": "-" + two(gross, order.currency), "subtotal_tax": "0.00",
        "total": "-" + two(gross - discount, order.currency), "total_tax": "-" + two(tax, order.currency), "taxes": [],
        "meta_data": [{"id": 1, "key": "_refunded_item_id", "value": line.id}], "sku": line.sku,
        "price": float(Decimal(gross) / quantity / 100) if quantity else 0,
    }  # fmt: skip


def tracking_document(order: StoreOrder, tracking: Mapping[str, Any], site: str) -> dict[str, Any]:
    return {
        "tracking_id": tracking["id"], "tracking_provider": tracking["provider"], "tracking_link": tracking["link"],
        "tracking_number": tracking["number"], "date_shipped": tracking["date"],
        "_links": _links(site, f"orders/{order.id}/shipment-trackings/{tracking['id']}",
                         f"orders/{order.id}/shipment-trackings"),
    }  # fmt: skip


def _links(site: str, itself: str, collection: str) -> dict[str, Any]:
    base = f"{site}/wp-json/wc/v3"
    return {"self": [{"href": f"{base}/{itself}"}], "collection": [{"href": f"{base}/{collection}"}]}
