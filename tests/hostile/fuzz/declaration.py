"""YAML documents: loaded as plain data or refused with places, and never what a looser reader would make of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hub.connector.manifest import Manifest
from hub.language.decode import canonical_json
from hub.language.document import MAX_DEPTH, Document, loads, validate
from hub.language.problem import Problems
from hub.mapping.manifest import MappingManifest
from hub.webhook.manifest import WebhookManifest
from tests.hostile.fuzz.hostile import expect_plain, texts
from tests.hostile.fuzz.target import Target, expect

SEEDS = (
    b"a: 1\nb: [x, 'y', \"z\"]\nc: {d: null, e: 1.50}\n", b"a: &x 1\nb: *x\n",
    b"!!python/object/apply:os.system [id]\n", b"a: 1\na: 2\n", b"<<: *base\n", b"a: 1\n---\nb: 2\n",
    b"country: NO\nzip: 017\ncode: 1:30\nn: 1_000\nd: 2026-01-01\n", b"n: .inf\n", b"\ta: 1\n",
    b'a: "\\ud800\\0\\U0010ffff"\n', b"? [a, b]\n: c\n", b"? ? ? a\n", b"a: |\n  many\n  lines\nb: >-\n  x\n",
    b"%YAML 1.1\n---\na: yes\n", b"id: x\ntitle: X\nsignature: {scheme: stripe_v1, headers: {signature: X-Sig}}\n",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", b"- - - - - a\n", b"'a': \"b\"\n# c\n",
    b"key: sk_" + b"live_abcdefgh12345678\n", b"a: !!binary aGk=\n", b"...\n", b"\xef\xbb\xbfa: 1\n", b"a: ! 12\n",
    b"{a: 1, b}\n", b"a: 'it''s'\n", b"\x85\xe2\x80\xa8a: 1\n",
)  # fmt: skip
WORDS = (
    b"&a ", b"*a", b"!!str ", b"! ", b"<<: ", b"---\n", b"...\n", b"? ", b": ", b"- ", b"|\n", b">-\n", b"'", b'"',
    b"{", b"}", b"[", b"]", b"%YAML 1.2\n", b"\\u", b"\\x", b"\\ud800", b"\\0", b"#", b".inf", b"~", b"null", b"true",
    b"\n", b"  ", b"\t", b"${env:A}", b"topics:", b"examples:", b"operations:", b"fields:", b"produces: order",
    b"scheme: ", b"= source.id", b"each:", b"item:",
)  # fmt: skip
_MODELS = (WebhookManifest, MappingManifest, Manifest)
_SPECIAL = re.compile(r"&|\*|!|<<|%|---")


def check(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        document = loads(text, "fuzz.yaml")
    except Problems as problems:
        _expect_problems(problems, text)
        return
    expect_plain(document.data, "the document")
    canonical_json(document.data)
    _expect_places(document, text)
    expect(_depth(document.data) <= MAX_DEPTH + 1, "the document is deeper than is allowed")
    if not _SPECIAL.search(text):
        _expect_words_of(text, document.data)
    for model in _MODELS:
        try:
            validate(document, model)
        except Problems as problems:
            _expect_problems(problems, text)


def _expect_problems(problems: Problems, text: str) -> None:
    lines = len(re.split("\r\n|[\n\r\x85\u2028\u2029]", text))
    expect(problems.problems, "refused without a problem")
    for problem in problems.problems:
        expect(1 <= problem.line <= lines + 1 and problem.column >= 1, f"a problem is nowhere: {problem}")
        expect(problem.what and problem.mend, "a problem without what or mend")


def _expect_places(document: Document, text: str) -> None:
    lines = len(re.split("\r\n|[\n\r\x85\u2028\u2029]", text))
    for spot in document.spots.values():
        expect(1 <= spot.line <= lines + 1, "a value stands outside the document")


def _expect_words_of(text: str, data: Any) -> None:
    """A plain document says nothing that is not written in it: every word of ASCII is found in the text."""
    if "\\" not in text:
        for found in texts(data):
            for word in re.findall("[A-Za-z0-9]+", found):
                expect(word in text, f"{word!r} is not in the document")


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def seeds() -> list[bytes]:
    """The hand-made ones, and the beginnings of what is shipped."""
    root = Path(__file__).resolve().parents[3]
    shipped = sorted([*root.glob("webhooks/*.yaml"), *root.glob("config/flows/*.yaml")])
    return [*SEEDS, *(path.read_bytes()[:3000] for path in shipped)]


TARGET = Target("yaml", "the document loader, and the models over it", check, (), seeds, WORDS)
