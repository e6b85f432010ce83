"""Whether an object found at a provider is ours: only if its content is what we intended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.model.step import Effect

Hit = Mapping[str, Any]
_Pair = tuple[str, Any, Any, bool]  # field, what we meant, what is there, whether they are the same


def matches(effect: Effect, hit: Hit) -> bool:
    """Amount and currency for money; recipient and lines for goods. What the provider does not tell is not held
    against it.
    """
    return not differing(effect, hit)


def differing(effect: Effect, hit: Hit) -> list[dict[str, Any]]:
    """Where what was found is not what was intended: [{field, intended, found}]."""
    content = effect.content
    if "amount" in content:
        pairs = [
            ("amount", content["amount"], hit.get("amount"), hit.get("amount") == content["amount"]),
            (
                "currency",
                content["currency"],
                hit.get("currency"),
                _same_text(hit.get("currency"), content["currency"]),
            ),
        ]
    elif "lines" in content:
        pairs = [*_lines(content["lines"], hit.get("lines")), *_recipient(content["recipient"], hit.get("recipient"))]
    else:
        return []
    return [{"field": field, "intended": ours, "found": theirs} for field, ours, theirs, same in pairs if not same]


def difference(effect: Effect, hits: Sequence[Hit]) -> dict[str, Any]:
    """What a person needs to judge why nothing found is taken for ours."""
    keep = ("id", "reference", "status", "amount", "currency", "lines", "recipient", "tracking_number")
    return {
        "intended": effect.content,
        "found": [{name: hit[name] for name in keep if name in hit} for hit in hits[:5]],
        "differs": [{"id": hit.get("id"), **row} for hit in hits[:5] for row in differing(effect, hit)],
    }


def candidates(effect: Effect, hits: Sequence[Hit], taken: set[str], known_id: str | None = None) -> list[Hit]:
    """Hits that may be this effect: of its kind, bearing our reference where they bear one, and not another
    effect's.
    """
    kind = {"payment.capture": "capture", "payment.void": "void", "payment.refund": "refund"}.get(effect.capability)
    found = []
    for hit in hits:
        if kind is not None and hit.get("kind") not in (None, kind):
            continue
        if str(hit.get("id")) in taken:
            continue
        if known_id is not None and str(hit.get("id")) == known_id:
            found.append(hit)  # the object acted upon, made under another effect's reference
            continue
        reference = hit.get("reference")
        if reference is not None and reference != effect.reference:
            continue
        if reference is None and effect.capability == "payment.refund":
            continue  # somebody else's refund of the same sum is not ours
        found.append(hit)
    return found


def _same_text(one: Any, other: Any) -> bool:
    return one is None or str(one).casefold() == str(other).casefold()


def _lines(intended: Mapping[str, int], said: Any) -> Iterator[_Pair]:
    if said is None:
        return
    found: dict[str, int] = {}
    for line in said:
        sku = line.get("sku") or ""
        found[sku] = found.get(sku, 0) + int(line["quantity"])
    yield "lines", dict(intended), found, found == dict(intended)


def _recipient(intended: Mapping[str, Any], said: Any) -> Iterator[_Pair]:
    for name, ours in intended.items() if said is not None else ():
        theirs = said.get(name)
        yield f"recipient.{name}", ours, theirs, theirs is None or _same_text(theirs, ours)
