"""What buyers and merchants do after an order was placed: pay, edit, cancel, ask for their money back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.sandbox.books import StoreOrder
from hub.sandbox.people import Person
from hub.sandbox.shopify.shop import Shopify
from hub.sandbox.woocommerce.shop import WooCommerce
from hub.sandbox.world import World

Shop = Shopify | WooCommerce
Then = Callable[[World, Shop, StoreOrder, float], None]


def _pay(world: World, shop: Shop, order: StoreOrder, now: float) -> None:
    desk = world.desk
    due = now + desk.chance.between(desk.settings.paid_after, "paid", order.id)
    desk.agenda.at(due, lambda then: shop.pay(order, then))


def _edit_then_pay(world: World, shop: Shop, order: StoreOrder, now: float) -> None:
    desk = world.desk
    edited = now + desk.chance.between(desk.settings.edited_after, "edited", order.id)
    desk.agenda.at(edited, lambda then: move(world, shop, order, then))
    _pay(world, shop, order, edited)


def _remove_then_pay(world: World, shop: Shop, order: StoreOrder, now: float) -> None:
    desk = world.desk
    edited = now + desk.chance.between(desk.settings.edited_after, "edited", order.id)
    desk.agenda.at(edited, lambda then: shop.remove(order, order.lines[0].id, 1, then))
    _pay(world, shop, order, edited)


def _cancel(world: World, shop: Shop, order: StoreOrder, now: float) -> None:
    desk = world.desk
    due = now + desk.chance.between(desk.settings.cancelled_after, "cancelled", order.id)
    desk.agenda.at(due, lambda then: _take_back(shop, order, then))


def _take_back(shop: Shop, order: StoreOrder, now: float) -> None:
    shop.cancel(order, now)


def _edit_late(world: World, shop: Shop, order: StoreOrder, now: float) -> None:
    """Long enough afterwards for the hub to have acted, and before the warehouse packs."""
    desk = world.desk
    due = now + desk.chance.between(desk.settings.cancelled_after, "edited", order.id)
    desk.agenda.at(due, lambda then: move(world, shop, order, then))


def _refund(part: bool) -> Then:
    def then(world: World, shop: Shop, order: StoreOrder, now: float) -> None:
        _when_gone(world, order, now, lambda due: _give_back(shop, order, part, due))

    return then


def _give_back(shop: Shop, order: StoreOrder, part: bool, now: float) -> None:
    if order.cancelled_at or order.refunds or not order.received:
        return
    shop.refund(order, order.received // 3 if part else order.received, now, reason="Arrived with a scratch")


def _when_gone(world: World, order: StoreOrder, now: float, deed: Callable[[float], Any]) -> None:
    """Does the deed some time after everything left; looks again now and then until it has."""
    desk = world.desk
    gone = sum(sum(each.lines.values()) for each in desk.parcels.values() if each.order == order.id)
    if gone >= sum(line.current for line in order.lines if line.ships):
        desk.agenda.at(now + desk.chance.between(desk.settings.refunded_after, "refunded", order.id), deed)
        return
    desk.agenda.at(now + desk.settings.ships_after[0], lambda due: _when_gone(world, order, due, deed))


def move(world: World, shop: Shop, order: StoreOrder, now: float) -> None:
    """The same buyer, another door."""
    region = "america" if isinstance(shop, Shopify) else "europe"
    home = order.shipping or order.billing
    person = Person(home.first, home.last, order.email, home.phone[-7:])
    address = world.desk.people.address(person, region, "moved", order.id)
    shop.edit_address(order, address, now)


AFTERWARDS: dict[str, Then] = {
    "pay": _pay,
    "edit_then_pay": _edit_then_pay,
    "remove_then_pay": _remove_then_pay,
    "cancel": _cancel,
    "edit_late": _edit_late,
    "refund_part": _refund(part=True),
    "refund_all": _refund(part=False),
}
