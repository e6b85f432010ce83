"""Hands in a running world: what a merchant, a buyer or the warehouse's people do when a test wants it done now."""

from __future__ import annotations

from collections.abc import Mapping

from hub.sandbox.afterwards import move
from hub.sandbox.books import Address, Refund, Sent, StoreOrder
from hub.sandbox.easypost.account import EasyPost
from hub.sandbox.shipbob.account import ShipBob
from hub.sandbox.world import World


class Merchant:
    """Each deed happens at the world's own time, under its lock, and is told to whoever listens."""

    def __init__(self, world: World) -> None:
        self.world = world

    def pay(self, order: StoreOrder) -> None:
        """The bank transfer arrives."""
        with self.world.lock:
            self.world.storefront_of(order).pay(order, self.world.clock())

    def cancel(self, order: StoreOrder) -> bool:
        """Cancels at the store. False where it was cancelled before."""
        with self.world.lock:
            return self.world.storefront_of(order).cancel(order, self.world.clock())

    def move(self, order: StoreOrder, address: Address | None = None) -> None:
        """Another address (an invented one, where none is given)."""
        with self.world.lock:
            shop, now = self.world.storefronts[order.prefix], self.world.clock()
            if address is None:
                move(self.world, shop, order, now)
            else:
                shop.edit_address(order, address, now)

    def remove(self, order: StoreOrder, sku: str, units: int = 1) -> None:
        """Takes units out of the line of this SKU. Raises ValueError where fewer are left."""
        with self.world.lock:
            line = next((line for line in order.lines if line.sku == sku), None)
            if line is None:
                raise ValueError(f"{order.name} has no line of {sku}")
            self.world.storefront_of(order).remove(order, line.id, units, self.world.clock())

    def refund(
        self, order: StoreOrder, amount: int | None = None, lines: Mapping[str, int] | None = None
    ) -> Refund | None:
        """Gives money back in the store: minor units of the buyer's currency, everything where none are named."""
        with self.world.lock:
            left = order.received - order.refunded if amount is None else amount
            return self.world.storefront_of(order).refund(order, left, self.world.clock(), lines, "Given back by hand")

    def fulfil(self, order: StoreOrder, number: str = "", lines: Mapping[str, int] | None = None) -> Sent:
        """Ships something past the hub. `lines`: line id -> units, everything left where not given."""
        with self.world.lock:
            return self.world.storefront_of(order).fulfil(order, self.world.clock(), lines, number)

    def note(self, order: StoreOrder) -> None:
        """An edit that must set nothing going."""
        with self.world.lock:
            order.note = f"Asked about at {self.world.clock():.0f}"
            self.world.storefront_of(order).changed(order, self.world.clock())

    def pack(self, order: StoreOrder, parcels: int = 100) -> int:
        """The warehouse sends so many of the order's waiting parcels now. Says how many it sent."""
        with self.world.lock:
            waiting = [
                (account, accepted, shipment)
                for account in self.world.accounts.values()
                if isinstance(account, ShipBob)
                for accepted in account.orders.values()
                if accepted.store_order == order.id
                for shipment in accepted.shipments
                if shipment.status == "Processing"
            ][:parcels]
            for account, accepted, shipment in waiting:
                account.ship(accepted, shipment, self.world.clock())
            return len(waiting)

    def hand_in(self, order: StoreOrder) -> int:
        """The merchant brings the order's labelled parcels to the carrier now. Says how many."""
        with self.world.lock:
            labelled = [
                (account, shipment)
                for account in self.world.accounts.values()
                if isinstance(account, EasyPost)
                for shipment in account.shipments.values()
                if shipment.order == order.id and shipment.bought and not shipment.refund and not shipment.handed_in
            ]
            for account, shipment in labelled:
                account.hand_in(shipment, self.world.clock())
            return len(labelled)
