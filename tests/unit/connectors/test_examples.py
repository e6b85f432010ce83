"""What examples of the connectors that come with Crossdock must show at least."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.connector.load import load

SHIPPED = sorted(path.parent.name for path in Path(__file__).parents[3].glob("connectors/*/connector.yaml"))
NO_ANSWER_BY_HTTP = {"smtp"}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_secret_says_where_it_is_found(checkout: Path, name: str) -> None:
    manifest = load(checkout / "connectors" / name).manifest
    assert all(secret.where for secret in manifest.secrets.values())


@pytest.mark.parametrize("name", sorted(set(SHIPPED) - NO_ANSWER_BY_HTTP))
def test_what_cannot_be_undone_has_an_example_that_is_done_and_one_that_is_not(checkout: Path, name: str) -> None:
    for capability, operation in load(checkout / "connectors" / name).operations.items():
        verdicts = {example.outcome.verdict for example in operation.spec.examples}
        safety = operation.spec.safety
        if safety and safety.cls != "repeatable" and operation.capability.irreversible:
            assert "done" in verdicts, capability
            assert verdicts - {None, "done"}, capability
