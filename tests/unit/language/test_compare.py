"""Where two bodies differ, without a word of what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.language.compare import differing_fields


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}, "d": None}, ["b.c", "d"]),
        ({"lines": [{"n": 1}, {"n": 2}]}, {"lines": [{"n": 1}, {"n": 3}]}, ["lines[1].n"]),
        ({"lines": [1]}, {"lines": [1, 2]}, ["lines"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ([1], {"a": 1}, ["the whole body"]),
    ],
)
def test_the_fields_that_differ(one: Any, other: Any, paths: list[str]) -> None:
    assert differing_fields(json.dumps(one).encode(), json.dumps(other).encode()) == paths


def test_other_spaces_and_another_order_of_keys_are_no_difference() -> None:
    assert differing_fields(b'{"a": 1, "b": 2}', b'{"b":2,"a":1}') == []


def test_what_is_no_json_differs_as_a_whole() -> None:
    assert differing_fields(b"no json", b"{}") == ["the whole body"]
    assert differing_fields(b"no json", b"no json") == []


def test_a_large_body_is_cut_where_a_person_stops_reading() -> None:
    one, other = ({f"f{n}": n + add for n in range(1000)} for add in (0, 1))
    assert len(differing_fields(json.dumps(one).encode(), json.dumps(other).encode())) == 50
