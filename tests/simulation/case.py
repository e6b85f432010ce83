"""One run that has come to rest, as the judge sees it: the world's evidence and the hub's books."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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

    def answers(self) -> list[dict[str, Any]]:
        """What the hub says of each order, and of payloads that it holds because no mapping could read them."""
        orders = self.rows("SELECT connection, source_id, state FROM orders WHERE document IS NOT NULL")
        found = [{"connection": c, "source_order_id": s, "state": state} for c, s, state in orders]
        known = {answer["source_order_id"] for answer in found}
        for connection, body in self.rows("SELECT connection, body FROM messages WHERE state = 'held' ORDER BY id"):
            source_id = _named(bytes(body))
            if source_id is not None and source_id not in known:
                known.add(source_id)
                found.append({"connection": connection, "source_order_id": source_id, "state": "held"})
        return found


def _named(body: bytes) -> str | None:
    """The source's id in a payload that could not be translated, if it can be read at all."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    found = document.get("id") if isinstance(document, dict) else None
    return str(found) if found is not None else None
