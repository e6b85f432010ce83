"""Books that were put back from a backup: ways to go on from them as if nothing had happened since."""

from __future__ import annotations

from typing import Any

from hub.flow import gap
from hub.model.order import Order
from tests.simulation.planted.patching import Patch, everywhere
from tests.simulation.planted.registry import bug

_CALM: dict[str, Any] = {"restored": 1, "history": 0, "pauses": 0, "cancels": 0.0, "refunds": 0.0, "forged": 0.0}


@bug("backup-unaware", "Who goes on from a backup does what is due, be it that it was done since.", **_CALM)
def backup_unaware() -> Patch:
    return everywhere(gap.mark, lambda gap, book: None)


@bug("backup-asks-of-known-orders-only", "Orders that a backup does not know are begun without asking.", **_CALM)
def backup_asks_of_known_orders_only() -> Patch:
    original = gap.concerns

    def concerns(found: gap.Gap | None, order: Order | None) -> bool:
        return original(found, order) and order is not None and found is not None and order.placed_at <= found.since

    return everywhere(gap.concerns, concerns)
