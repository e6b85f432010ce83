from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.language.decode import canonical_json
from hub.mapping.load import Mapping, load
from hub.mapping.translator import translate
from hub.model.merge import join, order_of
from hub.model.message import Translation
from hub.model.order import Order


@pytest.fixture(scope="session")
def mappings(checkout: Path) -> dict[str, Mapping]:
    """Every shipped mapping."""
    return {path.stem: load(path) for path in sorted((checkout / "mappings").glob("*.yaml"))}


Change = dict[str, Any]
Base = Callable[..., Any]


@pytest.fixture
def base(mappings: dict[str, Mapping]) -> Base:
    """The payload of a mapping's first example, to be changed; more changes overwrite its top level."""

    def make(name: str, /, example: int = 0, **changes: Any) -> Any:
        source = copy.deepcopy(mappings[name].manifest.examples[example].source)
        return {**source, **changes}

    return make


def merged(translation: Translation) -> Order:
    """The order that a translation amounts to; fails on problems."""
    assert not translation.problems, translation.problems
    facts: dict[str, Any] = {}
    for entity in translation.entities:
        facts = join(facts, entity)
    order = order_of(facts)
    assert order is not None
    return order


@pytest.fixture
def told(mappings: dict[str, Mapping]) -> Callable[..., Order]:
    """What a mapping makes of a payload, as the order it amounts to."""

    def run(name: str, source: Any, **settings: Any) -> Order:
        return merged(translate(mappings[name], canonical_json(source), settings))

    return run


@pytest.fixture
def problems(mappings: dict[str, Mapping]) -> Callable[..., list[tuple[str, str]]]:
    """The problems that a mapping finds in a payload: (path, what)."""

    def run(name: str, source: Any, **settings: Any) -> list[tuple[str, str]]:
        translation = translate(mappings[name], canonical_json(source), settings)
        assert not translation.entities or not translation.problems
        return [(problem.path, problem.what) for problem in translation.problems]

    return run
