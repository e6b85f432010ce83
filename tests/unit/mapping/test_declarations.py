"""Mappings as documents: what is shipped holds, and what is broken is told with place and mend."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from hub.language.document import load as load_document
from hub.language.document import loads
from hub.language.problem import Problem, Problems
from hub.mapping.examples import check_file, failed_examples
from hub.mapping.load import Mapping, compile_mapping, schema
from hub.mapping.manifest import Balance, Expected, Facts, MappingManifest, Requirement, Setting

SHIPPED = (
    "easypost-event shipbob-shipment shopify-deleted shopify-fulfillment shopify-order shopify-order-graphql "
    "shopify-refund stripe-event woocommerce-deleted woocommerce-order woocommerce-refund"
).split()


def test_what_is_shipped(mappings: dict[str, Mapping]) -> None:
    assert sorted(mappings) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_the_examples_of_a_mapping_hold(checkout: Path, name: str) -> None:
    path = checkout / "mappings" / f"{name}.yaml"
    assert check_file(path) == []
    jsonschema.validate(load_document(path).data, schema())


def test_the_published_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


GOOD = """
id: toy
title: Toy
source: toys
produces: refund
tables: {why: {a: broken}}
let:
  money_in: "= default(source.currency, settings.currency, 'EUR')"
source_order_id: "= source.order"
entity_id: "= source.id"
version: "= source.at"
fields:
  id: "= source.id"
  type: refund
  reason: "= lookup('why', source.why)"
  totals: [{type: total, amount: "= money(source.amount, money_in)"}]
examples:
  - name: one
    source: {id: r1, order: o1, at: "1", why: a, amount: "2.50"}
    expect:
      entities: [{kind: refund, entity_id: r1, document: {reason: broken, totals: [{amount: 250}]}}]
"""


def faults(text: str, stem: str | None = None) -> list[Problem]:
    try:
        return failed_examples(compile_mapping(loads(text, "toy.yaml"), stem))
    except Problems as found:
        return list(found.problems)


def test_a_good_mapping_has_no_fault() -> None:
    assert faults(GOOD, "toy") == []


@pytest.mark.parametrize(
    ("old", "new", "what", "mend", "line"),
    [
        ("id: toy", "id: tray", "the id is 'tray', the file is toy.yaml", "id: toy", 2),
        ("produces: refund", "produces: refnd", "'refnd' is not one of", "did you mean 'refund'", 5),
        ("title: Toy", "titel: Toy", "'titel' is not known", "did you mean 'title'", 3),
        ("title: Toy\n", "", "'title' is missing", "add 'title:'", 2),
        ("version:", "versoin:", "'versoin' is not known", "did you mean 'version'", 11),
        ('entity_id: "= source.id"', "# none", "needs 'entity_id'", "add 'entity_id:'", 5),
        ("= source.order", "source.order", "does not have the form", "match", 9),
        ("= source.order", "= sauce.order", "no 'sauce' to read from", "did you mean 'source'", 9),
        ("money(source", "mony(source", "no function 'mony'", "did you mean 'money'", 16),
        ("money_in)", "monie_in)", "no 'monie_in'", "did you mean 'money_in'", 16),
        ("  money_in:", "  item:", "'item' is a name of the language's own", "call it otherwise", 8),
        ("amount: 250", "amount: 251", "example 'one': it is 250, not 251", "correct the expectation", 21),
        ("reason: broken, ", "reason: torn, ", 'is "broken", not "torn"', "correct the expectation", 21),
        ("entities: [", "evidence: [", "it is [], not", "correct the expectation", 21),
        ("id: r1", "id: null", "it is [{", "correct the expectation", 21),
        ("examples:\n", "examples: []\nx:\n", "'x' is not known", "known", 18),
        ("produces: refund", "produces: evidence", "it is [{", "correct", 21),
    ],
)
def test_a_broken_mapping_is_told_with_place_and_mend(old: str, new: str, what: str, mend: str, line: int) -> None:
    assert old in GOOD
    found = [fault for fault in faults(GOOD.replace(old, new), "toy") if what in fault.what]
    assert found, [str(fault) for fault in faults(GOOD.replace(old, new), "toy")]
    assert mend in found[0].mend
    assert found[0].line == line
    assert found[0].file == "toy.yaml"


def test_a_mapping_without_an_example_does_not_load() -> None:
    assert "there is no example" in faults(GOOD[: GOOD.index("examples:")])[0].what


def test_all_faults_of_a_mapping_are_told_at_once() -> None:
    broken = GOOD.replace("= source.order", "= sauce.order").replace("money(", "mony(").replace("id: toy", "id: tray")
    assert len(faults(broken, "toy")) == 3


def test_only_orders_tell_of_more_than_themselves() -> None:
    also = "also: [{produces: refund, each: '= source.r', id: '= item.id', version: '= item.v', fields: {}}]\n"
    assert "'also' belongs to an order's mapping" in faults(GOOD + also)[0].what


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read" in check_file(tmp_path / "none.yaml")[0].what


def test_the_schema_of_a_mapping_is_published(checkout: Path) -> None:
    path = checkout / "docs/schema/mapping.json"
    made = json.dumps(schema(), indent=1) + "\n"
    if os.environ.get("CROSSDOCK_WRITE_DOCS"):
        path.write_text(made, encoding="utf-8")
        return
    assert path.read_text(encoding="utf-8") == made, "run this test with CROSSDOCK_WRITE_DOCS=1"


def test_every_key_of_a_mapping_is_explained(checkout: Path) -> None:
    page = (checkout / "docs/mappings.md").read_text(encoding="utf-8")
    models = (MappingManifest, Requirement, Facts, Balance, Setting, Expected)
    keys = {name for model in models for name in model.model_fields}
    assert not {key for key in keys if f"`{key}`" not in page}
