"""Runs the examples that stand in a mapping: they are its tests, and its documentation."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from hub.language.decode import canonical_json, decode_json
from hub.language.document import Document
from hub.language.document import load as load_document
from hub.language.problem import Problem, Problems
from hub.mapping.load import Mapping, compile_mapping
from hub.mapping.manifest import Example
from hub.mapping.translator import translate
from hub.model.message import Translation

Place = tuple[str | int, ...]


def check_file(path: str | Path) -> list[Problem]:
    """Everything that is wrong in a file, the examples that do not come out as they say included."""
    try:
        mapping = compile_mapping(load_document(path), Path(path).stem)
    except Problems as found:
        return list(found.problems)
    return failed_examples(mapping)


def failed_examples(mapping: Mapping) -> list[Problem]:
    """One problem for each expectation that is not met, at its place in the document."""
    problems: list[Problem] = []
    for index, example in enumerate(mapping.manifest.examples):
        made = as_data(run_example(mapping, example))
        compare = _Comparison(mapping.document, f"example '{example.name}'")
        for part in ("problems", "entities", "evidence"):
            wanted = getattr(example.expect, part)
            if wanted is None and part == "problems":
                wanted = []
            if wanted is not None:
                compare.value(wanted, made[part], ("examples", index, "expect", part), loose=part == "problems")
        problems += compare.problems
    return problems


def run_example(mapping: Mapping, example: Example) -> Translation:
    """What the mapping makes of an example's payload, which goes the way of a real one: through its bytes."""
    return translate(mapping, canonical_json(example.source), example.settings)


def as_data(translation: Translation) -> dict[str, Any]:
    """A translation as plain JSON data."""
    data: dict[str, Any] = decode_json(canonical_json(asdict(translation)))
    return data


class _Comparison:
    def __init__(self, document: Document, name: str) -> None:
        self.document = document
        self.name = name
        self.problems: list[Problem] = []

    def value(self, wanted: Any, made: Any, path: Place, *, loose: bool) -> None:
        """Mappings need only contain what is wanted, lists must be as long, `loose` texts need only be contained."""
        if isinstance(wanted, dict) and isinstance(made, dict):
            for key, inner in wanted.items():
                self.value(inner, made.get(key), (*path, key), loose=loose)
        elif isinstance(wanted, list) and isinstance(made, list) and len(wanted) == len(made):
            for index, (one, other) in enumerate(zip(wanted, made, strict=True)):
                self.value(one, other, (*path, index), loose=loose)
        elif not self.same(wanted, made, loose=loose):
            what = f"{self.name}: it is {_shown(made)}, not {_shown(wanted)}"
            self.problems.append(self.document.problem(path, what, "correct the expectation, or what leads to it"))

    def same(self, wanted: Any, made: Any, *, loose: bool) -> bool:
        if loose and isinstance(wanted, str) and isinstance(made, str):
            return wanted in made
        return bool(wanted == made) and isinstance(wanted, bool) == isinstance(made, bool)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = canonical_json(value).decode()
    return text if len(text) <= 300 else f"{text[:300]}…"
