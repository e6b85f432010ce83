"""WooCommerce's money and states: amounts, statuses, who holds the payment, refunds."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from hub.language.decode import canonical_json, decode_json
from hub.mapping.load import Mapping
from hub.mapping.translator import translate, translate_document
from hub.model.merge import join, order_of
from hub.model.order import Order, Payment

NAME = "woocommerce-order"
UNCAPTURED = {"key": "_intention_status", "value": "requires_capture"}


@pytest.fixture
def order(told: Any, base: Any) -> Any:
    """The order that the first example (a transfer is awaited) becomes with some changes."""

    def make(**changes: Any) -> Order:
        return told(NAME, base(NAME, **changes))  # type: ignore[no-any-return]

    return make


def line(base: Any, **changes: Any) -> dict[str, Any]:
    return {**base(NAME)["line_items"][0], **changes}


def paid(order: Order) -> Payment:
    (payment,) = order.payments
    return payment


def test_yen_with_two_decimals(order: Any, base: Any) -> None:
    made = order(
        currency="JPY",
        total="733300.00",
        total_tax="0.00",
        line_items=[
            line(base, subtotal="733300.00", total="733300.00", total_tax="0.00", quantity=100000, price=7.333)
        ],
        shipping_lines=[],
        fee_lines=[],
    )
    assert made.total("total") == 733300
    assert paid(made).currency == "JPY"
    assert made.messages == []


def test_a_line_price_that_is_a_binary_float(mappings: dict[str, Mapping], base: Any) -> None:
    raw = canonical_json(base(NAME)).replace(b'"price":6.599666666666667', b'"price":6.599666666666667')
    assert decode_json(raw)["line_items"][0]["price"] != 6.599666666666667  # a Decimal, to the last digit
    made = translate(mappings[NAME], raw, {}).entities[0].document["line_items"][0]
    assert made["item"]["price"] == 733  # 22.00 / 3, before the discount
    free = translate_document(mappings[NAME], base(NAME, line_items=[line(base, subtotal="")]), {}).entities[0]
    assert free.document["line_items"][0]["item"]["price"] == 660


@pytest.mark.parametrize(
    ("status", "paid_at", "standing", "state"),
    [
        ("checkout-draft", None, "draft", "pending"),
        ("auto-draft", None, "draft", "pending"),
        ("pending", None, "pending", "pending"),
        ("failed", None, "pending", "failed"),
        ("on-hold", None, "pending", "pending"),
        ("on-hold", "2026-03-01T10:00:00", "on_hold", "captured"),
        ("processing", "2026-03-01T10:00:00", "open", "captured"),
        ("completed", "2026-03-01T10:00:00", "completed", "captured"),
        ("cancelled", None, "cancelled", "voided"),
        ("cancelled", "2026-03-01T10:00:00", "cancelled", "captured"),
        ("refunded", "2026-03-01T10:00:00", "cancelled", "refunded"),
        ("trash", None, "deleted", "pending"),
        ("packed-by-hand", "2026-03-01T10:00:00", "on_hold", "captured"),
        ("ready-for-pickup", "2026-03-01T10:00:00", "open", "captured"),
    ],
)
def test_every_status(told: Any, base: Any, status: str, paid_at: str | None, standing: str, state: str) -> None:
    source = base(NAME, status=status, date_paid_gmt=paid_at)
    made = told(NAME, source, statuses={"ready-for-pickup": "open"})
    assert (made.standing, paid(made).status, made.source_status) == (standing, state, status)
    assert [message.code for message in made.messages] == ["unknown_status"] * (status == "packed-by-hand")


def test_refunded_after_it_was_completed(order: Any) -> None:
    done = order(status="refunded", date_paid_gmt="2026-03-01T10:00:00", date_completed_gmt="2026-03-02T10:00:00")
    assert done.standing == "completed"


@pytest.mark.parametrize(
    ("method", "changes", "custodian", "state"),
    [
        ("bacs", {}, "bank_transfer", "pending"),
        ("cheque", {}, "bank_transfer", "pending"),
        ("cod", {"status": "processing"}, "cash_on_delivery", "pending"),
        ("cod", {"status": "completed"}, "cash_on_delivery", "captured"),
        ("stripe", {"date_paid_gmt": "2026-03-01T10:00:00", "status": "processing"}, "storefront", "captured"),
        ("stripe", {"transaction_id": "pi_9"}, "provider", "authorized"),
        ("stripe_sepa", {"transaction_id": "pi_9", "date_paid_gmt": "2026-03-01T10:00:00"}, "provider", "captured"),
        ("stripe", {"status": "pending"}, "storefront", "pending"),
        ("paypal", {"date_paid_gmt": "2026-03-01T10:00:00", "status": "processing"}, "storefront", "captured"),
        ("woocommerce_payments", {"meta_data": [UNCAPTURED]}, "storefront", "authorized"),
        ("meadow_points", {}, "unknown", "pending"),
        ("meadow_points", {"status": "processing"}, "unknown", "pending"),
        ("meadow_points", {"status": "pending"}, "storefront", "pending"),
        ("meadow_points", {"date_paid_gmt": "2026-03-01T10:00:00"}, "storefront", "captured"),
        ("invoice", {"status": "processing"}, "terms", "pending"),
        ("", {"status": "pending"}, "storefront", "pending"),
        ("", {"date_paid_gmt": "2026-03-01T10:00:00", "status": "processing"}, "storefront", "captured"),
    ],
)  # fmt: skip
def test_custody(told: Any, base: Any, method: str, changes: dict[str, Any], custodian: str, state: str) -> None:
    source = base(NAME, payment_method=method, **changes)
    payment = paid(told(NAME, source, payment_methods={"invoice": "terms"}))
    assert (payment.custodian, payment.status) == (custodian, state)
    assert payment.authorized == (3720 if state in ("authorized", "captured") else 0)
    assert payment.captured == (3720 if state == "captured" else 0)


def test_an_intent_of_a_gateway_that_is_not_stripes_is_not_ours(order: Any) -> None:
    meta = [{"key": "_intent_id", "value": "pi_1"}, {"key": "_stripe_intent_id", "value": "pi_2"}]
    made = order(payment_method="woocommerce_payments", meta_data=meta, date_paid_gmt="2026-03-01T10:00:00")
    assert (paid(made).custodian, paid(made).provider) == ("storefront", None)


def test_cash_on_delivery_goes_with_its_amount(order: Any) -> None:
    assert order(payment_method="cod", status="processing").cod_amount == 3720
    assert order(payment_method="cod", status="processing", date_paid_gmt="2026-03-01T10:00:00").cod_amount is None
    assert order().cod_amount is None


def test_test_payments_make_a_test_order(order: Any) -> None:
    assert order(meta_data=[{"key": "_wcpay_mode", "value": "test"}]).test
    assert not order(meta_data=[{"key": "_wcpay_mode", "value": "prod"}]).test


def test_gift_cards_are_taken_off_the_total(order: Any) -> None:
    made = order(gift_cards=[{"id": 2, "amount": 20}, {"id": 3, "amount": "10.00"}], total="7.20")
    assert made.total("store_credit") == -3000
    assert made.messages == []


def test_a_refund_is_negative_and_leaves_the_total(told: Any, base: Any, mappings: dict[str, Mapping]) -> None:
    source = base(
        NAME,
        status="processing",
        date_paid_gmt="2026-03-01T10:00:00",
        refunds=[{"id": 39, "reason": "damaged", "total": "-19.99"}],
    )
    made = told(NAME, source)
    assert made.total("total") == 3720
    assert (paid(made).status, paid(made).refunded) == ("partially_refunded", 1999)
    assert (made.adjustments[0].amount, made.adjustments[0].reason) == (1999, "damaged")
    assert made.line_items[0].quantity.total == 3  # which units it was for is not said here


def test_full_refunds_in_the_place_of_stubs(told: Any, base: Any) -> None:
    full = {
        "id": 39,
        "date_created_gmt": "2026-03-02T10:00:00",
        "amount": "7.33",
        "reason": "",
        "line_items": [
            {"id": 1, "quantity": -1, "meta_data": [{"key": "_refunded_item_id", "value": "40"}]},
            {"id": 2, "quantity": 0, "meta_data": [{"key": "_refunded_item_id", "value": "41"}]},
            {"id": 3, "quantity": -1, "meta_data": []},
        ],
    }
    made = told(NAME, base(NAME, refunds=[full], date_paid_gmt="2026-03-01T10:00:00"))
    assert made.line_items[0].quantity.total == 2
    assert [one.model_dump() for one in made.adjustments[0].line_items] == [{"id": "40", "quantity": 1}]


def test_a_stub_never_hides_what_is_known_of_a_refund(mappings: dict[str, Mapping], base: Any) -> None:
    """The refund was read in full; later snapshots name it only by its amount. In every order, each told twice."""
    refund = {
        "id": 39,
        "parent_id": 512,
        "date_created_gmt": "2026-03-02T10:00:00",
        "amount": "7.33",
        "line_items": [{"quantity": -1, "meta_data": [{"key": "_refunded_item_id", "value": "40"}]}],
    }
    stub = [{"id": 39, "reason": "", "total": "-7.33"}]
    told = []
    for name, source in (
        (NAME, base(NAME)),
        (NAME, base(NAME, status="processing", date_paid_gmt="2026-03-01T10:00:01", refunds=stub)),
        (NAME, base(NAME, date_modified_gmt="2026-03-03T10:00:00", refunds=stub)),
        ("woocommerce-refund", refund),
    ):
        told.append(translate_document(mappings[name], source, {}).entities)
    ends = set()
    for sequence in itertools.permutations(told):
        facts: dict[str, Any] = {}
        for entity in (entity for entities in (*sequence, sequence[0]) for entity in entities):
            facts = join(facts, entity)
        made = order_of(facts)
        assert made is not None
        assert made.line_items[0].quantity.total == 2
        ends.add(made.model_dump_json())
    assert len(ends) == 1


def test_a_pricier_status_in_the_same_second_is_the_later_one(mappings: dict[str, Mapping], base: Any) -> None:
    statuses = ["pending", "on-hold", "processing", "completed", "refunded", "trash"]
    versions = [translate_document(mappings[NAME], base(NAME, status=one), {}).entities[0].version for one in statuses]
    assert versions == sorted(versions)
    assert len(set(versions)) == len(versions)


def test_sums_that_miss_the_total_are_flagged(order: Any) -> None:
    (message,) = order(total="50.00").messages
    assert message.code == "unbalanced"
    assert "50.00 EUR" in message.text
    assert "37.20 EUR" in message.text
    assert order(total="37.21").messages == []  # a cent for each line is rounding
