"""Whether an object found at a provider is ours: only if its content is what we intended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.model.step import Effect

Hit = Mapping[str, Any]


def matches(effect: Effect, hit: Hit) -> bool:
    """Amount and currency for money; recipient and lines for goods. What the provider does not tell is not held
    against it.
    """
    content = effect.content
    if "amount" in content:
        return hit.get("amount") == content["amount"] and _same_text(hit.get("currency"), content["currency"])
    if "lines" in content:
        return _same_lines(content["lines"], hit.get("lines")) and _same_recipient(
            content["recipient"], hit.get("recipient")
        )
    return True


def difference(effect: Effect, hits: Sequence[Hit]) -> dict[str, Any]:
    """What a person needs to judge why nothing found is taken for ours."""
    keep = ("id", "reference", "status", "amount", "currency", "lines", "recipient", "tracking_number")
    return {
        "intended": effect.content,
        "found": [{name: hit[name] for name in keep if name in hit} for hit in hits[:5]],
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


def _same_lines(intended: Mapping[str, int], said: Any) -> bool:
    if said is None:
        return True
    found: dict[str, int] = {}
    for line in said:
        sku = line.get("sku") or ""
        found[sku] = found.get(sku, 0) + int(line["quantity"])
    return found == dict(intended)


def _same_recipient(intended: Mapping[str, Any], said: Any) -> bool:
    if said is None:
        return True
    return all(said.get(name) is None or _same_text(said[name], intended.get(name)) for name in intended)
