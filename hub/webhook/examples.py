"""Runs the examples that stand in a webhook's manifest: they are its tests, and its documentation."""

from __future__ import annotations

from typing import Any

from hub.language.document import Document
from hub.language.problem import Problem
from hub.webhook.headers import Headers
from hub.webhook.manifest import Example
from hub.webhook.secret import UnusableSecret
from hub.webhook.source import Source


def failed_examples(source: Source, document: Document) -> list[Problem]:
    """One problem for each expectation that is not met, at its place in the document."""
    problems = []
    for index, example in enumerate(source.manifest.examples):
        place = ("examples", index)
        try:
            made = run_example(source, example)
        except UnusableSecret as error:
            problems.append(document.problem((*place, "secret"), str(error), "invent another secret"))
            continue
        for name, value in made.items():
            wanted = getattr(example.expect, name)
            if name in _wanted(example) and value != wanted:
                what = f"example '{example.name}': {name} is {_shown(value)}, not {_shown(wanted)}"
                path = (*place, "expect", name)
                problems.append(document.problem(path, what, "correct the expectation, or what leads to it"))
    return problems


def run_example(source: Source, example: Example) -> dict[str, Any]:
    """What is made of an example's delivery: reason, topic, delivery_id (as the source gives it), kind."""
    judged = source.judge(
        Headers(example.headers.items()),
        example.body.encode(),
        source.verifier.keys([example.secret]),
        example.settings or None,
        example.now,
    )
    made: dict[str, Any] = {"reason": judged.reason}
    if judged.reason.verified:
        made |= {"topic": judged.topic, "delivery_id": judged.source_id, "kind": judged.kind}
    return made


def _wanted(example: Example) -> set[str]:
    return {"reason"} | example.expect.model_fields_set


def _shown(value: object) -> str:
    return "nothing" if value in (None, "") else f"'{value}'"
