"""Real payloads, written or recorded by others: each is translated, or held with a cause that a person can act on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.mapping.load import Mapping
from hub.mapping.translator import translate
from hub.model.merge import join, order_of
from hub.model.order import Order

# (file, mapping) -> what the cause must say; None where it must be translated. Orders, refunds, parcels: all of them.
SHOPIFY: dict[tuple[str, str], str | None] = {
    ("goshopify_order.json", "shopify-order"): None,
    ("goshopify_orders.json", "shopify-order"): None,
    ("pyapi_order.json", "shopify-order"): None,
    ("pyapi_orders.json", "shopify-order"): "it has no id or no lines",  # a list cut down to what its test needs
    ("recorded_order_create_dis.json", "shopify-order"): None,
    ("recorded_order_create_dis2.json", "shopify-order"): None,
    ("recorded_order_create_no_dis.json", "shopify-order"): None,
    ("webhook_Deleted.json", "shopify-deleted"): None,
    ("webhook_Deleted.json", "shopify-order"): "it has no id or no lines",
    ("webhook_DraftOrdersCreate.json", "shopify-order"): "a draft of an order",
    ("webhook_DraftOrdersDelete.json", "shopify-order"): "it has no id or no lines",
    ("goshopify_draft_order.json", "shopify-order"): "it has no id or no lines",
    ("goshopify_draft_orders.json", "shopify-order"): "it has no id or no lines",
    ("pyapi_draft_order.json", "shopify-order"): "it has no id or no lines",
    ("webhook_Fulfillment.json", "shopify-fulfillment"): None,
    ("goshopify_fulfillment.json", "shopify-fulfillment"): None,
    ("pyapi_fulfillment.json", "shopify-fulfillment"): None,
    ("pyapi_refund_calculate.json", "shopify-refund"): "names no order",  # a calculation, not a refund
}
WOOCOMMERCE: dict[tuple[str, str], str | None] = {
    ("ios_broken-order.json", "woocommerce-order"): "gives nothing for it",  # a draft without a single date
    ("ios_broken-orders.json", "woocommerce-order"): "gives nothing for it",
    ("ios_order-alternative-types.json", "woocommerce-order"): "1.5 is not a whole number",
    ("ios_order-auto-draft-status.json", "woocommerce-order"): "1.5 is not a whole number",
    ("ios_order.json", "woocommerce-order"): "1.5 is not a whole number",
    ("ios_order-without-data.json", "woocommerce-order"): None,
    ("ios_order-fully-refunded.json", "woocommerce-order"): None,
    ("ios_order-with-all-addon-types.json", "woocommerce-order"): None,
    ("ios_order-with-attribution-info.json", "woocommerce-order"): None,
    ("ios_order-with-bundled-line-items.json", "woocommerce-order"): None,
    ("ios_order-with-charge.json", "woocommerce-order"): None,
    ("ios_order-with-gift-cards.json", "woocommerce-order"): None,
    ("ios_order-with-line-item-attributes-before-API-support.json", "woocommerce-order"): "the same key twice",
    ("ios_orders-load-all-without-data.json", "woocommerce-order"): None,
    ("ios_order-notes.json", "woocommerce-order"): "it has no id or no lines",
    ("ios_meta-data-products-and-orders.json", "woocommerce-order"): "it has no id or no lines",
    ("ios_refund-single.json", "woocommerce-refund"): None,
    ("ios_refund-single-without-data.json", "woocommerce-refund"): None,
    ("ios_refunds-all.json", "woocommerce-refund"): None,
    ("ios_refunds-all-without-data.json", "woocommerce-refund"): None,
    ("ios_order-560-all-refunds.json", "woocommerce-refund"): None,
}


# Named like orders, or with lines in them, and yet something else: nothing that a hub would be sent as an order.
NO_ORDERS = {
    "goshopify_fulfillment_accept.json", "goshopify_fulfillment_order.json", "goshopify_fulfillment_order_move.json",
    "goshopify_fulfillment_reject.json", "goshopify_fulfillment_send.json", "goshopify_order_risk.json",
    "goshopify_order_risks.json", "goshopify_orderlineitems__properties_empty_object.json",
    "goshopify_orderlineitems__properties_invalid1.json", "goshopify_orderlineitems__properties_invalid2.json",
    "goshopify_orderlineitems__properties_object.json", "goshopify_orderlineitems__properties_ommited.json",
    "goshopify_orderlineitems__valid.json", "webhook_CheckoutsCreate.json",
    "webhook_FulfillmentOrdersCancellationRequestAccepted.json",
    "webhook_FulfillmentOrdersCancellationRequestRejected.json",
    "webhook_FulfillmentOrdersCancellationRequestSubmitted.json", "webhook_FulfillmentOrdersCancelled.json",
    "webhook_FulfillmentOrdersFulfillmentRequestAccepted.json",
    "webhook_FulfillmentOrdersFulfillmentRequestRejected.json",
    "webhook_FulfillmentOrdersFulfillmentRequestSubmitted.json",
    "webhook_FulfillmentOrdersFulfillmentServiceFailedToComplete.json", "webhook_FulfillmentOrdersHoldReleased.json",
    "webhook_FulfillmentOrdersLineItemsPreparedForLocalDelivery.json",
    "webhook_FulfillmentOrdersLineItemsPreparedForPickup.json", "webhook_FulfillmentOrdersMoved.json",
    "webhook_FulfillmentOrdersOrderRoutingComplete.json", "webhook_FulfillmentOrdersPlacedOnHold.json",
    "webhook_FulfillmentOrdersRescheduled.json", "webhook_FulfillmentOrdersScheduledFulfillmentOrderReady.json",
    "webhook_OrderTransactionsCreate.json", "ios_meta-data-products-and-orders_nested_in_data.json",
    "ios_meta-data-products-orders-update.json", "ios_order-notes-without-data.json",
}  # fmt: skip


def entities(mappings: dict[str, Mapping], path: Path, mapping: str, cause: str | None) -> Any:
    translation = translate(mappings[mapping], path.read_bytes(), {})
    if cause is None:
        assert translation.problems == ()
        assert translation.entities
    else:
        assert not translation.entities
        assert any(cause in problem.what for problem in translation.problems), translation.problems
        assert all(problem.mend for problem in translation.problems)
    for entity in translation.entities:
        if entity.kind == "order":
            assert order_of(join({}, entity)) is not None
    return translation.entities


@pytest.mark.parametrize(("name", "mapping"), SHOPIFY)
def test_shopify(shared: Path, mappings: dict[str, Mapping], name: str, mapping: str) -> None:
    entities(mappings, shared / "payloads/shopify" / name, mapping, SHOPIFY[name, mapping])


@pytest.mark.parametrize(("name", "mapping"), WOOCOMMERCE)
def test_woocommerce(shared: Path, mappings: dict[str, Mapping], name: str, mapping: str) -> None:
    entities(mappings, shared / "payloads/woocommerce" / name, mapping, WOOCOMMERCE[name, mapping])


def test_no_order_is_left_out(shared: Path) -> None:
    """Everything that has the look of an order, a refund or a parcel is in one of the tables above."""
    named = {name for name, _ in (*SHOPIFY, *WOOCOMMERCE)} | NO_ORDERS
    found = [path for folder in ("shopify", "woocommerce") for path in (shared / "payloads" / folder).rglob("*.json")]
    assert len(found) > 150
    for path in found:
        words = ("order", "refund", "fulfillment.", "fulfillments.")
        if "line_items" in path.read_text(encoding="utf-8") or any(word in path.name.lower() for word in words):
            assert path.name in named, path.name


def test_no_shared_payload_makes_a_mapping_raise(shared: Path, mappings: dict[str, Mapping]) -> None:
    for path in (*(shared / "payloads").rglob("*.json"), *(shared / "captures").rglob("*.body")):
        for mapping in mappings.values():
            translate(mapping, path.read_bytes(), {})


@pytest.mark.parametrize(
    ("path", "mapping", "kind"),
    [
        ("payloads/easypost/event_tracker_updated.json", "easypost-event", "tracking.updated"),
        ("payloads/stripe/event.json", "stripe-event", None),
        ("payloads/shipbob/get_2026_01_order_orderId_200.json", "shipbob-shipment", None),  # its parcel has no state
    ],
)
def test_evidence(shared: Path, mappings: dict[str, Mapping], path: str, mapping: str, kind: str | None) -> None:
    translation = translate(mappings[mapping], (shared / path).read_bytes(), {})
    assert [evidence.type for evidence in translation.evidence] == ([kind] if kind else [])
    assert translation.problems == ()


# The deliveries recorded from a running shop: what each order has come to after its last one.
CAPTURED: dict[str, dict[str, Any]] = {
    "35": {
        "standing": "open",
        "custodian": "cash_on_delivery",
        "state": "pending",
        "cod": 2962,
        "methods": ["shipping"],
    },
    "36": {"standing": "cancelled", "custodian": "cash_on_delivery", "state": "voided", "methods": ["shipping"]},
    "37": {"standing": "pending", "custodian": "bank_transfer", "state": "pending", "methods": ["shipping"]},
    "38": {"standing": "open", "custodian": "bank_transfer", "state": "partially_refunded", "methods": ["shipping"]},
    "41": {
        "standing": "open",
        "custodian": "cash_on_delivery",
        "state": "pending",
        "cod": 1071,
        "methods": ["digital"],
    },
    "42": {"standing": "open", "custodian": "storefront", "state": "captured", "methods": ["shipping"]},
}


@pytest.fixture
def captured(shared: Path, mappings: dict[str, Mapping]) -> dict[str, Order]:
    facts: dict[str, dict[str, Any]] = {}
    for path in sorted((shared / "captures/woocommerce").glob("*.body")):
        headers = json.loads(path.with_suffix(".headers.json").read_text(encoding="utf-8"))["headers"]
        topic = {name.lower(): value for name, value in headers}.get("x-wc-webhook-topic", "")
        if not topic.startswith("order."):
            continue
        mapping = "woocommerce-deleted" if topic == "order.deleted" else "woocommerce-order"
        translation = translate(mappings[mapping], path.read_bytes(), {})
        assert translation.problems == (), path.name
        for entity in translation.entities:
            facts[entity.source_order_id] = join(facts.get(entity.source_order_id, {}), entity)
    orders = {order_id: order_of(known) for order_id, known in facts.items()}
    return {order_id: order for order_id, order in orders.items() if order is not None}


def test_what_a_running_shop_sent(captured: dict[str, Order]) -> None:
    assert set(captured) == set(CAPTURED)
    for order_id, wanted in CAPTURED.items():
        order = captured[order_id]
        (payment,) = order.payments
        assert order.standing == wanted["standing"]
        assert (payment.custodian, payment.status) == (wanted["custodian"], wanted["state"])
        assert order.cod_amount == wanted.get("cod")
        assert [e.method_type for e in order.fulfillment.expectations] == wanted["methods"]
        assert order.messages == []


def test_what_a_running_shop_sent_in_detail(captured: dict[str, Order]) -> None:
    edited = captured["38"]
    assert edited.destination is not None
    assert edited.destination.street_address == "Neue Straße 2"
    assert edited.adjustments[0].amount == 1999
    assert captured["42"].total("total") == 733300
    assert captured["42"].destination is None
    assert captured["36"].total("discount") == -1015
    assert captured["37"].destination is not None
    assert captured["37"].destination.address_country == "JP"
