"""Every row of the shared attack files meets what it expects; a file, or a row, that nobody reads fails here.

The files lie with the real payloads and are no part of the project: without them these tests are skipped.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.assembly.connecting import begin
from hub.assembly.home import Unfit
from hub.connector.manifest import Manifest
from hub.language.decode import DecodeError, decode_json
from hub.language.document import loads, validate
from hub.language.evaluate import ExpressionError
from hub.language.problem import Problems
from hub.mapping.load import load as load_mapping
from hub.mapping.translator import translate
from hub.wire import redact
from hub.wire.address import join, segment
from hub.wire.body import BadBody, BodyFault, read_body
from hub.wire.call import Blocked, header_fault
from hub.wire.mail import address_fault, value_fault
from tests.hostile.fuzz.declaration import check as judge_document
from tests.hostile.fuzz.formula import evaluate
from tests.hostile.fuzz.json_body import check as judge_json

ROOT = Path(__file__).resolve().parents[2]
# file: where its rows are met, or why they cannot be.
READ = {
    "csv_formula.tsv": "nothing here writes CSV",
    "expression_attacks.txt": "here, and tests/unit/language/test_expression.py",
    "header_mail_injection.tsv": "here, tests/unit/wire/test_mail.py and tests/unit/connectors/test_smtp.py",
    "json_body_attacks.tsv": "here, and tests/unit/language/test_decode.py",
    "paths.tsv": "here",
    "redaction.tsv": "here, and tests/unit/wire/test_redact.py",
    "signature_vectors.json": "tests/unit/webhook/test_vectors.py",
    "ssrf_targets.tsv": "tests/unit/wire/test_address.py",
    "yaml_manifest_attacks.tsv": "here",
}


@pytest.fixture
def rows(shared: Path) -> Callable[[str], list[list[str]]]:
    def read(name: str) -> list[list[str]]:
        lines = (shared / "corpora" / "attacks" / name).read_text(encoding="utf-8").splitlines()[1:]
        return [line.split("\t") for line in lines if line]

    return read


def raw(written: str) -> str:
    r"""A cell as it is meant: \n, \x00 and \u2028 stand for what they name."""
    return codecs.decode(written.encode("latin-1", "backslashreplace"), "unicode_escape")


def test_every_attack_file_is_read_by_somebody(shared: Path) -> None:
    assert {path.name for path in (shared / "corpora" / "attacks").iterdir()} == set(READ)


def test_nothing_here_writes_csv() -> None:
    """The day something does, the rows of csv_formula.tsv have to be met."""
    imports = ("import csv", "text/csv", "csv.writer")
    assert not [path for path in (ROOT / "hub").rglob("*.py") if any(word in path.read_text() for word in imports)]


# JSON ----------------------------------------------------------------------------------------------------------------

JSON_BODIES: dict[str, bytes] = {
    "deep_array_100k": b"[" * 100_000 + b"]" * 100_000,
    "deep_object_50k": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "int_4301_digits": b'{"a":' + b"1" * 4301 + b"}",
    "exp_bomb_1e1000000": b'{"total_price": 1e1000000}',
    "exp_bomb_neg": b'{"total_price": 1e-1000000}',
    "fmt_bomb": b'{"qty": 1e300000000}',
    "inf_from_1e400": b'{"a": 1e400}',
    "nan": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "dup_key_amount": b'{"total":"1.00","total":"9.00"}',
    "dup_key_unicode": b'{"total":"1.00","\\u0074otal":"9.00"}',
    "proto": b'{"__proto__":{"a":1},"constructor":{"prototype":1},"__class__":"x"}',
    "lone_surrogate": b'{"name":"\\ud800"}',
    "nul_in_string": b'{"name":"a\\u0000b"}',
    "bom": b"\xef\xbb\xbf{}",
    "utf16": "{}".encode("utf-16"),
    "float_money": b'{"total":0.1}',
    "big_id": b'{"id":9007199254740993}',
    "million_keys": b"{" + b",".join(b'"k%d":0' % number for number in range(1_000_000)) + b"}",
}
JSON_VALUES: dict[str, Any] = {
    "proto": {"__proto__": {"a": 1}, "constructor": {"prototype": 1}, "__class__": "x"},
    "lone_surrogate": {"name": "\ufffd"},
    "nul_in_string": {"name": "a\ufffdb"},
    "float_money": {"total": Decimal("0.1")},
    "big_id": {"id": 9007199254740993},
}


class Endless(io.RawIOBase):
    """A body that never ends; how much of it was read is counted."""

    given = 0

    def read(self, size: int = -1, /) -> bytes:
        self.given += size
        return b"x" * size


REQUESTS: dict[str, tuple[dict[str, Any], BodyFault]] = {
    "10MB_string": ({"CONTENT_LENGTH": str(10 * 1024 * 1024)}, BodyFault.TOO_LARGE),
    "gzip_100MiB": ({"CONTENT_LENGTH": "101942", "HTTP_CONTENT_ENCODING": "gzip"}, BodyFault.ENCODED),
    "gzip_nested": ({"CONTENT_LENGTH": "331", "HTTP_CONTENT_ENCODING": "gzip,gzip"}, BodyFault.ENCODED),
    "chunked_no_length": ({"HTTP_TRANSFER_ENCODING": "chunked"}, BodyFault.TOO_LARGE),
    "cl_te": ({"CONTENT_LENGTH": "5", "HTTP_TRANSFER_ENCODING": "chunked"}, BodyFault.AMBIGUOUS),
}
# What decoding lets through and the mapping, or the server, must not.
BUSINESS: dict[str, dict[str, Any]] = {
    "currency_scale": {"total": "10.005", "currency": "JPY"},
    "neg_qty": {"line_items": [{"id": 1, "name": "Tea", "quantity": -1, "price": "1.00"}]},
    "homoglyph_amount": {"total": "１０.００"},
}
OF_THE_SERVER = {"slow_body"}


def test_json_bodies(rows: Callable[[str], list[list[str]]]) -> None:
    expected = {name: wanted for name, _, wanted, _ in rows("json_body_attacks.tsv")}
    assert set(expected) == {*JSON_BODIES, *REQUESTS, *BUSINESS, *OF_THE_SERVER}
    for name, body in JSON_BODIES.items():
        if expected[name] == "reject":
            with pytest.raises(DecodeError):
                decode_json(body)
        else:
            assert repr(decode_json(body)) == repr(JSON_VALUES[name]), name
        if len(body) < 10_000:
            judge_json(body)


def test_bodies_that_are_refused_before_they_are_read(rows: Callable[[str], list[list[str]]]) -> None:
    expected = {name: wanted for name, _, wanted, _ in rows("json_body_attacks.tsv")}
    for name, (environ, wanted) in REQUESTS.items():
        assert expected[name] == "reject"
        stream = Endless()
        with pytest.raises(BadBody) as caught:
            read_body({**environ, "wsgi.input": stream}, 1024 * 1024)
        assert caught.value.fault is wanted, name
        assert stream.given <= 1024 * 1024 + 64 * 1024, name


def test_amounts_that_are_no_amounts_are_held_with_a_cause(rows: Callable[[str], list[list[str]]]) -> None:
    expected = {name: wanted for name, _, wanted, _ in rows("json_body_attacks.tsv")}
    mapping = load_mapping(ROOT / "mappings" / "woocommerce-order.yaml")
    good = mapping.manifest.examples[0].source
    assert translate(mapping, json.dumps(good, default=str).encode(), {}).entities
    for name, change in BUSINESS.items():
        made = translate(mapping, json.dumps({**good, **change}, default=str, ensure_ascii=False).encode(), {})
        held = bool(made.problems) and not made.entities
        # A total with more digits than its currency has is rounded, and flagged where the sums then miss it.
        flagged = [one.document["messages"] for one in made.entities if one.document.get("messages")]
        assert held or (name == "currency_scale" and flagged), (name, expected[name])


# YAML ----------------------------------------------------------------------------------------------------------------

LAUGHS = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
YAML_DOCUMENTS = {
    "laughs": LAUGHS,
    "deep": "[" * 5000,
    "size": "a: " + "x" * 262_144,
    "utf16": "a: 1\n".encode("utf-16").decode("latin-1"),
    "secret_inline": "auth: {token: sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc}",
}
YAML_STRINGS = {"norway": "NO", "octal": "017", "sexagesimal": "1:30", "underscore": "1_000", "date": "2026-01-01"}


def test_yaml_documents(rows: Callable[[str], list[list[str]]]) -> None:
    for name, written, expected in rows("yaml_manifest_attacks.tsv"):
        text = YAML_DOCUMENTS.get(name) or raw(written)
        if expected.startswith("reject"):
            with pytest.raises(Problems):
                validate(loads(text), Manifest)
            with pytest.raises(Problems):
                loads(text)
        else:
            assert list(loads(text).data.values()) == [YAML_STRINGS[name]], name
        if len(text) < 10_000:
            judge_document(text.encode())


# Expressions, redaction, headers, paths ------------------------------------------------------------------------------


def test_expressions(shared: Path) -> None:
    lines = (shared / "corpora" / "attacks" / "expression_attacks.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 35
    for line in [*lines, "(" * 10_000 + "a" + ")" * 10_000, ".".join("a" * 50_000)]:
        try:
            value = evaluate(line)
        except (Problems, ExpressionError):
            continue
        assert value in (None, "", line), line


RECIPES = {
    "sk_live_ + 24 chars": "sk_" + "live_" + "a1B2" * 6,
    "whsec_ + base64": "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}


def test_redaction(rows: Callable[[str], list[list[str]]]) -> None:
    for written, expected in rows("redaction.tsv"):
        if written.startswith("URL-encoded / base64"):
            continue  # what the fuzzer's target `redaction` plants
        value = RECIPES.get(written) or raw(written)
        shown = redact.text(value)
        if expected.startswith("unchanged"):
            assert shown == value
        elif " + CVV dropped" in expected:
            assert expected.partition(" + ")[0] in shown
            assert "123" not in shown
        else:
            assert shown == expected, written


def test_headers_and_mail(rows: Callable[[str], list[list[str]]]) -> None:
    fields = set()
    for field, written in rows("header_mail_injection.tsv"):
        fields.add(field)
        value = raw(written)
        if field == "customer.email":
            assert address_fault(value), written
        elif field in ("customer.name", "subject"):
            assert value_fault(value), written
        elif field == "header:X-Ref":
            assert header_fault("X-Ref", value), written
        elif field == "log:note":
            shown = redact.text(value)
            assert not set(shown) & {chr(code) for code in range(32)}, written
    # Our keys are hashes of one length; no file is ever attached to a mail.
    assert fields - {"header:Idempotency-Key", "filename"} == {
        "customer.name", "customer.email", "subject", "header:X-Ref", "log:note",
    }  # fmt: skip


def test_paths(rows: Callable[[str], list[list[str]]], tmp_path: Path) -> None:
    """A name from outside becomes a file (a connection's name) or a part of a URL, and in neither does it climb."""
    for written, expected in rows("paths.tsv"):
        assert expected == "reject"
        value = raw(written)
        with pytest.raises(Unfit, match="no name for a connection"):
            begin(tmp_path, "shopify", value)
        try:
            url = join("https://api.example/v1", "/orders/" + segment(value))
        except Blocked:
            continue
        assert url.startswith("https://api.example/v1/orders/")
        assert url.count("/") == 5
        assert ".." not in url.rpartition("/")[2].split("/")
