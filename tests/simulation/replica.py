"""A storefront's lookups are answered from a copy that lags behind: what was changed a moment ago is not in it yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import fields

from hub.sandbox.books import StoreOrder
from hub.sandbox.call import Answer
from hub.sandbox.world import World

_COPIED = ("transactions", "sent", "refunds", "trackings", "meta")  # what a lookup looks for


class Replica:
    """`lag` in seconds. Only what the hub changes lags, and only for its lookups: reads of an order are the order's."""

    def __init__(self, world: World, lag: float) -> None:
        self._world, self._lag = world, lag
        self._before: dict[tuple[str, str], list[tuple[float, StoreOrder]]] = {}

    def changing(self, account: str, order: str, now: float, handle: Callable[[], Answer]) -> Answer:
        """A change reaches the storefront: the copy as it was before stays in use for a while."""
        found = self._order(account, order)
        if found is None:
            return handle()
        olds = self._before.setdefault((account, order), [])
        olds[:] = [(until, old) for until, old in olds if until > now]
        olds.append((now + self._lag, _as_it_is(found)))
        return handle()

    def asking(self, account: str, order: str, now: float, handle: Callable[[], Answer]) -> Answer:
        """A lookup: answered by the oldest copy that is still in use."""
        olds = [old for until, old in self._before.get((account, order), ()) if until > now]
        found = self._order(account, order)
        if not olds or found is None:
            return handle()
        with _looking_like(found, olds[0]):
            return handle()

    def _order(self, account: str, order: str) -> StoreOrder | None:
        shop = self._world.storefronts.get(account)
        return shop.orders.get(order) if shop is not None else None


def _as_it_is(order: StoreOrder) -> StoreOrder:
    kept = copy(order)
    for name in _COPIED:
        setattr(kept, name, deepcopy(getattr(order, name)))
    return kept


@contextmanager
def _looking_like(order: StoreOrder, old: StoreOrder) -> Iterator[None]:
    names = [field.name for field in fields(StoreOrder)]
    now = {name: getattr(order, name) for name in names}
    for name in (*_COPIED, "status", "completed_at", "paid_at"):
        setattr(order, name, getattr(old, name))
    try:
        yield
    finally:
        for name in names:
            setattr(order, name, now[name])
