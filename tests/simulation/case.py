"""One run that has come to rest, as the judge sees it: the world's evidence and the hub's books."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.assembly.demo import answers_by
from hub.model.book import Book
from hub.sandbox.evidence import Evidence
from tests.simulation.result import Violation
from tests.simulation.scene import Scene

Rows = Callable[..., list[tuple[Any, ...]]]
Broken = Iterator[Violation]


@dataclass(frozen=True)
class Case:
    """`cancelled`: by a person at the hub, and when. `refunded`: by one, too, and `clicked`: by one
    who clicked twice.
    """

    scene: Scene
    evidence: Evidence
    books: Mapping[str, Book]
    rows: Rows
    cancelled: Mapping[str, datetime]
    refunded: Set[str]
    clicked: Set[str]
    crossed: Set[str] = frozenset()  # orders that a late request took out of their cancellation

    def voided_by_both(self, key: str, capability: str) -> bool:
        """A person at the hub and the merchant cancelled it at once: the storefront let the authorisation go, and the
        hub, which had not heard of it, was told that it was gone.
        """
        told = self.evidence.orders.get(key.partition(":")[2])
        return capability == "payment.void" and key in self.cancelled and bool(told and told["cancelled_at"])

    def answers(self) -> list[dict[str, Any]]:
        """What the hub says of each order, and of payloads that it holds because no mapping could read them."""
        return answers_by(self.rows)
