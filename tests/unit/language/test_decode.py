from __future__ import annotations

import time
from decimal import Decimal

import pytest

from hub.language.decode import DecodeError, canonical_json, decode_json

REFUSED = {
    "deep array": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 50_000,
    "depth 65": b"[" * 65 + b"]" * 65,
    "4,301 digits": b'{"a":' + b"1" * 4301 + b"}",
    "exponent": b'{"total_price": 1e1000000}',
    "negative exponent": b'{"total_price": 1e-1000000}',
    "format bomb": b'{"qty": 1e300000000}',
    "1e400": b'{"a": 1e400}',
    "an exponent in zeros": b'{"a": 0.0000000000000000001}',
    "an exponent when written again": b'{"a": 1234e17}',
    "zero with an exponent when written again": b'{"a": 0.00000000000000000000}',
    "exponent behind zeros": b'{"a": 1e' + b"0" * 30 + b"19}",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "same key": b'{"total":"1.00","total":"9.00"}',
    "same key unescaped": b'{"total":"1.00","\\u0074otal":"9.00"}',
    "same key deep": b'[{"a":[{"b":1,"c":{},"b":2}]}]',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "not UTF-8": b'{"a":"\xff"}',
    "a million keys": b"{" + b",".join(b'"k%d":0' % i for i in range(100_001)) + b"}",
    "wide digits": '{"total":１０.００}'.encode(),
    "two values": b"{} {}",
    "nothing": b"",
    "unterminated escapes": b'"' + b'\\"' * 500_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_bodies_are_refused_quickly(name: str) -> None:
    begun = time.thread_time()
    with pytest.raises(DecodeError) as caught:
        decode_json(REFUSED[name])
    assert time.thread_time() - begun < 2
    assert len(caught.value.what) < 200


def test_every_attack_of_the_corpus_is_named_here(shared_attacks: set[str]) -> None:
    elsewhere = {"10MB_string", "gzip_100MiB", "gzip_nested", "chunked_no_length", "slow_body", "cl_te"}
    business = {"currency_scale", "neg_qty", "homoglyph_amount"}
    kept = {"proto", "lone_surrogate", "nul_in_string", "float_money", "big_id"}
    refused = {
        "deep_array_100k", "deep_object_50k", "int_4301_digits", "exp_bomb_1e1000000", "exp_bomb_neg", "fmt_bomb",
        "inf_from_1e400", "nan", "infinity", "dup_key_amount", "dup_key_unicode", "bom", "utf16", "million_keys",
    }  # fmt: skip
    assert shared_attacks == elsewhere | business | kept | refused


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"total":0.1}', {"total": Decimal("0.1")}),
        (b'{"price":6.599666666666667}', {"price": Decimal("6.599666666666667")}),
        (b'{"total":10.00}', {"total": Decimal("10.00")}),
        (b'{"id":9007199254740993}', {"id": 9007199254740993}),
        (b"[18446744073709551616]", [18446744073709551616]),
        (b'{"a":1e18}', {"a": Decimal("1e18")}),
        (b'{"__proto__":{"a":1},"__class__":"x"}', {"__proto__": {"a": 1}, "__class__": "x"}),
        (b'{"a:b":"{[,:\\"]}"}', {"a:b": '{[,:"]}'}),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\ud800"', "\ufffd"),
        (b'"\\udc00\\ud800x"', "\ufffd\ufffdx"),
        (b'"\\u0041\\udc00"', "A\ufffd"),
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'"\\\\u0000"', "\\u0000"),
        (b"[" * 64 + b"]" * 64, None),
    ],
)
def test_values_are_exact_and_storable(raw: bytes, value: object) -> None:
    found = decode_json(raw)
    if value is not None:
        assert found == value
        assert repr(found) == repr(value)


def test_no_float_ever_comes_out() -> None:
    assert isinstance(decode_json(b"[1.5]")[0], Decimal)
    assert isinstance(decode_json(b"[1E2]")[0], Decimal)


def test_a_decode_error_does_not_quote_the_body() -> None:
    with pytest.raises(DecodeError) as caught:
        decode_json(b'{"card": "4242424242424242", }')
    assert "4242" not in str(caught.value)


def test_canonical_json_is_sorted_tight_and_exact() -> None:
    value = {"b": Decimal("10.00"), "a": [1, None, True, "é"], "c": {"z": 1, "y": 2**70}}
    assert canonical_json(value) == '{"a":[1,null,true,"é"],"b":10.00,"c":{"y":1180591620717411303424,"z":1}}'.encode()
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)
    assert decode_json(canonical_json(value)) == value


@pytest.mark.parametrize(
    "text", ["0.000001", "0.00000000000000001", "123.4e15", "1.0000000000000000000000000001", "0E-18"]
)
def test_what_is_accepted_is_accepted_again_as_it_is_written(text: str) -> None:
    value = decode_json(f"[{text}]".encode())
    assert decode_json(canonical_json(value)) == value == [Decimal(text)]
