"""Where two JSON bodies differ: the names of the fields, never what they say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from hub.language.decode import DecodeError, decode_json

_MOST = 50  # for a person to read
_NOTHING = object()


def differing_fields(one: bytes, other: bytes) -> list[str]:
    """Paths such as `line_items[0].price`, in the order of the bodies, 50 at most.

    Empty where both say the same in other words (spaces, order of keys); `the whole body` where one is no JSON.
    """
    try:
        pair = decode_json(one), decode_json(other)
    except DecodeError:
        return [] if one == other else ["the whole body"]
    return list(islice(_paths(*pair, ""), _MOST))


def _paths(one: Any, other: Any, at: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*one, *other)):
            path = f"{at}.{name}" if at else name
            yield from _paths(one.get(name, _NOTHING), other.get(name, _NOTHING), path)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _paths(left, right, f"{at}[{number}]")
    elif type(one) is not type(other) or one != other:
        yield at or "the whole body"
