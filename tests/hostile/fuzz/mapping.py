"""Each shipped mapping over mutated real payloads: facts or problems, and no exception; money in whole minor units."""

from __future__ import annotations

import os
import re
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from hub.language.decode import DecodeError, canonical_json, decode_json
from hub.mapping.load import Mapping, load
from hub.mapping.translator import translate
from hub.model.message import Translation
from tests.hostile.fuzz.drawing import Draw
from tests.hostile.fuzz.hostile import PERSON, expect_plain, mutated
from tests.hostile.fuzz.target import Target, expect

ROOT = Path(__file__).resolve().parents[3]
KINDS = frozenset({"order", "refund", "fulfillment", "deleted"})
LARGEST_MINOR = 2**63 - 1
_MONEY = frozenset({"amount", "price", "authorized", "captured", "refunded"})
_COUNTS = frozenset({"quantity", "original", "total", "fulfilled", "weight_grams"})


@cache
def mappings() -> tuple[Mapping, ...]:
    return tuple(load(path) for path in sorted((ROOT / "mappings").glob("*.yaml")))


@cache
def payloads(name: str) -> tuple[Any, ...]:
    """What a mapping is tried on: its own examples, and the real payloads of its storefront where they are at hand."""
    mapping = next(one for one in mappings() if one.id == name)
    found = [decode_json(canonical_json(example.source)) for example in mapping.manifest.examples]
    named = os.environ.get("CROSSDOCK_SHARED")
    folder = (Path(named) if named else ROOT.parent / "shared") / "payloads" / name.partition("-")[0]
    for path in sorted(folder.glob("*.json")) if name.partition("-")[0] in ("shopify", "woocommerce") else ():
        raw = path.read_bytes()
        try:
            found.append(decode_json(raw)) if len(raw) < 60_000 else None
        except DecodeError:
            continue
    return tuple(found)


def check(data: bytes) -> None:
    draw = Draw(data)
    mapping = draw.pick(mappings())
    settings = {name: mutated(setting.default, draw) for name, setting in mapping.manifest.settings.items()}
    raw = draw.byte() >= 230
    body = draw.rest() if raw else canonical_json(mutated(draw.pick(payloads(mapping.id)), draw))
    translated(mapping, body, settings if draw.one_in(3) else {})


def translated(mapping: Mapping, body: bytes, settings: dict[str, Any]) -> Translation:
    """What a mapping makes of a body, judged."""
    made = translate(mapping, body, settings)
    expect(not made.problems or not (made.entities or made.evidence), "problems and facts at once")
    for problem in made.problems:
        expect(problem.what and problem.mend, "a problem without what or mend")
        shown = problem.path + problem.what + problem.mend
        expect(PERSON not in shown, "a problem quotes a person's data")
        expect(len(shown) < 2000, "a problem quotes at length")
    for entity in made.entities:
        expect(entity.kind in KINDS, f"an entity of the kind {entity.kind}")
        names = (entity.source_order_id, entity.entity_id)
        expect(all(type(name) is str and name for name in names) and type(entity.version) is str, "an entity's names")
        expect_plain(entity.document, "an entity")
        _expect_money(entity.document)
    for one in made.evidence:
        expect(all(type(name) is str for name in (*one.references, *one.provider_ids)), "the evidence's names")
        expect_plain(one.document, "the evidence")
    written = canonical_json(asdict(made))
    expect(decode_json(written) is not None, "facts that are not read again")
    expect(canonical_json(asdict(translate(mapping, body, settings))) == written, "another translation the second time")
    return made


def _expect_money(document: Any) -> None:
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            for name, value in node.items():
                if name in _MONEY and value is not None:
                    expect(type(value) is int, f"{name} is a {type(value).__name__}")
                if name in _MONEY | _COUNTS and type(value) is int:
                    expect(abs(value) <= LARGEST_MINOR, f"{name} is larger than 64 bits")
            currency = node.get("currency")
            expect(currency is None or re.fullmatch("[A-Z]{3}", currency), f"the currency {currency!r}")
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def seeds() -> list[bytes]:
    """Each mapping over each of its payloads, unchanged; then changed a little."""
    plain = [
        bytes([number, *[0] * len(mapping.manifest.settings), 0, *_two(at, len(payloads(mapping.id))), 0])
        for number, mapping in enumerate(mappings())
        for at in range(len(payloads(mapping.id)))
    ]
    bodies = [
        bytes([number, *[0] * len(mapping.manifest.settings), 255]) + body
        for number, mapping in enumerate(mappings())
        for body in (b"{}", b"[]", b"null", b'{"id":1}')
    ]
    walks = [bytes((step * (turn + 3) + 7 * turn) % 230 for step in range(40)) for turn in range(60)]
    return plain + bodies + walks


def _two(number: int, limit: int) -> bytes:
    return bytes([number >> 8, number & 255]) if limit > 256 else bytes([number])


TARGET = Target("mapping", "each shipped mapping over mutated payloads", check, (), seeds, (), 512)
