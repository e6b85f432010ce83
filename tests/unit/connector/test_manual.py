"""What is written about connectors is what the code does. `CROSSDOCK_WRITE_DOCS=1` writes the made parts anew."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from hub.connector import authspec, manifest
from hub.connector.manual import capabilities
from hub.connector.shapes import RESULTS, input_shape
from hub.model.capability import CAPABILITIES

OPENING, CLOSING = "<!-- capabilities -->\n", "<!-- /capabilities -->\n"


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs/connectors.md").read_text(encoding="utf-8")


def test_the_capabilities_of_the_page_are_those_of_the_code(checkout: Path, page: str) -> None:
    before, rest = page.split(OPENING)
    found, after = rest.split(CLOSING)
    if os.environ.get("CROSSDOCK_WRITE_DOCS"):
        path = checkout / "docs/connectors.md"
        path.write_text(before + OPENING + capabilities() + CLOSING + after, encoding="utf-8")
        return
    assert found == capabilities(), "run this test with CROSSDOCK_WRITE_DOCS=1"


def test_every_field_of_every_capability_has_a_shape() -> None:
    assert {name: tuple(shape) for name, shape in RESULTS.items()} == {n: c.result for n, c in CAPABILITIES.items()}
    for name, capability in CAPABILITIES.items():
        assert all(input_shape(name, field) != "any" for field in capability.input), name


def test_the_schema_of_the_manifest_is_published(checkout: Path) -> None:
    path = checkout / "docs/schema/connector.json"
    made = json.dumps(manifest.json_schema(), indent=1) + "\n"
    if os.environ.get("CROSSDOCK_WRITE_DOCS"):
        path.write_text(made, encoding="utf-8")
        return
    assert path.read_text(encoding="utf-8") == made, "run this test with CROSSDOCK_WRITE_DOCS=1"


def test_every_key_of_a_manifest_is_explained(page: str) -> None:
    models = [
        value
        for room in (manifest, authspec)
        for value in vars(room).values()
        if isinstance(value, type) and issubclass(value, BaseModel)
    ]
    keys = {info.alias or name for model in models for name, info in model.model_fields.items()}
    assert {"settles_within", "retry_after", "class", "token_url"} <= keys
    assert not {key for key in keys if f"`{key}" not in page and f"{key}:" not in page}
