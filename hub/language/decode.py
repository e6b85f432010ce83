"""JSON from outside, decoded exactly or refused; and the one canonical way to write JSON down again."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_EXPONENT = 18
MAX_NUMBER_CHARACTERS = 64

# Every string, an unterminated last one included, so that one pass stays linear whatever the body holds.
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_LONG_NUMBER = re.compile(rb"[0-9.eE+-]{%d}" % (MAX_NUMBER_CHARACTERS + 1))
_EXPONENT = re.compile(r"[eE][+-]?0*([0-9]*)")
_PLAINEST = -6  # the smallest power of ten that a Decimal writes without an exponent
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|.)", re.DOTALL)
_REPLACEMENT = rb"\ufffd"


class DecodeError(ValueError):
    """The body is not JSON that we accept; ``what`` says why, without quoting the body."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def _exact(text: str) -> Decimal:
    exponent = _EXPONENT.search(text)
    if exponent is not None and int(exponent[1] or "0") > MAX_EXPONENT:
        raise DecodeError(f"a number's exponent is beyond {MAX_EXPONENT}")
    number = Decimal(text)
    if not number:
        number = number.copy_abs()  # `-0e0` would be written as `-0`, and read again as the integer 0
    power = number.adjusted()
    # What is accepted must also be accepted as we write it down, which may be with an exponent where this had none.
    if abs(power) > MAX_EXPONENT and (power < _PLAINEST or int(number.as_tuple().exponent) > 0):
        raise DecodeError(f"a number's exponent is beyond {MAX_EXPONENT}")
    return number


_decoder = msgspec.json.Decoder(float_hook=_exact)
_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


def decode_json(raw: bytes) -> Any:
    """The value of a JSON body: dict, list, str, int, Decimal, bool and None; never a float.

    Raises DecodeError for anything but strict UTF-8 JSON, for nesting beyond 64, more than 100,000 nodes, duplicate
    keys (also those that are equal only after unescaping), NaN, and numbers longer than 64 characters or with an
    exponent beyond 18, as they are written or as they would be written again. NUL characters and lone surrogates,
    which no database or mail can hold, become U+FFFD.
    """
    bare = _STRINGS.sub(b"", raw)
    _check_shape(bare)
    if b"\\u0000" in raw or b"\\ud" in raw or b"\\uD" in raw:
        raw = _ESCAPE.sub(_mend_escape, raw)
    try:
        value = _decoder.decode(raw)
    except UnicodeDecodeError as error:
        raise DecodeError("the body is not UTF-8") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if isinstance(error.__cause__, DecodeError):
            raise error.__cause__ from None
        raise DecodeError(f"the body is not JSON: {error}") from error
    if _count_keys(value) != bare.count(b":"):
        raise DecodeError("an object holds the same key twice")
    return value


def canonical_json(value: Any) -> bytes:
    """``value`` as JSON with sorted keys, no spaces and exact decimals: equal values give equal bytes.

    Raises TypeError for what JSON cannot hold.
    """
    return _encoder.encode(value)


def _check_shape(bare: bytes) -> None:
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > MAX_NODES:
        raise DecodeError(f"the body holds more than {MAX_NODES:,} nodes")
    depth = 0
    for bracket in _BRACKETS.findall(bare):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise DecodeError(f"the body is nested deeper than {MAX_DEPTH}")
    if _LONG_NUMBER.search(bare):
        raise DecodeError(f"a number is longer than {MAX_NUMBER_CHARACTERS} characters")


def _mend_escape(match: re.Match[bytes]) -> bytes:
    first, second = match[1], match[2]
    if first is None:
        return match[0]
    code = int(first, 16)
    low = rb"\u" + second if second else b""
    if 0xD800 <= code <= 0xDBFF:
        return match[0] if second else _REPLACEMENT
    if code == 0 or 0xDC00 <= code <= 0xDFFF:
        return _REPLACEMENT + (_REPLACEMENT if low else b"")
    return rb"\u" + first + (_REPLACEMENT if low else b"")


def _count_keys(value: Any) -> int:
    count = 0
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if type(node) is dict:
            count += len(node)
            waiting.extend(node.values())
        elif type(node) is list:
            waiting.extend(node)
    return count
