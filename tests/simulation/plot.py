"""The demo's stories, and some that would spoil a demonstration: merchants who change their minds at any moment.

What becomes of such an order depends on who was first, so several ends are right; what counts is that nothing is done
that the hub knew better of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hub.sandbox.afterwards import Shop, move
from hub.sandbox.books import StoreOrder
from hub.sandbox.scenario import Scenario
from hub.sandbox.shopify.shop import Shopify
from hub.sandbox.stories import CANCELLED, Story
from hub.sandbox.world import World

Change = Callable[[World, Shop, StoreOrder, float], None]

OPEN = "waiting|completed|held"
_BOTH = (
    Story("authorised at Stripe, cancelled at any time", CANCELLED, "stripe", then="any cancel"),
    Story("authorised at Stripe, labelled, cancelled at any time", CANCELLED, "stripe", ("SELF-",), then="any cancel"),
)
_SHOPIFY = (
    *_BOTH,
    Story("authorised at Shopify, cancelled at any time", CANCELLED, "authorized", then="any cancel"),
    Story("address edited at any time", OPEN, "captured", then="any edit"),
    Story("shipped by the merchant, address edited at any time", OPEN, "captured", ("SELF-",), then="any edit"),
    Story("a unit removed at any time", OPEN, "captured", then="any removal"),
    Story("refunded whole at any time", OPEN, "captured", then="any refund"),
)
_WOO = (
    *_BOTH,
    Story("shipped by the merchant, address edited at any time", OPEN, "prepaid", ("SELF-",), then="any edit"),
    Story("a unit removed at any time", OPEN, "prepaid", then="any removal"),
    Story("refunded whole at any time", OPEN, "prepaid", then="any refund"),
)


class Plot(Scenario):
    """`edits`: with the stories of minds that change."""

    def __init__(self, world: World, *, edits: bool) -> None:
        super().__init__(world)
        self._edits = edits

    def stories(self, shop: Shop) -> tuple[Story, ...]:
        more = (_SHOPIFY if isinstance(shop, Shopify) else _WOO) if self._edits else ()
        return (*super().stories(shop), *more)

    def place(self, shop: Shop, story: Story, now: float, quiet: bool = False, **changes: Any) -> StoreOrder:
        change = _CHANGES.get(story.then)
        if change is None:
            return super().place(shop, story, now, quiet, **changes)
        # So late that nobody packs it in a run: who was first is then between the hub and the merchant. Where a parcel
        # left to another door, the hub must say so at any time.
        dispatch = "prompt" if change is move else "late"
        order = super().place(shop, replace(story, then=""), now, quiet, **changes, dispatch=dispatch, parcels=1)
        desk = self.world.desk
        wait = desk.settings.edited_after[1] * desk.chance.share("change", order.id) ** 2
        desk.agenda.at(now + wait, lambda due: change(self.world, shop, order, due))
        return order


def _cancel(world: World, shop: Shop, order: StoreOrder, now: float) -> None:
    shop.cancel(order, now)


def _remove(world: World, shop: Shop, order: StoreOrder, now: float) -> None:
    line = next((line for line in order.lines if line.left > 1), None)
    if line is not None:
        shop.remove(order, line.id, 1, now)


def _refund(world: World, shop: Shop, order: StoreOrder, now: float) -> None:
    if order.received > order.refunded:
        shop.refund(order, order.received - order.refunded, now, reason="Changed their mind")


_CHANGES: dict[str, Change] = {
    "any cancel": _cancel,
    "any edit": move,
    "any removal": _remove,
    "any refund": _refund,
}
