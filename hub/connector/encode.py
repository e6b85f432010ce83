"""Rendered nodes as the bytes of a request body, always the same bytes for the same node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus
from xml.sax.saxutils import escape, quoteattr

from hub.connector.compiled import Fault, plain
from hub.language.decode import canonical_json

JSON, FORM, XML = "application/json", "application/x-www-form-urlencoded", "application/xml"


def json_text(node: Any) -> str:
    return canonical_json(node).decode()


def form_pairs(node: Any, path: str) -> list[tuple[str, str]]:
    """A mapping as pairs, nested names in brackets: `{a: {b: 1}, c: [2]}` is `a[b]=1`, `c[0]=2`. Null is left out."""
    return list(_pairs("", node, path))


def _pairs(name: str, node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, (dict, list)):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _pairs(f"{name}[{key}]" if name else str(key), value, path)
    else:
        text = plain(node, path)
        if text is not None:
            yield name, text


def form_text(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote_plus(name, safe='[]')}={quote_plus(value)}" for name, value in pairs)


def query_pairs(node: dict[str, Any], path: str) -> list[tuple[str, str]]:
    """Query parameters; a list repeats its name, null is left out."""
    pairs = []
    for name, value in node.items():
        for item in value if isinstance(value, list) else [value]:
            text = plain(item, f"{path}.{name}")
            if text is not None:
                pairs.append((name, text))
    return pairs


def xml_text(node: dict[str, Any], path: str) -> str:
    """A mapping with one root as XML: `@name` is an attribute, `#text` the text, a list repeats its element."""
    if len(node) != 1:
        raise Fault("an XML body has exactly one root element", path)
    return '<?xml version="1.0" encoding="UTF-8"?>' + "".join(_elements(node, path))


def _elements(node: dict[str, Any], path: str) -> Iterator[str]:
    for name, value in node.items():
        if name.startswith(("@", "#")):
            continue
        for item in value if isinstance(value, list) else [value]:
            yield _element(name, item, path)


def _element(name: str, item: Any, path: str) -> str:
    if not isinstance(item, dict):
        text = plain(item, path)
        return f"<{name}/>" if text is None else f"<{name}>{escape(_legal(text, path))}</{name}>"
    attributes = ""
    for key, value in item.items():
        if key.startswith("@") and value is not None:
            attributes += f" {key[1:]}={quoteattr(_legal(plain(value, path) or '', path))}"
    inner = escape(_legal(plain(item.get("#text"), path) or "", path)) + "".join(_elements(item, path))
    return f"<{name}{attributes}>{inner}</{name}>"


def _legal(text: str, path: str) -> str:
    if any(ord(character) < 32 and character not in "\t\n\r" for character in text):
        raise Fault("the text holds a control character that XML cannot carry", path)
    return text
