"""Examples inside manifests are run: each way in which one is wrong is said, at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.connector.example import run_examples
from hub.connector.load import load
from tests.unit.connector.provider import CAPTURE, FIND, made, manifest

SHIPPED = sorted(path.parent for path in (Path(__file__).parents[3] / "connectors").glob("*/connector.yaml"))

GOOD = """    examples:
      - name: paid
        input: {reference: cdx, payment: {id: p1, status: s, currency: EUR}, amount: 5, currency: EUR}
        request:
          method: POST
          path: /pay/p1/capture
          headers: {Idempotency-Key: example-key}
          json: {amount: 5, ref: cdx}
        answer: {json: {state: ok, id: 1, amount: 5}}
        outcome: {verdict: done, result: {id: "1", amount: 5, currency: EUR, status: ok}}
"""


def with_example(example: str) -> str:
    start = CAPTURE.index("    examples:")
    return manifest(CAPTURE[:start] + example, FIND)


def found(old: str = "", new: str = "") -> list[str]:
    assert old in GOOD
    return [str(problem) for problem in run_examples(made(with_example(GOOD.replace(old, new) if old else GOOD)))]


def test_a_right_example_says_nothing() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("path: /pay/p1/capture", "path: /pay/p2/capture", "the request's path is"),
        ("json: {amount: 5, ref", "json: {amount: 6, ref", "the request's json is"),
        ("example-key", "another", "the request's header Idempotency-Key is"),
        ("verdict: done", "verdict: refused", 'the verdict is "done"'),
        ('id: "1", amount: 5', 'id: "1", amount: 6', "the result is"),
        ("state: ok", "state: no", 'the verdict is "unknown"'),
        ("state: ok, id: 1, amount: 5", "state: ok, id: 1, amount: 5.5", "result.amount is a decimal"),
        ("amount: 5, currency", "amount: five, currency", "input.amount is a text"),
        ("amount: 5, currency", "amuont: 5, currency", "is given no 'amuont'"),
        ("verdict: done", "cannot_prepare: x", "the request could be prepared"),
        ("id: p1, status", "id: '', status", "cannot be prepared"),
    ],
)
def test_a_wrong_one_says_what_differs_and_where(old: str, new: str, what: str) -> None:
    messages = found(old, new)
    assert any(what in message and message.startswith("connector.yaml:") for message in messages), messages


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_connector_loads_and_its_examples_hold(folder: Path) -> None:
    assert [str(problem) for problem in run_examples(load(folder))] == []


def test_there_are_shipped_connectors() -> None:
    assert {"stripe", "shipbob"} <= {folder.name for folder in SHIPPED}
