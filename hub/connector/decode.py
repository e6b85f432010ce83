"""A provider's body as plain data. It is hostile until it is read: bounded, and nothing in it is obeyed."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl
from xml.parsers import expat

from hub.language.decode import DecodeError, decode_json

MAX_XML_DEPTH = 64
MAX_XML_NODES = 100_000
MAX_FORM_FIELDS = 1000


class Unreadable(Exception):
    """The body is not what the manifest says it is."""


def decode(body: bytes, kind: str) -> Any:
    """`body` as json, xml, form or text; an empty one is None. Raises `Unreadable`.

    NUL characters, which no database can hold, become U+FFFD.
    """
    if not body.strip():
        return None
    try:
        return _DECODERS[kind](body)
    except (DecodeError, UnicodeDecodeError, expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable(f"the answer is not readable {kind}: {error}"[:200]) from error


def _form(body: bytes) -> dict[str, str]:
    pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    return {_storable(name): _storable(value) for name, value in pairs}


def _text(body: bytes) -> str:
    return _storable(body.decode())


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd")


def _xml(body: bytes) -> dict[str, Any]:
    """Elements as mappings: text alone is a text, repeated names a list, attributes `@name`, mixed text `#text`."""
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse  # no entities, so nothing to expand or fetch
    parser.buffer_text = True
    parser.Parse(body, True)
    return builder.root


def _refuse(*_: object) -> None:
    raise ValueError("a document type declaration is not allowed")


class _Builder:
    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._stack: list[dict[str, Any]] = [self.root]
        # Pieces, because a text between many elements grows by one piece each: joined at once it stays linear.
        self._texts: list[list[str]] = [[]]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1 + len(attributes)
        if len(self._stack) > MAX_XML_DEPTH or self._count > MAX_XML_NODES:
            raise ValueError("the document is too deep or too large")
        self._stack.append({f"@{key}": value for key, value in attributes.items()})
        self._texts.append([])

    def text(self, data: str) -> None:
        self._texts[-1].append(data)

    def end(self, name: str) -> None:
        node = self._stack.pop()
        text = "".join(self._texts.pop()).strip()
        value: Any = {**node, "#text": text} if node and text else node or text
        parent = self._stack[-1]
        held = parent.get(name)
        if isinstance(held, list):
            held.append(value)
        else:
            parent[name] = value if held is None else [held, value]


_DECODERS: dict[str, Any] = {"json": decode_json, "xml": _xml, "form": _form, "text": _text}
