"""How facts about one order join: in any order, any number of times, always to the same canonical order.

The merge state is a join-semilattice: each entity (the order's snapshot, a refund, a fulfilment) is kept at its highest
version. Of equal versions (storefronts date by the second) what was read last counts, as it was read; where all of them
were told and none was read, they join field by field. The canonical order is a pure function of that state, so every
permutation and duplication of an order's events ends in the same order, and a stale event never regresses it.
"""

from __future__ import annotations

import json
from typing import Any

from hub.model.message import Entity
from hub.model.order import Order

Facts = dict[str, Any]  # "kind:entity_id" -> {"version": str, "document": {...}, "asked": when, if it was read}

SNAPSHOT = "order:"
DELETED = "deleted:"
_WHOLE = ("destination", "billing_destination")  # of two of these no third is made


def join(facts: Facts, entity: Entity, asked: str = "") -> Facts:
    """The facts with one more entity in them; the same object when it says nothing new.

    `asked`: when the source was asked for it (RFC 3339, UTC), where it was read and not told.
    """
    name = (
        SNAPSHOT
        if entity.kind == "order"
        else DELETED
        if entity.kind == "deleted"
        else f"{entity.kind}:{entity.entity_id}"
    )
    seen = facts.get(name)
    said = {"version": entity.version, "document": entity.document}
    if asked and entity.kind == "order":
        said["asked"] = asked
    joined = said if seen is None else _higher(seen, said)
    if seen is not None and joined == seen:
        return facts
    return {**facts, name: joined}


def contradicts(facts: Facts, entity: Entity) -> bool:
    """Whether an order's snapshot says otherwise than the one of the same version: which of them is the later, only the
    source can tell.
    """
    seen = facts.get(SNAPSHOT)
    if seen is None or entity.kind != "order" or not entity.version or seen["version"] != entity.version:
        return False
    return _substance(seen["document"]) != _substance(entity.document)


def _substance(document: dict[str, Any]) -> tuple[Any, ...]:
    """What an order asks for: of how much, to where, and whether at all."""
    lines = {line["id"]: (line.get("quantity") or {}).get("total") for line in document.get("line_items") or []}
    expected = (document.get("fulfillment") or {}).get("expectations") or []
    return lines, [entry.get("destination") for entry in expected], document.get("standing")


def _higher(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    read = (str(one["version"]), one.get("asked", "")), (str(other["version"]), other.get("asked", ""))
    if read[0] != read[1]:
        return one if read[0] > read[1] else other
    return {**one, "document": _join(one["document"], other["document"])}


def _join(one: Any, other: Any) -> Any:
    """Commutative, associative, idempotent: objects join by key, lists of things with ids by id, the rest by a fixed
    order.
    """
    if one == other or other is None:
        return one
    if one is None:
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _joined(key, one.get(key), other.get(key)) for key in sorted({*one, *other})}
    if isinstance(one, list) and isinstance(other, list):
        by_id = _by_id(one), _by_id(other)
        if by_id[0] is not None and by_id[1] is not None:
            joined = _join(by_id[0], by_id[1])
            return [joined[key] for key in sorted(joined)]
    return max(one, other, key=_rank)


def _joined(key: str, one: Any, other: Any) -> Any:
    """Storefronts date by the second: of two addresses of one second one is taken whole, the one that says more."""
    if key in _WHOLE and one is not None and other is not None:
        return max(one, other, key=_rank)
    return _join(one, other)


def _by_id(items: list[Any]) -> dict[str, Any] | None:
    if not all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in items):
        return None
    found = {item["id"]: item for item in items}
    return found if len(found) == len(items) else None


def _rank(value: Any) -> tuple[int, str]:
    text = json.dumps(value, sort_keys=True, default=str)
    return (len(text), text)


def order_of(facts: Facts) -> Order | None:
    """The canonical order that the facts amount to; None while no snapshot has been seen."""
    snapshot = facts.get(SNAPSHOT)
    if snapshot is None:
        return None
    document = dict(snapshot["document"])
    refunds = _side_facts(facts, "refund:")
    events = _side_facts(facts, "fulfillment:")
    net = bool((document.get("hub") or {}).get("quantities_net"))
    inside = document.get("adjustments") or []
    counted = {entry["id"] for entry in inside} if net else set()
    document["adjustments"] = _union(inside, refunds, snapshot["version"])
    document["line_items"] = _less_refunded(document.get("line_items") or [], document["adjustments"], counted)
    fulfillment = dict(document.get("fulfillment") or {})
    fulfillment["events"] = _union(fulfillment.get("events") or [], events, snapshot["version"])
    document["fulfillment"] = fulfillment
    if DELETED in facts and facts[DELETED]["version"] >= snapshot["version"]:
        document["standing"] = "deleted"
    return Order.model_validate(document)


def _side_facts(facts: Facts, prefix: str) -> dict[str, dict[str, Any]]:
    return {name.removeprefix(prefix): fact for name, fact in facts.items() if name.startswith(prefix)}


def _union(inside: list[dict[str, Any]], beside: dict[str, dict[str, Any]], version: str) -> list[dict[str, Any]]:
    """Entries told by the snapshot and entries told on their own, by id; the later teller wins, equals join."""
    told: dict[str, dict[str, Any]] = {e["id"]: {"version": version, "document": e} for e in inside}
    for entity_id, fact in beside.items():
        told[entity_id] = _higher(told[entity_id], fact) if entity_id in told else fact
    return [told[entity_id]["document"] for entity_id in sorted(told)]


def _less_refunded(
    lines: list[dict[str, Any]], adjustments: list[dict[str, Any]], counted: set[str]
) -> list[dict[str, Any]]:
    """Refunded units are no longer wanted, unless the snapshot's quantities are net of that refund already."""
    gone: dict[str, int] = {}
    for entry in adjustments:
        if entry["type"] != "refund" or entry["id"] in counted:
            continue
        for item in entry.get("line_items") or []:
            gone[item["id"]] = gone.get(item["id"], 0) + item["quantity"]
    if not gone:
        return lines
    return [_fewer(line, gone[line["id"]]) if line["id"] in gone else line for line in lines]


def _fewer(line: dict[str, Any], gone: int) -> dict[str, Any]:
    quantity = line["quantity"]
    return {**line, "quantity": {**quantity, "total": max(quantity["total"] - gone, 0)}}
