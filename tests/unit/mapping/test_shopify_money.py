"""Shopify's money: currencies, taxes, tips, who holds the payment, refunds."""

from __future__ import annotations

from typing import Any

import pytest

from hub.model.order import Order, Payment

NAME = "shopify-order"


@pytest.fixture
def order(told: Any, base: Any) -> Any:
    """The order that the first example becomes with some changes."""

    def make(**changes: Any) -> Order:
        return told(NAME, base(NAME, **changes))  # type: ignore[no-any-return]

    return make


def line(base: Any, **changes: Any) -> dict[str, Any]:
    return {**base(NAME)["line_items"][0], **changes}


def bag(amount: str, currency: str = "USD", *, shown: str = "", shown_currency: str = "") -> dict[str, Any]:
    return {
        "shop_money": {"amount": amount, "currency_code": currency},
        "presentment_money": {"amount": shown or amount, "currency_code": shown_currency or currency},
    }


def paid(order: Order) -> Payment:
    (payment,) = order.payments
    return payment


def test_presentment_currency_is_kept_beside_the_shops(order: Any) -> None:
    both = bag("48.10", shown="65.97", shown_currency="CAD")
    made = order(total_price_set=both, current_total_price_set=both, presentment_currency="CAD")
    assert (made.currency, made.total("total")) == ("USD", 4810)
    assert (made.presentment_currency, made.presentment_total) == ("CAD", 6597)
    assert (paid(made).currency, paid(made).authorized) == ("CAD", 6597)


def test_a_buyers_currency_without_decimals(order: Any) -> None:
    both = bag("48.10", shown="7130", shown_currency="JPY")
    made = order(total_price_set=both, current_total_price_set=both)
    assert (paid(made).currency, paid(made).authorized) == ("JPY", 7130)


def test_a_shop_in_yen_that_writes_decimals(order: Any, base: Any) -> None:
    yen = dict.fromkeys(("total_price", "current_total_price", "subtotal_price", "current_subtotal_price"), "733300.00")
    made = order(
        currency="JPY",
        **yen,
        total_price_set=None,
        current_total_price_set=None,
        total_tax="0.00",
        current_total_tax="0",
        shipping_lines=[],
        discount_codes=[],
        line_items=[
            line(base, price="733300.0", quantity=1, current_quantity=1, discount_allocations=[], tax_lines=[])
        ],
    )
    assert made.total("total") == 733300
    assert made.line_items[0].item.price == 733300
    assert made.messages == []


def test_taxes_included_are_not_added_again(order: Any) -> None:
    made = order(taxes_included=True, total_price="44.90", current_total_price="44.90")
    assert made.taxes_included
    assert made.messages == []
    assert order(taxes_included=True).messages[0].code == "unbalanced"


def test_discounts_of_lines_and_of_shipping(order: Any) -> None:
    made = order(shipping_lines=[{"title": "Ground", "price": "9.90", "discounted_price": "4.90"}])
    assert made.total("discount") == -400
    assert made.total("fulfillment") == 490
    assert made.messages == []


def test_a_removed_shipping_line_costs_nothing(order: Any, base: Any) -> None:
    gone = {"title": "Express", "price": "20.00", "discounted_price": "20.00", "is_removed": True}
    assert order(shipping_lines=[gone, *base(NAME)["shipping_lines"]]).messages == []


def test_a_tip_is_no_line(order: Any, base: Any) -> None:
    tip = {"id": 3, "name": "Tip", "quantity": 1, "price": "5.00", "requires_shipping": False, "tip": {"gateway": "x"}}
    made = order(
        line_items=[*base(NAME)["line_items"], tip],
        total_tip_received="5.00",
        total_price="53.10",
        current_total_price="53.10",
    )
    assert len(made.line_items) == 2
    assert made.total("tip") == 500
    assert made.messages == []


def test_duties_and_fees(order: Any) -> None:
    made = order(
        current_total_duties_set=bag("3.00"),
        current_total_additional_fees_set=bag("1.00"),
        total_price="52.10",
        current_total_price="52.10",
    )
    assert made.total("fee") == 400
    assert made.messages == []


def test_a_gift_card_line_is_digital_and_one_paid_with_is_a_payment(order: Any, base: Any) -> None:
    made = order(
        line_items=[line(base, gift_card=True)],
        payment_gateway_names=["gift_card", "shopify_payments"],
        total_outstanding="30.00",
    )
    assert not made.line_items[0].requires_shipping
    assert made.fulfillment.expectations[0].method_type == "digital"
    card, gateway = made.payments
    assert (card.custodian, card.authorized) == ("gift_card", 0)
    assert (gateway.custodian, gateway.status, gateway.authorized) == ("storefront", "authorized", 3000)


@pytest.mark.parametrize(
    ("financial", "gateways", "custodian", "status", "authorized", "captured"),
    [
        ("authorized", ["shopify_payments"], "storefront", "authorized", 4810, 0),
        ("authorized", ["some_card_gateway"], "storefront", "authorized", 4810, 0),
        ("paid", ["shopify_payments"], "storefront", "captured", 4810, 4810),
        ("paid", ["some_card_gateway"], "storefront", "captured", 4810, 4810),
        ("paid", [], "storefront", "captured", 4810, 4810),
        ("partially_paid", ["paypal"], "storefront", "partially_captured", 4810, 2810),
        ("voided", ["shopify_payments"], "storefront", "voided", 4810, 0),
        ("expired", ["shopify_payments"], "storefront", "expired", 4810, 0),
        ("pending", ["shopify_payments"], "storefront", "pending", 0, 0),
        ("pending", ["Bank Deposit"], "bank_transfer", "pending", 0, 0),
        ("paid", ["Bank Deposit"], "bank_transfer", "captured", 4810, 4810),
        ("pending", ["manual"], "bank_transfer", "pending", 0, 0),
        ("pending", ["Cash on Delivery (COD)"], "cash_on_delivery", "pending", 0, 0),
        ("pending", ["Meadow Points"], "unknown", "pending", 0, 0),
        ("pending", ["My House Bank"], "bank_transfer", "pending", 0, 0),
        ("something new", ["shopify_payments"], "storefront", "pending", 0, 0),
    ],
)
def test_custody(
    told: Any,
    base: Any,
    financial: str,
    gateways: list[str],
    custodian: str,
    status: str,
    authorized: int,
    captured: int,
) -> None:
    source = base(NAME, financial_status=financial, payment_gateway_names=gateways, total_outstanding="20.00")
    payment = paid(told(NAME, source, payment_methods={"My House Bank": "bank_transfer"}))
    assert (payment.custodian, payment.status) == (custodian, status)
    assert (payment.authorized, payment.captured) == (authorized, captured)


def test_cash_on_delivery_goes_with_its_amount(order: Any) -> None:
    cash = ["Cash on Delivery (COD)"]
    assert order(financial_status="pending", payment_gateway_names=cash).cod_amount == 4810
    assert order(financial_status="paid", payment_gateway_names=cash).cod_amount is None
    assert order().cod_amount is None


def test_payment_on_terms(order: Any) -> None:
    made = order(financial_status="pending", payment_terms={"payment_terms_name": "Net 30"}, payment_gateway_names=[])
    assert (paid(made).custodian, paid(made).method, paid(made).authorized) == ("terms", "Net 30", 0)


def test_nothing_to_pay(order: Any, base: Any) -> None:
    free = {key: "0.00" for key in base(NAME) if key.endswith(("_price", "total_tax"))}
    made = order(
        financial_status="paid",
        payment_gateway_names=[],
        **free,
        shipping_lines=[],
        line_items=[line(base, price="0.00", discount_allocations=[], tax_lines=[])],
        total_price_set=bag("0.00"),
        current_total_price_set=bag("0.00"),
    )
    assert made.payments == []
    assert made.total("total") == 0


def test_the_intent_outlives_what_shopify_thinks(order: Any) -> None:
    attributes = [{"name": "stripe_payment_intent", "value": " pi_1 "}, {"name": "x", "value": None}]
    made = order(note_attributes=attributes, payment_gateway_names=["Card (external)"], financial_status="paid")
    assert (paid(made).id, paid(made).reference, paid(made).status) == ("pi_1", "pi_1", "captured")
    assert paid(made).custodian == "provider"


def refund(**changes: Any) -> dict[str, Any]:
    return {
        "id": 91,
        "order_id": 5511000000001,
        "created_at": "2026-03-04T10:00:00Z",
        "note": "torn",
        "refund_line_items": [{"line_item_id": 14400000000001, "quantity": 1, "restock_type": "no_restock"}],
        "transactions": [
            {"kind": "refund", "status": "success", "amount": "10.80", "currency": "USD", "gateway": "shopify_payments"}
        ],
        **changes,
    }


def test_a_refund_in_part(order: Any, base: Any) -> None:
    made = order(
        financial_status="partially_refunded",
        refunds=[refund()],
        current_total_price="37.30",
        line_items=[line(base, current_quantity=1), base(NAME)["line_items"][1]],
    )
    assert (paid(made).status, paid(made).captured, paid(made).refunded) == ("partially_refunded", 4810, 1080)
    assert made.total("total") == 4810  # what it came to, less the refund that is told beside it
    assert made.adjustments[0].amount == 1080
    assert made.line_items[0].quantity.total == 1  # counted once, though both places tell of it
    assert made.messages == []


def test_a_refund_without_lines_and_one_that_failed(order: Any) -> None:
    failed = refund(id=92, transactions=[{"kind": "refund", "status": "failure", "amount": "5.00", "currency": "USD"}])
    made = order(refunds=[refund(refund_line_items=[]), failed], financial_status="partially_refunded")
    assert made.adjustments[0].line_items == []
    assert [(one.status, one.amount) for one in made.adjustments] == [("completed", 1080), ("failed", 0)]
    assert paid(made).refunded == 1080


def test_a_refund_in_the_buyers_currency_is_told_in_the_shops(order: Any) -> None:
    both = bag("48.10", shown="65.97", shown_currency="CAD")
    half = refund(transactions=[{"kind": "refund", "status": "success", "amount": "32.985", "currency": "CAD"}])
    made = order(
        total_price_set=both, current_total_price_set=both, refunds=[half], financial_status="partially_refunded"
    )
    assert made.adjustments[0].amount == 2405
    assert (paid(made).currency, paid(made).refunded) == ("CAD", 3299)


def test_graphql_payments_by_their_transactions(told: Any, base: Any) -> None:
    name = "shopify-order-graphql"
    source = base(name, displayFinancialStatus="PAID", paymentGatewayNames=["gift_card", "shopify_payments"])

    def moved(kind: str, gateway: str, amount: str, status: str = "SUCCESS") -> dict[str, Any]:
        money = {"presentmentMoney": {"amount": amount, "currencyCode": "USD"}}
        return {
            "id": f"gid://shopify/OrderTransaction/{kind}",
            "kind": kind,
            "status": status,
            "gateway": gateway,
            "amountSet": money,
        }

    source["transactions"] = [
        moved("SALE", "gift_card", "18.1"),
        moved("AUTHORIZATION", "shopify_payments", "30.0"),
        moved("CAPTURE", "shopify_payments", "30.0"),
        moved("CAPTURE", "shopify_payments", "30.0", "FAILURE"),
    ]
    card, gateway = told(name, source).payments
    assert (card.custodian, card.captured) == ("gift_card", 1810)
    assert (gateway.captured, gateway.reference) == (3000, "gid://shopify/OrderTransaction/CAPTURE")


def test_graphql_a_tip_is_no_line(told: Any, base: Any) -> None:
    name = "shopify-order-graphql"
    source = base(name, totalTipReceivedSet={"shopMoney": {"amount": "5.0"}})
    source["lineItems"]["nodes"].append(
        {
            "id": "gid://shopify/LineItem/9",
            "title": "Tip",
            "quantity": 1,
            "variant": None,
            "product": None,
            "originalUnitPriceSet": {"shopMoney": {"amount": "5.0"}},
            "requiresShipping": False,
        }
    )
    for key in ("totalPriceSet", "currentTotalPriceSet"):
        source[key]["shopMoney"]["amount"] = "53.1"
    made = told(name, source)
    assert len(made.line_items) == 2
    assert made.messages == []
