"""What a detail says to a person, and that nothing the flow writes into one goes unsaid by oversight."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.model.detail import SAID, UNSAID, Difference, differences, said

DIFFERS = {
    "intended": {"lines": {"TEA": 2}, "recipient": {"postal_code": "10115"}},
    "found": [{"id": "900123"}],
    "differs": [
        {"id": "900123", "field": "recipient.postal_code", "intended": "10115", "found": "00000"},
        {"id": "900123", "field": "lines", "intended": {"TEA": 2}, "found": {"TEA": 1, "CUP": 1}},
    ],
}
MONEY = {
    "intended": {"amount": 1240, "currency": "EUR"},
    "differs": [{"id": "re_1", "field": "amount", "intended": 1240, "found": None}],
}


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        ({"change": "address"}, "the address is another now"),
        ({"changed": "quantity", "group": "g"}, "fewer units are wanted now"),
        ({"change": "of tomorrow"}, "changed: of tomorrow"),
        ({"missing": ["street_address", "address_country", "recipient's name"]},
         "missing: street, country, recipient's name"),
        ({"status": "exception"}, "reported status: exception"),
        ({"source_status": "on-hold", "version": 3}, "status in the store: on-hold"),
        ({"flow": "fulfil-order"}, "flow: fulfil-order"),
        ({"error": "KeyError"}, "fault: KeyError"),
        ({"code": "card_declined"}, "code: card_declined"),
        ({"code": "card_declined", "message": "No."}, "No."),
        ({"found": [{"id": "a"}, {"id": None}], "differs": []}, "found: a, one without an id"),
        (MONEY, "re_1: amount: we meant 12.40 EUR, it has none"),
        (
            DIFFERS,
            "900123: postal code: we meant '10115', it has '00000', goods: we meant 2 × TEA, it has 1 × TEA + 1 × CUP",
        ),
    ],
)  # fmt: skip
def test_a_detail_in_words(detail: dict[str, Any], text: str) -> None:
    assert said(detail) == text


def test_differences_field_by_field() -> None:
    assert differences(DIFFERS)[0] == Difference("900123", "postal code", "'10115'", "'00000'")
    assert differences({}) == ()


# --- nothing is written into a detail that nobody is told of


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """(key, file:line) of everything that is written into the detail of a stop."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given: list[ast.expr] = [keyword.value for keyword in node.keywords if keyword.arg == "detail"]
            if name == "hold":
                yield from ((keyword.arg, f"{file.name}:{node.lineno}") for keyword in node.keywords if keyword.arg)
            if name in ("Hold", "_settle") and len(node.args) > 1:
                given += node.args[-1:]
            for document in given:
                if isinstance(document, ast.Dict):
                    for key in document.keys:
                        if isinstance(key, ast.Constant):
                            yield str(key.value), f"{file.name}:{node.lineno}"


def test_what_the_flow_writes_into_a_detail_is_said_or_known_to_be_unsaid(checkout: Path) -> None:
    found = dict(written(checkout / "hub" / "flow"))
    assert {"methods", "missing", "status", "what", "problems"} <= set(found), "the reader of the sources is blind"
    assert not {key: place for key, place in found.items() if key not in SAID | UNSAID | {"orders"}}


@pytest.mark.parametrize("key", sorted(SAID - {"differs", "found", "problems"}))
def test_every_key_that_is_said_is_said(key: str) -> None:
    value = ["x"] if key in ("missing", "methods") else "x"
    assert "x" in (said({key: value}) or "")


def test_a_planted_key_is_found(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(
        'life.hold(step, "a", now, odd=1)\nHold("a", {"odder": 1})\n'
        'life.move(s, E, now, cause="a", detail={"oddest": 1})\n'
    )
    assert {key for key, _ in written(tmp_path)} == {"odd", "odder", "oddest"}
