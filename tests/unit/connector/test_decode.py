"""Providers' bodies as data, the hostile ones too."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from hub.connector.decode import Unreadable, decode


@pytest.mark.parametrize(
    ("body", "kind", "value"),
    [
        (b"", "json", None),
        (b"  \n", "xml", None),
        (b'{"a": 1.10, "b": 12345678901234567890}', "json", {"a": Decimal("1.10"), "b": 12345678901234567890}),
        (b"a=1&b=&a=2&c=%26", "form", {"a": "2", "b": "", "c": "&"}),
        ("grüße".encode(), "text", "grüße"),
        (
            b"<r><a>1</a><a>2</a><b x='y'>t</b><c/></r>",
            "xml",
            {"r": {"a": ["1", "2"], "b": {"@x": "y", "#text": "t"}, "c": ""}},
        ),
        (b"<r>&lt;x&gt; &amp; y</r>", "xml", {"r": "<x> & y"}),
    ],
)
def test_what_is_readable(body: bytes, kind: str, value: Any) -> None:
    assert decode(body, kind) == value


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"a": 1', "json"),
        (b"<html>", "json"),
        (b'{"a": NaN}', "json"),
        (b"\xff\xfe", "json"),
        (b"\xff", "text"),
        (b"[" * 100_000 + b"]" * 100_000, "json"),
        (b"<r><a></r>", "xml"),
        (b"<r>" * 100 + b"</r>" * 100, "xml"),
        (b"<r>" + b"<a/>" * 100_001 + b"</r>", "xml"),
        (b'<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>', "xml"),
        (b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>', "xml"),
        (b"&".join(b"a=1" for _ in range(1001)), "form"),
    ],
)
def test_what_is_not(body: bytes, kind: str) -> None:
    with pytest.raises(Unreadable):
        decode(body, kind)


@pytest.mark.parametrize("encoding", ["nonsense", "hex", "rot13", "utf-7"])
def test_an_encoding_that_nobody_knows_is_unreadable(encoding: str) -> None:
    with pytest.raises(Unreadable):
        decode(f"<?xml version='1.0' encoding='{encoding}'?><a>é</a>".encode(), "xml")


def test_text_between_many_elements_takes_no_longer_than_its_length() -> None:
    """Each element copied all of the text before it: 16 MB took most of a minute."""
    body = b"<a>" + b"x" * 4_000_000 + b"<b/>x" * 90_000 + b"</a>"
    begun = time.thread_time()
    assert len(decode(body, "xml")["a"]["#text"]) == 4_090_000
    assert time.thread_time() - begun < 3


def test_what_no_database_holds_is_replaced() -> None:
    assert decode(b"a=x%00y&b%00=1", "form") == {"a": "x\ufffdy", "b\ufffd": "1"}
    assert decode(b"x\x00y", "text") == "x\ufffdy"
