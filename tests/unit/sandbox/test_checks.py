"""What the verdict says of a label that outlived its order."""

from __future__ import annotations

from typing import Any

import pytest

from hub.sandbox.checks import WRONG, Case, labels
from hub.sandbox.evidence import Evidence


def case(state: str, *, moved: bool, refused: bool) -> Case:
    evidence = Evidence()
    for line in (
        {"kind": "effect", "at": 1.0, "effect": "label.buy", "order": "7", "id": "shp_1"},
        *([{"kind": "refused", "at": 9.0, "effect": "label.refund", "order": "7", "id": "shp_1"}] if refused else []),
    ):
        evidence._take(line)
    evidence._parcels["7"] = [{"prefix": "easypost/main"}] if moved else []
    order: dict[str, Any] = {"id": "7", "expect": "cancelled", "self": True, "warehouse": False}
    return Case(evidence, order, state)


@pytest.mark.parametrize(
    ("state", "moved", "refused", "wrong"),
    [
        ("held", True, True, False),  # the cancellation came when the carrier had it, and a person was told
        ("held", True, False, True),  # nobody asked for it back
        ("cancelled", True, True, True),  # nobody was told
        ("held", False, False, False),  # it may still be given back
    ],
)
def test_a_label_of_a_cancelled_order(state: str, moved: bool, refused: bool, wrong: bool) -> None:
    found = list(labels(case(state, moved=moved, refused=refused)))
    assert found == ([(WRONG, "cancelled at the store, and its label was kept")] if wrong else [])
