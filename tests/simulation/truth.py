"""What really happened, looked up in the providers' ledgers: the operator's knowledge, and the judge's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.model.book import Book
from hub.model.step import Effect
from hub.sandbox.ledger import read_ledgers

Line = dict[str, Any]
Found = Callable[[Effect, Book, Line], bool]


def _by_reference(effect: Effect, book: Book, line: Line) -> bool:
    return bool(line.get("reference") == effect.reference)


def _of_order(effect: Effect, book: Book, line: Line) -> bool:
    return str(line.get("order") or "") == book.source_id


def _in_body(name: str) -> Found:
    """The order's line whose `name` stands in the bytes that were sent."""

    def found(effect: Effect, book: Book, line: Line) -> bool:
        said = str(line.get(name) or "")
        # What was done before the books were put back may no longer be sayable: then it was asked about as it is named.
        body = effect.body or json.dumps(effect.content).encode()
        return _of_order(effect, book, line) and bool(said) and said.encode() in body

    return found


def _completed(effect: Effect, book: Book, line: Line) -> bool:
    return _of_order(effect, book, line) and line.get("status") == "completed"


def _by_key(effect: Effect, book: Book, line: Line) -> bool:
    return effect.key in str(line.get("message_id") or "")


_FOUND: dict[str, Found] = {
    "payment.capture": _of_order,
    "payment.void": _of_order,
    "payment.refund": _of_order,
    "fulfillment.create": _by_reference,
    "fulfillment.cancel": _in_body("id"),
    "label.buy": _in_body("id"),
    "label.refund": _in_body("id"),
    "shipment.announce": _in_body("tracking"),
    "notification.send": _by_key,
    "order.complete": _completed,
}
_LEDGERS_WORD = {"order.complete": "order.status"}


def happened(effect: Effect, book: Book, ledgers: dict[str, list[Line]]) -> Line | None:
    """The ledger's line of this effect, or None. `shipment.create` and what no ledger knows is not asked here."""
    return next(iter(all_of(effect, book, ledgers)), None)


def all_of(effect: Effect, book: Book, ledgers: dict[str, list[Line]]) -> list[Line]:
    """Every line that may be this effect's."""
    found = _FOUND.get(effect.capability)
    if found is None:
        return []
    word = _LEDGERS_WORD.get(effect.capability, effect.capability)
    return [
        line
        for lines in ledgers.values()
        for line in lines
        if line["kind"] == "effect" and line["effect"] == word and found(effect, book, line)
    ]


def knows(capability: str) -> bool:
    return capability in _FOUND


def provider_id(line: Line) -> str:
    """How the provider calls it, as a person would read it off the screen."""
    return str(line.get("id") or line.get("message_id") or line.get("intent") or line.get("tracking") or "seen")


def read(world: Path) -> dict[str, list[Line]]:
    return read_ledgers(world)
