"""Compares what storefronts sell and promise with what a warehouse has: proposes mappings, and lists what is
unmapped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from hub.assembly.probe import read_all
from hub.connector.connection import Connection
from hub.mapping.load import Mapping as OrderMapping
from hub.mapping.translator import translate_document

WINDOW = timedelta(days=60)
_PAGES = 5
_STOCK_PAGES = 50
_NEAR = 0.75


@dataclass
class Sold:
    """What the latest orders of storefronts name: how many orders name each."""

    orders: int = 0
    unreadable: int = 0
    skus: Counter[str] = field(default_factory=Counter)
    services: Counter[str] = field(default_factory=Counter)
    locations: Counter[str] = field(default_factory=Counter)
    without_sku: int = 0
    names: dict[str, str] = field(default_factory=dict)  # service or location id -> as the storefront calls it


@dataclass(frozen=True)
class Comparison:
    """`services` and `locations` are proposals, storefront's -> warehouse's; the others have no match."""

    services: Mapping[str, str]
    unmapped_services: tuple[str, ...]
    locations: Mapping[str, str]
    unmapped_locations: tuple[str, ...]
    unknown_skus: Mapping[str, str | None]  # -> the warehouse's SKU that looks like it, if there is one
    orders_with_unknown_skus: int
    stocked: int


def sold(
    connection: Connection, mapping: OrderMapping, account: Mapping[str, Any] | None, into: Sold | None = None
) -> Sold:
    """What a storefront's latest orders name, and what the storefront itself calls its services and locations."""
    found = into or Sold()
    for entry in (*((account or {}).get("services") or ()), *((account or {}).get("locations") or ())):
        if isinstance(entry, Mapping) and entry.get("id"):
            found.names[str(entry["id"])] = str(entry.get("name") or entry["id"])
    for entry in (account or {}).get("services") or ():
        found.services[str(entry["id"])] += 0
    for entry in (account or {}).get("locations") or ():
        found.locations[str(entry["id"])] += 0
    since = (datetime.now(UTC) - WINDOW).isoformat()
    for document in read_all(connection, "order.list", "orders", _PAGES, updated_since=since):
        _count(found, mapping, document, connection.settings)
    return found


def compare(found: Sold, warehouse: Connection, account: Mapping[str, Any] | None) -> Comparison:
    """Against a warehouse's own services, locations and stock."""
    known = account or {}
    services, no_service = _match(found.services, found.names, known.get("services") or ())
    locations, no_location = _match(found.locations, found.names, known.get("locations") or ())
    stock = _stock(warehouse)
    unknown = {sku: _like(sku, stock) for sku in found.skus if sku not in stock} if stock is not None else {}
    return Comparison(
        services,
        no_service,
        locations,
        no_location,
        unknown,
        sum(found.skus[sku] for sku in unknown),
        len(stock or ()),
    )


def _count(found: Sold, mapping: OrderMapping, document: Any, settings: Mapping[str, Any]) -> None:
    translation = translate_document(mapping, document, settings)
    orders = [entity.document for entity in translation.entities if entity.kind == "order"]
    if not orders:
        found.unreadable += bool(translation.problems)
        return
    found.orders += 1
    for order in orders:
        shipped = [line for line in order.get("line_items") or () if line.get("requires_shipping", True)]
        skus = {str(line["item"].get("sku") or "") for line in shipped}
        found.without_sku += "" in skus
        found.skus.update(skus - {""})
        found.locations.update({str(line["location_id"]) for line in shipped if line.get("location_id")})
        promised = (order.get("fulfillment") or {}).get("expectations") or ()
        found.services.update({str(entry["service"]) for entry in promised if entry.get("service")})


def _stock(warehouse: Connection) -> set[str] | None:
    """Every SKU the warehouse knows; None where it cannot be asked."""
    if not warehouse.supports("inventory.list"):
        return None
    items = read_all(warehouse, "inventory.list", "items", _STOCK_PAGES)
    return {str(item["sku"]) for item in items if item.get("sku")} or None


def _match(
    wanted: Iterable[str], names: Mapping[str, str], offered: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The storefront's ids with the warehouse's that sounds most like each; and those without one."""
    sounds: dict[str, str] = {}
    for entry in offered:
        for text in (entry.get("id"), entry.get("name")):
            if text:
                sounds.setdefault(_sound(str(text)), str(entry["id"]))
    matched: dict[str, str] = {}
    for one in wanted:
        for text in (one, names.get(one, "")):
            close = get_close_matches(_sound(text), sounds, n=1, cutoff=_NEAR) if text else []
            if close:
                matched[one] = sounds[close[0]]
                break
    return matched, tuple(one for one in wanted if one not in matched)


def _like(sku: str, stock: set[str]) -> str | None:
    """The same SKU in other letters, or one that differs in little."""
    folded = {_sound(known): known for known in stock}
    if _sound(sku) in folded:
        return folded[_sound(sku)]
    close = get_close_matches(sku, stock, n=1, cutoff=0.9)
    return close[0] if close else None


def _sound(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", text.lower())
