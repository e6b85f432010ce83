"""Declarations that are wrong, each in one way: the check names the place, what is wrong there and how to mend it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.main import main

BROKEN = Path(__file__).parent / "declarations"

# file: (line, column, what, mend) of the first problem
EXPECTED = {
    "connectors/another_name/connector.yaml": (1, 7, "the folder is named another_name", "give both the same name"),
    "connectors/broken_expression/connector.yaml": (13, 24, "the expression ends too early", "correct the expression"),
    "connectors/misspelt_key/connector.yaml": (11, 5, "the key 'metod' is not known here", "did you mean 'method'"),
    "connectors/no_duration/connector.yaml": (5, 32, "this is not a duration", "write a number with its unit: 500ms"),
    "connectors/no_safety/connector.yaml": (10, 3, "does not say how it happens once", "add 'safety: {class: ...}'"),
    "connectors/unknown_field/connector.yaml": (12, 19, "input has no field 'sourceid'", "did you mean 'source_id'"),
    "connectors/unknown_function/connector.yaml": (13, 24, "there is no function 'uper'", "did you mean 'upper'"),
    "connectors/untrue_example/connector.yaml": (19, 42, "example 'an order': the result is", "or the example"),
    "webhooks/missing-mapping.yaml": (9, 41, "there is no mapping shopify-ordre", "did you mean 'shopify-order'"),
    "webhooks/no-mapping.yaml": (9, 3, "a topic of kind 'order' needs a mapping", "add 'mapping: NAME'"),
    "webhooks/unknown-scheme.yaml": (4, 11, "'hmac_base64' is not one of the words", "did you mean 'hmac_base64_body'"),
    "webhooks/untrue-signature.yaml": (15, 13, "reason is 'signature_mismatch'", "correct the expectation"),
    "mappings/no-version.yaml": (4, 11, "produces order needs 'version'", "add 'version:'"),
    "mappings/tab.yaml": (9, 1, "this is not YAML", "indent with spaces"),
    "mappings/unknown-root.yaml": (9, 13, "there is no 'order' to read from", "known here: settings, source, tables"),
    "mappings/untrue-example.yaml": (19, 88, "example 'an order': it is 900, not 901", "correct the expectation"),
    "mappings/wrong-arity.yaml": (13, 32, "money takes 2 arguments, not 1", "write money(value, currency)"),
    "flows/circle.yaml": (10, 12, "'capture' waits for itself through warehouse", "break the circle"),
    "flows/unknown-capability.yaml": (13, 17, "no capability is called 'fulfilment.create'", "fulfillment.create"),
    "flows/unknown-step.yaml": (15, 13, "no step is called 'captured'", "use one of payment, capture, warehouse"),
    "hubs/anchor/hub.yaml": (6, 15, "an anchor stands here", "write the value out where it is used"),
    "hubs/public_bind/hub.yaml": (3, 9, "would offer the hub to others without TLS", "write behind_proxy: true"),
    "hubs/routing_to_nobody/hub.yaml": (5, 17, "there is no connection shipbob-main", "known here: shop"),
    "hubs/secret_in_clear/hub.yaml": (9, 24, "a secret stands here in plain text", "put the secret into the store"),
    "hubs/setting_missing/hub.yaml": (5, 5, "the setting 'site' is missing", "WordPress, Settings, General"),
    "hubs/unknown_connector/hub.yaml": (5, 16, "there is no connector woocomerce", "did you mean 'woocommerce'"),
    "hubs/written_twice/hub.yaml": (7, 5, "the key 'settings' is written twice", "keep one of the two"),
}


def test_every_broken_declaration_is_expected_here() -> None:
    files = {path.relative_to(BROKEN).as_posix() for path in BROKEN.rglob("*.yaml")}
    assert files == set(EXPECTED)
    assert len(EXPECTED) >= 20


@pytest.mark.parametrize("file", EXPECTED)
def test_a_broken_declaration_is_told_with_its_place_and_its_mend(file: str) -> None:
    line, column, what, mend = EXPECTED[file]
    done = CliRunner().invoke(main, ["check", str(BROKEN / file), "--json"])
    answer = json.loads(done.stdout)
    assert done.exit_code == 1
    assert answer["ok"] is False
    first = answer["problems"][0]
    assert (first["file"], first["line"], first["column"]) == (str(BROKEN / file), line, column)
    assert what in first["what"]
    assert mend in first["mend"]


def test_all_of_them_are_told_at_once() -> None:
    done = CliRunner().invoke(main, ["check", str(BROKEN)])
    assert done.exit_code == 1
    for file, (line, column, _, _) in EXPECTED.items():
        assert f"{BROKEN / file}:{line}:{column}: " in done.stderr
