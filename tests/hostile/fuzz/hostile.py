"""Values nobody hopes for, and the canaries that must never be seen where anything is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.hostile.fuzz.drawing import Draw
from tests.hostile.fuzz.target import expect

CARD = "4929137560823148"
PERSON = "Zebedee Quillfeather of Nowhere Lane"
SECRET = "canary/secret+of=the:test"

VALUES: tuple[Any, ...] = (
    None, True, False, "", " ", 0, 1, -1, 2**31, 2**63, 10**40, -(10**40), Decimal("0.005"), Decimal("1e18"),
    Decimal("-0.0"), Decimal("1e-18"), "0", "-1", "1e18", "1e400", "NaN", "Infinity", "1.005", "19.99", "１０.００",
    "0x10", "1_000", "10,50", "9" * 40, "0." + "9" * 40, "9" * 200, "EUR", "eur", "XXX", "JPY", "KWD", "US", "us",
    "Nowhere", "2026-01-31T09:30:00Z", "2026-01-31T09:30:00", "0000-00-00 00:00:00", "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59", "2026-02-30T00:00:00Z", "true", "null", "a\u2028b", "\ufffd", "\u202eevil",
    "a@b.example", "x" * 3000, " " * 3000, "=1+1", "{{7*7}}", "${env:HOME}", "<script>", "\r\nBcc: a@b.example",
    PERSON, CARD, int(CARD), [], {}, [[]], [None], [1, "a", None], {"id": None}, {"": ""}, {"id": {"id": 1}},
    [{"id": 1}, {"id": 1}], {"amount": "1", "currency_code": "EUR"}, {"data": None}, {"edges": []}, {"nodes": [None]},
)  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a piece of JSON."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        node = waiting.pop()
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in pairs:
            found.append((node, key))
            waiting.append(child)
    return found


def copied(value: Any) -> Any:
    """A deep copy of JSON; cheaper than the general one."""
    if isinstance(value, dict):
        return {key: copied(child) for key, child in value.items()}
    return [copied(child) for child in value] if isinstance(value, list) else value


def mutated(value: Any, draw: Draw) -> Any:
    """A copy of some JSON with a few places changed, as the bytes decide: replaced, left out, doubled, swapped."""
    top = [copied(value)]
    for _ in range(draw.below(6)):
        _mutate(places(top), draw)
    return top[0]


def _mutate(known: list[tuple[Any, Any]], draw: Draw) -> None:
    node, key = draw.pick(known)
    act = draw.below(8)
    if act <= 3:
        node[key] = copied(draw.pick(VALUES))
    elif act == 4 and isinstance(node, dict):
        del node[key]
    elif act == 5 and isinstance(node, list) and len(node) < 50:
        node.insert(key, copied(node[key]))
    elif act == 6:
        other, name = draw.pick(known)
        node[key] = copied(other[name]) if len(known) < 2000 else None
    else:
        node[key] = draw.text()


_SURROGATE_OR_NUL = re.compile("[\x00\ud800-\udfff]")


def parts(value: Any) -> Iterator[Any]:
    """Every value and key in a piece of JSON; a list or mapping that stands in several places is entered once."""
    waiting, entered = [value], set[int]()
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, dict | list | tuple) and id(node) not in entered:
            entered.add(id(node))
            waiting += [*node, *node.values()] if isinstance(node, dict) else node


def texts(value: Any) -> Iterator[str]:
    """Every text in a piece of JSON, keys included."""
    return (part for part in parts(value) if isinstance(part, str))


def expect_plain(value: Any, where: str, *besides: type) -> None:
    """Only null, booleans, whole numbers, exact decimals, storable texts, lists and mappings (and kinds `besides`)."""
    allowed = {dict, list, str, int, Decimal, bool, type(None), *besides}
    for part in parts(value):
        kind = type(part)
        expect(kind in allowed, f"{where} holds a {kind.__name__}")
        if kind is dict:
            expect(all(type(key) is str for key in part), f"{where} has a key that is no text")
        elif kind is str:
            expect(not _SURROGATE_OR_NUL.search(part), f"{where} holds a character that no database takes")
        elif kind is Decimal:
            expect(part.is_finite(), f"{where} holds {part}")


def expect_no_card(shown: str, where: str) -> None:
    """Of a card's number no more than four digits in a row."""
    digits = re.sub("[^0-9]", "", shown)
    seen = [CARD[at : at + 8] for at in range(9) if CARD[at : at + 8] in digits]
    expect(not seen, f"{where} shows a card's number: …{seen}…")
