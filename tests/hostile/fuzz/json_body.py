"""JSON from outside: what the standard library refuses is refused, what is accepted is exact and stays the same."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from hub.language.decode import MAX_DEPTH, MAX_EXPONENT, DecodeError, canonical_json, decode_json
from tests.hostile.fuzz.hostile import expect_plain
from tests.hostile.fuzz.target import Target, Violation, expect

SEEDS = (
    b'{"id":9007199254740993,"total":"19.99","price":6.5996,"lines":[{"q":1,"on":true,"x":null}]}', b'{"a":1,"a":2}',
    b'{"total":"1.00","\\u0074otal":"9.00"}', b"[1e18,1E-18,-0.0,0.1,1e19]", b"[NaN,Infinity]",
    b'"\\ud83d\\ude00 \\ud800 \\udc00 \\u0000 \\\\u0000"', b"[" * 64 + b"]" * 64, b"[" * 65 + b"]" * 65,
    b"\xef\xbb\xbf{}", b'{"\\u0000":1,"\\ufffd":2}', b"[0.0000000000000000000000001]", b"[12345e17]", b"1" * 65,
    b" \t\r\n{}", b"{} {}", b"[1,]", "{}".encode("utf-16"), b'{"a":"\xff"}', b'"\x1f"', b"[01]", b"[+1]", b"[1.]",
    b"[.5]", b"[-]", b"tru", b"",
)  # fmt: skip
WORDS = (
    b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b'\\"', b"\\u", b"\\ud800", b"\\udc00", b"\\u0000", b"null",
    b"true", b"false", b"NaN", b"Infinity", b"-0", b"1e18", b"1e-19", b"0.0", b"e+", b"\xed\xa0\x80", b"\xc0\x80",
    b"\xef\xbf\xbd", b"/*",
)  # fmt: skip

_LONE = re.compile("[\x00\ud800-\udfff]")


class _Refused(Exception):
    """The standard library, read strictly, does not take it."""


class _Beyond(Exception):
    """JSON, but beyond a limit of ours."""


def check(data: bytes) -> None:
    try:
        wanted: Any = strictly(data)
    except (_Refused, _Beyond) as refusal:
        wanted = refusal
    try:
        found = decode_json(data)
    except DecodeError as error:
        expect(len(error.what) < 300, "a refusal quotes at length")
        if not isinstance(wanted, Exception):
            raise Violation(f"good JSON is refused: {error.what}") from error
        return
    expect(not isinstance(wanted, Exception), f"accepted, though {wanted}")
    expect_plain(found, "the value")
    expect(_same(found, wanted), "another value than the standard library's")
    written = canonical_json(found)
    expect(_same(decode_json(written), found, kinds=False), "what is written is not what is read again")
    expect(canonical_json(decode_json(written)) == written, "the canonical form is not stable")


def strictly(data: bytes) -> Any:
    """The value by the standard library's decoder, held to RFC 8259 and to our published limits."""
    try:
        text = data.decode("utf-8")
        if text.startswith("\ufeff"):
            raise _Refused("it begins with a byte order mark")
        value = json.loads(
            text, parse_float=_decimal, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_object
        )
    except (ValueError, RecursionError) as error:
        raise _Refused(f"the standard library says {error}") from error
    if _deep(value) > MAX_DEPTH:
        raise _Beyond("it is nested too deeply")
    return value


def _integer(text: str) -> int:
    if len(text) > 64:
        raise _Beyond("a number is too long")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > 64:
        raise _Beyond("a number is too long")
    if _exponent(text) > MAX_EXPONENT or _exponent(str(Decimal(text))) > MAX_EXPONENT:  # as written, or written again
        raise _Beyond("an exponent is too large")
    return Decimal(text)


def _exponent(text: str) -> int:
    written = re.search("[eE][+-]?([0-9]+)", text)
    return int(written[1]) if written else 0


def _constant(text: str) -> Any:
    raise _Refused(f"{text} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = {_LONE.sub("\ufffd", key): value for key, value in pairs}
    if len(made) != len(pairs):
        raise _Beyond("a key stands twice")
    return made


def _deep(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_deep, value.values()), default=0)
    return 1 + max(map(_deep, value), default=0) if isinstance(value, list) else 0


def _same(one: Any, other: Any, *, kinds: bool = True) -> bool:
    """Equal in value, and in kind too unless not `kinds`: 0E+0 is written as the whole number it is."""
    if isinstance(one, str) and isinstance(other, str):
        return one == _LONE.sub("\ufffd", other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key], kinds=kinds) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b, kinds=kinds) for a, b in zip(one, other, strict=True))
    alike = type(one) is type(other) or (not kinds and {type(one), type(other)} == {int, Decimal})
    return alike and bool(one == other)


TARGET = Target("json", "the JSON decoder against the standard library's", check, (), lambda: SEEDS, WORDS)
