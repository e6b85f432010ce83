"""What is odd about WooCommerce's orders, one test each."""

from __future__ import annotations

from typing import Any

import pytest

from hub.model.order import Order, Payment

NAME = "woocommerce-order"


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


def test_empty_texts_in_the_place_of_numbers(order: Any, base: Any) -> None:
    made = order(
        line_items=[line(base, subtotal_tax="", total_tax="", price="", sku=None)],
        shipping_lines=[{"method_id": "flat_rate", "total": "", "total_tax": ""}],
        fee_lines=[{"name": "", "amount": "", "total": ""}],
        total_tax="",
        total="19.80",
    )
    assert made.total("fulfillment") == 0
    assert made.total("fee") == 0
    assert made.messages == []


def test_numbers_in_the_place_of_texts(order: Any, base: Any) -> None:
    made = order(line_items=[line(base, sku=123, product_id=0)], number=77)
    assert made.line_items[0].item.sku == "123"
    assert made.line_items[0].item.id is None  # the product was deleted
    assert made.label == "#77"


@pytest.mark.parametrize(
    "meta",
    [
        None,
        [],
        {},
        "",
        [None],
        [{"key": "_stripe_intent_id", "value": {"id": 1}}],
        [{"key": "_stripe_intent_id", "value": ["x"]}],
        [{"key": "_stripe_intent_id", "value": ""}],
        [{"key": 5, "value": 7}],
        {"a": {"key": "_vat_number", "value": []}},
        [{"id": "1", "key": "_wc_shipment_tracking_items", "value": ""}],
        [{"key": "_wc_shipment_tracking_items", "value": {"0": {}}}],
    ],
)
def test_meta_data_of_any_make(order: Any, meta: Any) -> None:
    made = order(meta_data=meta, payment_method="stripe")
    assert paid(made).provider is None
    assert made.tax_ids == []
    assert made.fulfillment.events == []


@pytest.mark.parametrize(
    "meta", [None, [], {}, "x", [None], [{"key": None, "value": "x"}], [{"key": "k", "value": {}}]]
)
def test_a_lines_meta_data_of_any_make(order: Any, base: Any, meta: Any) -> None:
    assert order(line_items=[line(base, meta_data=meta)]).line_items[0].properties == {}


def test_dates_in_utc_and_of_the_shop(told: Any, base: Any) -> None:
    local = base(NAME, date_created_gmt=None, date_created="2026-07-01T12:00:00", date_modified_gmt="")
    local["date_modified"] = "2026-07-01T12:00:05"
    made = told(NAME, local, timezone="Europe/Berlin")
    assert made.placed_at.isoformat() == "2026-07-01T10:00:00+00:00"
    assert made.updated_at.isoformat() == "2026-07-01T10:00:05+00:00"


def test_no_dates_at_all_are_held(problems: Any, base: Any) -> None:
    assert ("placed_at", "the payload gives nothing for it") in problems(NAME, base(NAME, date_created_gmt=None))


def test_nothing_to_ship_from_the_checkout(order: Any) -> None:
    made = order(shipping_lines=[], needs_processing=True, status="processing")
    assert [e.method_type for e in made.fulfillment.expectations] == ["digital"]
    assert made.standing == "open"


def test_a_digital_order_that_its_payment_completed_is_still_to_be_told(order: Any) -> None:
    made = order(shipping_lines=[], status="completed", date_paid_gmt="2026-03-01T10:00:00")
    assert made.standing == "open"
    assert made.line_items[0].quantity.fulfilled == 0


def test_an_order_made_by_hand_without_shipping_lines_is_shipped_all_the_same(order: Any) -> None:
    made = order(shipping_lines=[], created_via="admin", needs_processing=True)
    assert made.line_items[0].requires_shipping


def test_a_digital_article_among_others(told: Any, base: Any) -> None:
    source = base(NAME, line_items=[line(base), line(base, id=41, sku="EBOOK")])
    made = told(NAME, source, digital_skus=["EBOOK"])
    assert [one.requires_shipping for one in made.line_items] == [True, False]
    assert [e.line_items[0].id for e in made.fulfillment.expectations] == ["40", "41"]


def test_completed_is_fulfilled(order: Any) -> None:
    assert order(status="completed").line_items[0].status == "fulfilled"


def test_no_shipping_address_is_not_guessed(order: Any, base: Any) -> None:
    empty = dict.fromkeys(base(NAME)["shipping"], "")
    made = order(shipping=empty)
    assert made.destination is None
    assert made.billing_destination.address_country == "DE"


def test_a_country_that_is_none_is_held(problems: Any, base: Any) -> None:
    source = base(NAME)
    source["shipping"]["country"] = "Ruritania"
    assert problems(NAME, source) == [
        ("fulfillment.expectations[0].destination.address_country", "'Ruritania' is not a country")
    ]


def test_a_currency_that_is_none_is_held(problems: Any, base: Any) -> None:
    found = problems(NAME, base(NAME, currency="Euro"))
    assert any("'Euro' is not a currency" in what for _, what in found)


def test_a_region_by_its_name(order: Any, base: Any) -> None:
    address = {**base(NAME)["shipping"], "country": "US", "state": "Louisiana"}
    assert order(shipping=address).destination.address_region == "LA"


def test_bundles_name_their_parent(order: Any, base: Any) -> None:
    made = order(line_items=[line(base), line(base, id=41, bundled_by="40"), line(base, id=42, bundled_by="")])
    assert [one.parent_id for one in made.line_items] == [None, "40", None]


def test_parcels_of_the_tracking_plugin(order: Any) -> None:
    parcels = [
        {"tracking_id": "t1", "tracking_provider": "DHL", "tracking_number": "1Z", "date_shipped": "1767225600"},
        {"tracking_number": "", "tracking_id": "t2"},
    ]
    made = order(meta_data=[{"key": "_wc_shipment_tracking_items", "value": parcels}])
    (event,) = made.fulfillment.events
    assert (event.id, event.carrier, event.tracking_number) == ("t1", "DHL", "1Z")
    assert event.occurred_at.isoformat() == "2026-01-01T00:00:00+00:00"
