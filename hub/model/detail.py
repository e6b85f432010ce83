"""What a stopped step or message keeps beside its cause, in words: an answer, what is missing, what differs.

The flow writes a detail as a small document. Whatever shows it to a person takes its words from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.model.money import Money, MoneyError

# The first of these that is there is the sentence.
_SENTENCES = ("message", "what", "why")
_LISTS = {"missing": "missing", "methods": "paid by"}
_FACTS = {
    "status": "reported status",
    "source_status": "status in the store",
    "flow": "flow",
    "topic": "topic",
    "error": "fault",
    "code": "code",
}
_CHANGES = {
    "address": "the address is another now",
    "quantity": "fewer units are wanted now",
    "refund": "money was given back",
}
_FIELDS = {
    "amount": "amount",
    "currency": "currency",
    "lines": "goods",
    "recipient.name": "recipient",
    "recipient.postal_code": "postal code",
    "recipient.address_country": "country",
}
_GAPS = {
    "destination": "the whole address",
    "street_address": "street",
    "address_locality": "town",
    "address_country": "country",
    "postal_code": "postal code",
}
# Said by the cause's own words, or of use to the hub alone.
UNSAID = frozenset(
    {"capability", "connection", "group", "version", "released", "duplicate", "path", "mend", "lines", "intended"}
)
SAID = frozenset({*_SENTENCES, *_LISTS, *_FACTS, "problems", "changed", "change", "differs", "found"})


@dataclass(frozen=True)
class Difference:
    """One field of something found at a provider that is not as we meant it; `thing` is its id there."""

    thing: str
    field: str
    ours: str
    theirs: str


def said(detail: Mapping[str, Any]) -> str | None:
    """The one sentence a person needs of a detail; None where the cause's words say it all."""
    if problems := detail.get("problems"):
        return _problems(problems)
    if found := differences(detail):
        return _differing(found)
    if (several := _found_ids(detail)) is not None:
        return several
    for name in _SENTENCES:
        if isinstance(detail.get(name), str) and detail[name]:
            return _with_mend(detail[name], detail)
    for name in ("changed", "change"):
        if detail.get(name):
            return _CHANGES.get(str(detail[name]), f"changed: {detail[name]}")
    for name, title in _LISTS.items():
        if isinstance(detail.get(name), Sequence) and detail[name]:
            return f"{title}: " + ", ".join(_GAPS.get(str(item), str(item)) for item in detail[name])
    return next((f"{title}: {detail[name]}" for name, title in _FACTS.items() if detail.get(name)), None)


def differences(detail: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Field by field, where what was found is not what was intended."""
    found = []
    for row in detail.get("differs") or ():
        pair = (row.get("intended"), row.get("found"))
        currency = (detail.get("intended") or {}).get("currency") if row.get("field") == "amount" else None
        ours, theirs = (_value(value, currency) for value in pair)
        found.append(Difference(str(row.get("id") or ""), _FIELDS.get(row["field"], row["field"]), ours, theirs))
    return tuple(found)


def _differing(found: Sequence[Difference]) -> str:
    parts: dict[str, list[str]] = {}
    for one in found:
        parts.setdefault(one.thing, []).append(f"{one.field}: we meant {one.ours}, it has {one.theirs}")
    return "; ".join((f"{thing}: " if thing else "") + ", ".join(words) for thing, words in parts.items())


def _found_ids(detail: Mapping[str, Any]) -> str | None:
    hits = detail.get("found")
    if not isinstance(hits, Sequence) or not hits:
        return None
    return "found: " + ", ".join(str(hit.get("id") or "one without an id") for hit in hits)


def _value(value: Any, currency: str | None) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return " + ".join(f"{quantity} × {sku or 'no SKU'}" for sku, quantity in value.items()) or "nothing"
    if currency is not None and isinstance(value, int):
        try:
            return str(Money(value, currency.upper()))
        except MoneyError:
            return str(value)
    return f"'{value}'" if isinstance(value, str) else str(value)


def _problems(problems: Any) -> str:
    if not isinstance(problems, Sequence) or isinstance(problems, str):
        return str(problems)
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if isinstance(first, Mapping):
        parts = [str(first[name]) for name in ("path", "what", "mend") if first.get(name)]
        return (": ".join(parts[:2]) + ("; " + parts[2] if len(parts) > 2 else "")) + more
    return f"{first}{more}"


def _with_mend(text: str, detail: Mapping[str, Any]) -> str:
    mend = detail.get("mend")
    return f"{text}; {mend}" if isinstance(mend, str) and mend else text
