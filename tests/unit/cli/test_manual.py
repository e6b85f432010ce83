"""What is written about the commands and the documents is what they are. `CROSSDOCK_WRITE_DOCS=1` writes it anew."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from hub.assembly.config import ConnectionPart, HubPart
from hub.assembly.schemas import schema_of
from hub.cli.main import main
from hub.cli.manual import manual

MEND = "run this test with CROSSDOCK_WRITE_DOCS=1"


def written(path: Path, made: str) -> str:
    if os.environ.get("CROSSDOCK_WRITE_DOCS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    return path.read_text(encoding="utf-8")


def test_the_page_of_the_commands_is_made_from_them(checkout: Path) -> None:
    made = manual(main)
    assert written(checkout / "docs" / "commands.md", made) == made, MEND
    assert "### `crossdock connect`" in made
    assert "$ crossdock init my-hub" in made
    assert "    $ crossdock messages list --state held\n    $ crossdock messages list --conflicts\n" in made


@pytest.mark.parametrize("kind", ["archive", "hub", "flow"])
def test_the_schemas_are_published(kind: str, checkout: Path) -> None:
    made = json.dumps(schema_of(kind), indent=1) + "\n"
    assert written(checkout / "docs" / "schema" / f"{kind}.json", made) == made, MEND


def test_every_key_of_hub_yaml_is_explained_in_its_manual(checkout: Path) -> None:
    text = (checkout / "config" / "hub.yaml").read_text(encoding="utf-8")
    keys = {*HubPart.model_fields, *ConnectionPart.model_fields, "routing", "connections"}
    assert not {key for key in keys if not re.search(rf"\b{key}\b:", text)}
