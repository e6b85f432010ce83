"""What is odd about Shopify's orders, one test each. Numbers in brackets are the threads' where it was met."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest

from hub.language.decode import canonical_json
from hub.mapping.load import Mapping
from hub.mapping.translator import translate, translate_document
from hub.model.merge import join, order_of
from hub.model.message import Entity
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


def test_a_deleted_product(order: Any, base: Any) -> None:
    gone = line(base, product_id=None, variant_id=None, product_exists=False)
    made = order(line_items=[gone])
    assert made.line_items[0].item.id is None
    assert made.line_items[0].item.sku == "WH-MUG"


def test_a_custom_line_has_neither_variant_nor_sku(order: Any) -> None:
    custom = order().line_items[1]
    assert (custom.item.id, custom.item.sku, custom.item.title) == (None, None, "Wrapping by hand")
    assert custom.requires_shipping


def test_no_customer_and_no_addresses(order: Any) -> None:
    made = order(customer=None, billing_address=None, shipping_address=None, email="", contact_email=None, phone=None)
    assert made.buyer.email is None
    assert made.billing_destination is None
    assert made.destination is None


def test_an_edit_leaves_the_ordered_quantity_and_lowers_the_current_one(order: Any, base: Any) -> None:
    edited = order(
        line_items=[line(base, current_quantity=1, fulfillable_quantity=1), line(base, id=2, current_quantity=0)],
        current_subtotal_price="8.00",
        current_total_tax="0.64",
        current_total_price="13.54",
        current_total_price_set=bag("13.54"),
    )
    assert [(one.quantity.original, one.quantity.total, one.status) for one in edited.line_items] == [
        (2, 1, "processing"),
        (2, 0, "removed"),
    ]
    assert edited.total("total") == 1354
    assert edited.messages == []
    assert paid(edited).authorized == 1354  # and not the 48.10 that were authorised
    assert edited.hub["quantities_net"] is True


def test_an_old_payload_without_current_quantities(order: Any, base: Any) -> None:
    old = {key: value for key, value in line(base).items() if key not in ("current_quantity", "fulfillable_quantity")}
    refund = {
        "id": 5,
        "created_at": "2026-03-02T10:00:00Z",
        "refund_line_items": [{"line_item_id": old["id"], "quantity": 1}],
    }
    made = order(line_items=[old], refunds=[refund], current_total_price=None, current_subtotal_price=None)
    assert made.hub["quantities_net"] is False
    assert made.line_items[0].quantity.total == 1  # two, less the refunded one


def test_ids_beyond_53_bits_stay_whole(told: Any, mappings: dict[str, Mapping], base: Any) -> None:
    source = base(NAME, id=9223372036854775807)
    source["line_items"][0]["id"] = 9007199254740993
    raw = canonical_json(source)
    made = translate(mappings[NAME], raw, {}).entities[0]
    assert made.source_order_id == "9223372036854775807"
    assert made.document["line_items"][0]["id"] == "9007199254740993"


def test_no_province(order: Any, base: Any) -> None:
    address = {**base(NAME)["shipping_address"], "province_code": None, "province": None, "country_code": "SG"}
    assert order(shipping_address=address).destination.address_region is None


def test_a_country_by_its_name_and_a_province_by_its(order: Any, base: Any) -> None:
    address = {
        **base(NAME)["shipping_address"],
        "country_code": None,
        "country": "United States",
        "province_code": None,
        "province": "North Carolina",
    }
    assert order(shipping_address=address).destination.address_country == "US"
    assert order(shipping_address=address).destination.address_region == "NC"


def test_masked_personal_data(order: Any, base: Any) -> None:
    """Without access to protected customer data every person's field is null or missing."""
    masked = dict.fromkeys(base(NAME)["shipping_address"])
    made = order(email=None, contact_email=None, customer={"id": 1}, shipping_address=masked)
    assert made.buyer.email is None
    assert made.destination is not None
    assert made.destination.street_address is None


def test_one_name_in_one_field(order: Any, base: Any) -> None:
    address = {**base(NAME)["shipping_address"], "first_name": "", "last_name": None, "name": "Ada Larch"}
    assert order(shipping_address=address).destination.first_name == "Ada Larch"


@pytest.mark.parametrize(
    "properties", [[], {}, None, "x", {"name": "a"}, [{"name": None, "value": "x"}], [{"value": 1}], [None]]
)
def test_properties_of_any_make(order: Any, base: Any, properties: Any) -> None:
    assert order(line_items=[line(base, properties=properties)]).line_items[0].properties == {}


def test_properties_that_are_no_texts(order: Any, base: Any) -> None:
    given = [{"name": "n", "value": 3}, {"name": "l", "value": [1]}, {"name": "e", "value": ""}]
    assert order(line_items=[line(base, properties=given)]).line_items[0].properties == {"n": "3", "l": "[1]", "e": ""}


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


def parcel(**changes: Any) -> dict[str, Any]:
    return {
        "id": 51,
        "status": "success",
        "created_at": "2026-03-03T09:00:00Z",
        "updated_at": "2026-03-03T09:00:00Z",
        "shipment_status": None,
        "tracking_company": "Northway",
        "tracking_number": "NW1",
        "line_items": [{"id": 14400000000001, "quantity": 1}],
        **changes,
    }


@pytest.mark.parametrize(
    ("parcels", "refunds", "fulfilled"),
    [
        ([], [], 0),
        ([parcel()], [], 1),
        ([parcel(), parcel(id=52)], [], 2),
        ([parcel(status="cancelled")], [], 0),
        ([parcel(status="failure")], [], 0),
        ([parcel(status="pending")], [], 1),
        (
            [parcel()],
            [refund(refund_line_items=[{"line_item_id": 14400000000001, "quantity": 1, "restock_type": "return"}])],
            0,
        ),
        ([parcel()], [refund()], 1),
    ],
)
def test_what_left(order: Any, parcels: Any, refunds: Any, fulfilled: int) -> None:
    made = order(fulfillments=parcels, refunds=refunds)
    assert made.line_items[0].quantity.fulfilled == fulfilled
    assert len(made.fulfillment.events) == len(parcels)


def test_a_line_that_shopify_calls_fulfilled_is(order: Any, base: Any) -> None:
    assert order(line_items=[line(base, fulfillment_status="fulfilled")]).line_items[0].status == "fulfilled"
    part = line(base, fulfillment_status="partial", fulfillable_quantity=1)
    assert order(line_items=[part]).line_items[0].quantity.fulfilled == 1


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({}, "open"),
        ({"cancelled_at": "2026-03-02T10:00:00Z"}, "cancelled"),
        ({"closed_at": "2026-03-02T10:00:00Z"}, "completed"),
        ({"closed_at": "2026-03-02T10:00:00Z", "cancelled_at": "2026-03-02T10:00:00Z"}, "cancelled"),
    ],
)
def test_standing(order: Any, changes: dict[str, str], standing: str) -> None:
    assert order(**changes).standing == standing


def test_pickup_and_digital(order: Any, base: Any) -> None:
    assert (
        order(shipping_lines=[{"title": "Shop", "delivery_category": "pickup", "price": "4.90"}])
        .fulfillment.expectations[0]
        .method_type
        == "pickup"
    )
    mixed = order(line_items=[line(base), line(base, id=2, requires_shipping=False)])
    assert [e.method_type for e in mixed.fulfillment.expectations] == ["shipping", "digital"]


def test_a_test_order(order: Any) -> None:
    assert order(test=True).test
    assert not order(test=None).test


@pytest.mark.parametrize("changed", ["cancelled_at", "closed_at", "financial_status", "fulfillment_status"])
def test_two_changes_in_one_second_have_an_order(mappings: dict[str, Mapping], base: Any, changed: str) -> None:
    later = {"financial_status": "paid", "fulfillment_status": "fulfilled"}.get(changed, "2026-03-01T15:00:00Z")
    one = translate_document(mappings[NAME], base(NAME), {}).entities[0].version
    other = translate_document(mappings[NAME], base(NAME, **{changed: later}), {}).entities[0].version
    assert one < other
    assert one[:20] == other[:20]


def test_without_a_version_the_order_is_to_be_read_again(mappings: dict[str, Mapping], base: Any) -> None:
    assert translate_document(mappings[NAME], base(NAME, updated_at=None), {}).entities[0].version == ""


def test_both_shapes_tell_the_same_order(told: Any, base: Any) -> None:
    hook = told(NAME, base(NAME)).model_dump(exclude={"payments", "line_items"})
    pulled = told("shopify-order-graphql", base("shopify-order-graphql")).model_dump(exclude={"payments", "line_items"})
    assert hook == pulled


def test_every_sequence_of_an_orders_events_ends_in_the_same_order(mappings: dict[str, Mapping], base: Any) -> None:
    """Created, refunded, shipped, read again: in every order, each told twice."""
    later = base(
        NAME,
        updated_at="2026-03-04T10:00:00Z",
        financial_status="partially_refunded",
        refunds=[refund()],
        fulfillments=[parcel()],
        fulfillment_status="partial",
    )
    later["line_items"][0]["current_quantity"] = 1
    told: list[Entity] = []
    for name, source in (
        (NAME, base(NAME)),
        (NAME, later),
        ("shopify-refund", refund()),
        ("shopify-fulfillment", parcel(order_id=5511000000001)),
        ("shopify-order-graphql", base("shopify-order-graphql")),
    ):
        translation = translate_document(mappings[name], copy.deepcopy(source), {})
        assert not translation.problems
        told += translation.entities
    ends = set()
    for sequence in itertools.permutations(told):
        facts: dict[str, Any] = {}
        for entity in (*sequence, sequence[0]):
            facts = join(facts, entity)
        made = order_of(facts)
        assert made is not None
        ends.add(made.model_dump_json())
    assert len(ends) == 1


def test_graphql_holds_and_risk(told: Any, base: Any) -> None:
    name = "shopify-order-graphql"
    source = base(name, risk={"recommendation": "CANCEL"})
    source["fulfillmentOrders"]["nodes"][0]["status"] = "ON_HOLD"
    made = told(name, source)
    assert made.high_risk
    assert made.standing == "on_hold"
