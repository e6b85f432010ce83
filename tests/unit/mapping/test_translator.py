"""The translator itself: nothing that comes in makes it raise, and every refusal says where, what and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.language.decode import canonical_json
from hub.mapping.load import Mapping
from hub.mapping.translator import Translations, translate, translate_document
from hub.model.message import Evidence

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
STRANGE: list[Any] = [None, "", [], {}, "x", 0, [{}], {"a": 1}, [None], True]
NAMES = ["shopify-order", "shopify-order-graphql", "woocommerce-order", "shopify-refund", "woocommerce-refund"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[",
        b'{"id":1,"id":2}',
        b"1e99",
        b"null",
        b"[]",
        b"{}",
        b"3",
        b'"x"',
        b"[" * 1000,
        b"webhook_id=4",
        b'{"id":1,"line_items":[],"currency":"euros","status":"processing","created_at":"x"}',
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_order_is_held_with_a_cause(mappings: dict[str, Mapping], name: str, body: bytes) -> None:
    translation = translate(mappings[name], body, {})
    assert not translation.entities
    if body == b"[]" or (name == "woocommerce-refund" and body not in (b"", b"\xff", b"[", b"1e99")):
        return  # nothing is told, or a list of nothing
    for problem in translation.problems:
        assert problem.what
        assert problem.mend


def test_places_can_be_anything_and_nothing_raises(mappings: dict[str, Mapping]) -> None:
    """Every field of a real payload, replaced by something of another kind, is translated or held."""
    for name in NAMES:
        mapping = mappings[name]
        for example in mapping.manifest.examples:
            for changed in _replaced(example.source):
                translation = translate_document(mapping, changed, {})
                assert bool(translation.problems) != bool(translation.entities) or not translation.entities


def _replaced(source: Any) -> Iterator[Any]:
    for key in list(source) if isinstance(source, dict) else []:
        for value in STRANGE:
            yield {**source, key: value}
            if isinstance(source[key], list) and source[key] and isinstance(source[key][0], dict):
                for inner in source[key][0]:
                    yield {**source, key: [{**source[key][0], inner: value}]}


@settings(max_examples=150)
@given(value=ANYTHING)
def test_any_json_is_translated_or_held(mappings: dict[str, Mapping], value: Any) -> None:
    for name in NAMES:
        translate_document(mappings[name], value, {})


def test_many_orders_in_one_body(mappings: dict[str, Mapping], base: Any) -> None:
    one, two = base("shopify-order"), base("shopify-order", id=2)
    translation = translate(mappings["shopify-order"], canonical_json({"orders": [one, two]}), {})
    assert [entity.source_order_id for entity in translation.entities] == ["5511000000001", "2"]


def test_one_bad_order_holds_the_whole_body(mappings: dict[str, Mapping], base: Any) -> None:
    body = canonical_json([base("shopify-order"), base("shopify-order", currency=None)])
    translation = translate(mappings["shopify-order"], body, {})
    assert not translation.entities
    assert [problem.path for problem in translation.problems] == ["currency"]


def test_all_problems_of_a_payload_are_told_at_once(problems: Any, base: Any) -> None:
    source = base("shopify-order", total_price="ten", current_total_price="ten", created_at="x", processed_at=None)
    source["shipping_address"]["country_code"] = "Narnia"
    found = dict(problems("shopify-order", source))
    assert found["fulfillment.expectations[0].destination.address_country"] == "'Narnia' is not a country"
    assert "is not a date" in found["placed_at"]
    assert len(found) >= 3


def test_a_problem_does_not_quote_a_person(problems: Any, base: Any) -> None:
    source = base("shopify-order", total_price="ada@buyer.example", current_total_price="Ada of Quarry Road")
    assert "ada@" not in str(problems("shopify-order", source))
    assert "Quarry" not in str(problems("shopify-order", source))


def test_an_unknown_mapping_is_a_problem(mappings: dict[str, Mapping]) -> None:
    translations = Translations(mappings)
    assert "there is no mapping 'nope'" in translations.translate("nope", b"{}", {}).problems[0].what
    assert translations.translate_document("nope", {}, {}).problems
    assert translations.translate("shopify-deleted", b'{"id":9}', {}).entities[0].source_order_id == "9"


def test_what_is_remembered_is_of_one_mapping_one_payload_and_one_set_of_settings(mappings: dict[str, Mapping]) -> None:
    translations = Translations(mappings)
    refund = {"id": 1, "parent_id": 2, "amount": "5", "date_created": "2026-07-01T12:00:00", "line_items": []}
    first = translations.translate_document("woocommerce-refund", refund, {"currency": "EUR"})
    assert translations.translate_document("woocommerce-refund", dict(refund), {"currency": "EUR"}) is first
    assert translations.translate("woocommerce-refund", canonical_json(refund), {"currency": "EUR"}) is first
    for other in (
        translations.translate_document("woocommerce-refund", refund | {"amount": "6"}, {"currency": "EUR"}),
        translations.translate_document("woocommerce-refund", refund, {"currency": "JPY"}),
    ):
        assert other.entities[0].document["totals"] != first.entities[0].document["totals"]
    assert translations.translate_document("woocommerce-order", refund, {"currency": "EUR"}) != first


def test_settings_of_the_connection_overrule_defaults(mappings: dict[str, Mapping]) -> None:
    refund = {"id": 1, "parent_id": 2, "amount": "5", "date_created": "2026-07-01T12:00:00", "line_items": []}
    mapping = mappings["woocommerce-refund"]
    plain = translate_document(mapping, refund, {"currency": None}).entities[0]
    there = translate_document(mapping, refund, {"currency": "JPY", "timezone": "Asia/Tokyo"}).entities[0]
    assert (plain.version, plain.document["totals"][0]["amount"]) == ("2026-07-01T12:00:00Z", 500)
    assert (there.version, there.document["totals"][0]["amount"]) == ("2026-07-01T03:00:00Z", 5)


def test_evidence(mappings: dict[str, Mapping]) -> None:
    event = mappings["easypost-event"].manifest.examples[0].source
    (evidence,) = translate_document(mappings["easypost-event"], event, {}).evidence
    assert isinstance(evidence, Evidence)
    assert evidence.occurred_at == datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
    assert evidence.references == ()
    assert evidence.live is True


def test_very_many_problems_are_told_in_part(mappings: dict[str, Mapping]) -> None:
    """A signed body of 150 KB had a quarter of a million of them, and all were stored with the message."""
    mapping = mappings["shopify-order"]
    body = canonical_json({**mapping.manifest.examples[0].source, "line_items": [{}] * 5_000})
    problems = translate(mapping, body, {}).problems
    assert len(problems) == 101
    assert problems[-1].what == "there are more problems than these"
