"""A provider's body as the manifest says it is: JSON, XML, a form or text; readable and storable, or `Unreadable`."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hub.connector.decode import Unreadable, decode
from hub.language.decode import canonical_json
from tests.hostile.fuzz.hostile import expect_plain, texts
from tests.hostile.fuzz.target import Target, expect

KINDS = ("xml", "form", "text", "json")
SEEDS = (
    b"<a/>", b'<?xml version="1.0" encoding="UTF-8"?><r x="1"><b>1</b><b>2</b>mixed<c><![CDATA[x]]></c></r>',
    b"<a>&#65;&amp;</a>", b'<?xml version="1.0" encoding="latin-1"?><a>\xe9</a>',
    b'<?xml version="1.0" encoding="nonsense"?><a/>', b"<a", b"<a><b></a></b>",
    b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a xmlns:x='y' x:z='1'/>", b"<a>" * 70,
    b"<a>" + b"x<b/>" * 50 + b"</a>", "<?xml version='1.0' encoding='utf-16'?><a>é</a>".encode("utf-16"),
    b"a=1&a=2&b=%00&c=%ED%A0%80&d", b"text", b"\x00", b"\xff",
)  # fmt: skip
WORDS = (
    b"<",
    b"/>",
    b"</",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE",
    b"<?xml version='1.0' encoding='",
    b"&#0;",
    b"&#xD800;",
    b"&lt;",
    b"%00",
    b"&",
    b"=",
)


def check(data: bytes) -> None:
    kind, body = KINDS[data[0] % len(KINDS)] if data else "xml", data[1:]
    try:
        value = decode(body, kind)
    except Unreadable as error:
        expect(len(str(error)) <= 200, "a refusal quotes at length")
        return
    expect_plain(value, "the answer")
    canonical_json(value)
    if kind == "xml":
        _expect_whole(body, "\n".join(texts(value)))


def _expect_whole(body: bytes, found: str) -> None:
    """Every text that another reader finds in the document is there; that one also wants prefixes to be declared."""
    try:
        nodes = list(ET.fromstring(body).iter()) if body.strip() else []
    except ET.ParseError:
        return
    said = {word for node in nodes for text in (node.text, node.tail) for word in (text or "").split("\n")}
    expect(all(word.strip() in found for word in said), "a text of the document is lost")


TARGET = Target(
    "answer-body", "a provider's body: XML, form, text, JSON", check, (),
    lambda: [bytes([kind]) + seed for kind in range(3) for seed in SEEDS], WORDS,
)  # fmt: skip
