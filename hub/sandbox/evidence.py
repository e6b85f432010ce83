"""Everything a finished world left on disk, read back for the verdict. Nothing here asks the hub."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.sandbox.ledger import read_ledgers, read_lines

Line = dict[str, Any]


@dataclass
class Evidence:
    """Orders by id as they stood last, parcels by tracking number, ledger lines by order id ("" where nobody's)."""

    orders: dict[str, Line] = field(default_factory=dict)
    parcels: dict[str, Line] = field(default_factory=dict)
    effects: dict[str, list[Line]] = field(default_factory=dict)
    doubles: list[Line] = field(default_factory=list)
    refused: list[Line] = field(default_factory=list)
    acknowledged: set[tuple[str, str]] = field(default_factory=set)  # (storefront, order)
    deliveries: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    _parcels: dict[str, list[Line]] = field(default_factory=dict)  # by order

    @classmethod
    def read(cls, directory: Path) -> Evidence:
        """The evidence in a world's directory (a running world's too: journals are complete at any moment)."""
        found = cls()
        for line in read_lines(directory / "truth.jsonl"):
            if line["kind"] == "order":
                found.orders[line["id"]] = line
            else:
                found.parcels[line["number"]] = line
        for name, lines in read_ledgers(directory).items():
            for line in lines:
                found._take(line | {"book": name})
        for line in read_lines(directory / "deliveries.jsonl"):
            found.deliveries += 1
            if line["order"] and line["status"] is not None and 200 <= line["status"] < 300:
                found.acknowledged.add((line["prefix"], line["order"]))
        found.faults.update(line["kind"] for line in read_lines(directory / "faults.jsonl"))
        for parcel in found.parcels.values():
            found._parcels.setdefault(parcel["order"], []).append(parcel)
        for lines in found.effects.values():
            lines.sort(key=lambda line: line["at"])
        return found

    def _take(self, line: Line) -> None:
        if line["kind"] == "double":
            self.doubles.append(line)
        elif line["kind"] == "refused":
            self.refused.append(line)
        elif line["kind"] == "effect":
            self.effects.setdefault(line.get("order") or "", []).append(line)

    def of(self, order: str, effect: str) -> list[Line]:
        """One order's effects of one kind, oldest first."""
        return [line for line in self.effects.get(order, ()) if line["effect"] == effect]

    def parcels_of(self, order: str) -> list[Line]:
        return self._parcels.get(order, [])

    @property
    def live(self) -> list[Line]:
        """The orders placed while the hub was there to see."""
        return [order for order in self.orders.values() if not order["history"]]
