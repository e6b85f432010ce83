from __future__ import annotations

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.language.document import loads
from hub.language.expression import Expression
from hub.language.functions import default_functions
from hub.model.money import exponent
from hub.webhook.reading import Reading, Selector, holds

FUNCTIONS = default_functions(exponent)


def expression(text: str) -> Expression:
    return Expression.compile(text, loads("a: 1"), (), functions=FUNCTIONS)


HOSTILE = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"type":' + b"[" * 100_000,
    b'{"type": 1e1000000}',
    b'{"type": ' + b"9" * 5000 + b"}",
    b'{"type": NaN}',
    b'{"type": "a", "type": "b"}',
    b'{"type": "\xff"}',
    b'{"type": "\\ud800"}',
    b'"' + b"\\" * 100_001,
    b"null",
    b"[]",
    b'{"type": {}}',
]


@pytest.mark.parametrize("body", HOSTILE)
def test_hostile_bodies_are_read_without_a_fault(body: bytes) -> None:
    for text in ("= source.type", "= source.type || source.other", "= source.a.b"):
        assert isinstance(Selector.of(expression(text)).word(Reading(body)), str)
    assert len(Reading(body).digest(["type"])) == 64
    assert holds(expression("= !(source.missing)"), Reading(body), {})


@given(st.binary(max_size=300))
def test_any_body_has_a_digest_and_no_fault(body: bytes) -> None:
    reading = Reading(body)
    assert reading.digest() == sha256(body).hexdigest()
    assert len(reading.digest(["a"])) == 64
    assert isinstance(reading.word("a"), str)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"type": "order.made"}', "order.made"),
        (b'{"type": 7}', "7"),
        (b'{"type": 9007199254740993}', "9007199254740993"),
        (b'{"type": true}', ""),
        (b'{"type": null}', ""),
        (b'{"type": 1.5}', ""),
        (b'{"type": ["a"]}', ""),
        (b"{}", ""),
    ],
)
def test_a_field_picked_and_a_field_evaluated_are_the_same_word(body: bytes, word: str) -> None:
    picked, evaluated = Selector.of(expression("= source.type")), Selector.of(expression("= (source.type)"))
    assert picked.field == "type"
    assert evaluated.field is None
    assert picked.word(Reading(body)) == evaluated.word(Reading(body)) == word


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.integers(), st.text(max_size=8), st.none()), max_size=6))
def test_a_volatile_field_changes_nothing_and_every_other_does(document: dict[str, object]) -> None:
    def digest(value: dict[str, object]) -> str:
        return Reading(json.dumps(value).encode()).digest(["volatile"])

    first = digest(document)
    assert digest(document | {"volatile": 1}) == digest(dict(reversed((document | {"volatile": [2]}).items())))
    assert digest(document | {"steady": 1}) != digest(document | {"steady": 2})
    assert digest({name: value for name, value in document.items() if name != "volatile"}) == first
