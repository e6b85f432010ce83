"""What happens inside the warehouse: stock, parcels, carriers, and the webhooks about them."""

from __future__ import annotations

from typing import Any

from hub.sandbox import signing
from hub.sandbox.books import WAREHOUSE, StoreOrder
from hub.sandbox.desk import Desk, Parcel
from hub.sandbox.outbox import Delivery, Postal
from hub.sandbox.people import WARES
from hub.sandbox.shipbob.papers import Shipment, WarehouseOrder, order_document, shipment_document

_CARRIERS = ("USPS", "UPS", "FedEx", "DHL")
FULL_SHELF = 5000


class Warehouse:
    """The floor of one ShipBob account. A connection carries `token`, `channel` and `webhook_secret`."""

    def __init__(self, desk: Desk, name: str) -> None:
        self.desk = desk
        self.prefix = f"shipbob/{name}"
        self.ledger = desk.ledger(self.prefix)
        self.token = desk.chance.hexadecimal(64, self.prefix, "token").upper()
        self.channel = str(100_000 + desk.chance.below(900_000, self.prefix, "channel"))
        self.webhook_secret = "whsec_" + desk.chance.token(32, self.prefix, "webhook")
        self.orders: dict[int, WarehouseOrder] = {}
        self.by_reference: dict[str, WarehouseOrder] = {}
        self.by_buyer: dict[str, list[WarehouseOrder]] = {}
        self.on_hand = {ware.sku: FULL_SHELF for ware in WARES if ware.sku.startswith(WAREHOUSE)}
        self.committed = dict.fromkeys(self.on_hand, 0)
        desk.outbox.account(self.prefix, Postal(self._envelope, desk.settings.shipbob_retries))

    def accept(self, order: WarehouseOrder, now: float) -> None:
        """Takes an order in: plans its parcels, commits stock, and lets time do the rest."""
        self.orders[order.id] = order
        self.by_reference[order.reference] = order
        self.by_buyer.setdefault(self.buyer(order), []).append(order)
        store_order = self.store_order(order)
        order.store_order = store_order.id if store_order else ""
        parcels = store_order.parcels if store_order else 1
        order.shipments = [
            Shipment(700_000 + self.desk.number(), units, updated_at=now) for units in split(order.units, parcels)
        ]
        self._allocate(order, now)

    def restock(self, sku: str, units: int, now: float) -> None:
        """Goods arrive; whatever waited for them goes on."""
        self.on_hand[sku] = self.on_hand.get(sku, 0) + units
        for order in self.orders.values():
            if order.status == "Exception":
                self._allocate(order, now)

    def cancel(self, order: WarehouseOrder, now: float) -> list[tuple[Shipment, bool]]:
        """Stops what has not left. Says for each parcel whether that worked."""
        results: list[tuple[Shipment, bool]] = []
        for shipment in order.shipments:
            stopped = shipment.status in ("Processing", "Exception")
            if stopped:
                if shipment.status == "Processing":
                    self._commit(shipment, -1)
                shipment.status, shipment.updated_at = "Cancelled", now
            results.append((shipment, stopped or shipment.status == "Cancelled"))
        order.cancelled = all(shipment.status == "Cancelled" for shipment in order.shipments)
        return results

    def ship(self, order: WarehouseOrder, shipment: Shipment, now: float) -> None:
        """A parcel leaves the dock: stock falls, and `order.shipped` goes out (perhaps without tracking)."""
        if shipment.status != "Processing":
            return
        chance, settings = self.desk.chance, self.desk.settings
        self._commit(shipment, -1)
        for sku, units in shipment.units.items():
            self.on_hand[sku] -= units
        shipment.status, shipment.shipped_at, shipment.updated_at = "Completed", now, now
        shipment.carrier = chance.pick(_CARRIERS, "carrier", order.reference, shipment.id)
        shipment.number = f"SB{chance.hexadecimal(16, 'tracking', self.prefix, shipment.id).upper()}"
        late = chance.share("no tracking", order.reference, shipment.id) < settings.tracking_missing_share
        wait = chance.between(settings.tracking_after, "tracking", shipment.id) if late else 0.0
        shipment.tracked_from = now + wait
        buyer = order.asked["recipient"].get("email") or ""
        self.desk.shipped(Parcel(shipment.number, self.prefix, order.store_order, buyer, shipment.units, now))
        self._tell("order.shipped", order, shipment, now)
        due = now + chance.between(settings.delivered_after, "delivered", shipment.id)
        self.desk.agenda.at(due, lambda then: self._deliver(order, shipment, then))

    def view(self, order: WarehouseOrder, now: float) -> dict[str, Any]:
        return order_document(order, self.channel, now)

    def store_order(self, order: WarehouseOrder) -> StoreOrder | None:
        """The storefront's order behind it, known by the buyer alone."""
        recipient = order.asked["recipient"]
        return self.desk.find(recipient.get("email"), recipient.get("name"))

    def buyer(self, order: WarehouseOrder) -> str:
        found = self.store_order(order)
        return f"{found.prefix}/{found.id}" if found else str(order.asked["recipient"].get("name")).casefold()

    def _allocate(self, order: WarehouseOrder, now: float) -> None:
        chance, settings = self.desk.chance, self.desk.settings
        due = now + self.desk.until_packed(self.store_order(order), settings.ships_after, order.reference)
        for shipment in order.shipments:
            if shipment.status not in ("Processing", "Exception") or shipment.shipped_at:
                continue
            short = any(self.on_hand.get(sku, 0) - self.committed.get(sku, 0) < n for sku, n in shipment.units.items())
            shipment.status = "Exception" if short else "Processing"
            if short:
                self._tell("order.shipment.exception", order, shipment, now)
                continue
            self._commit(shipment, 1)
            self.desk.agenda.at(due, lambda then, shipment=shipment: self.ship(order, shipment, then))  # type: ignore[misc]
            due += chance.between(settings.parcels_apart, "apart", shipment.id)

    def _commit(self, shipment: Shipment, sign: int) -> None:
        for sku, units in shipment.units.items():
            self.committed[sku] = self.committed.get(sku, 0) + sign * units

    def _deliver(self, order: WarehouseOrder, shipment: Shipment, now: float) -> None:
        shipment.delivered_at = shipment.updated_at = now
        self._tell("order.shipment.delivered", order, shipment, now)

    def _tell(self, topic: str, order: WarehouseOrder, shipment: Shipment, now: float) -> None:
        document = shipment_document(order, shipment, now)
        event = "msg_" + self.desk.chance.token(24, self.prefix, topic, shipment.id, now)
        self.desk.outbox.announce(self.prefix, topic, document, now, event=event)

    def _envelope(self, delivery: Delivery, now: float) -> signing.Headers:
        head = (("Content-Type", "application/json"), ("User-Agent", "ShipBob-Webhooks/1.0"))
        topic = (("x-webhook-topic", delivery.topic),)
        return (*head, *topic, *signing.standard(delivery.body, delivery.subscription.secret, delivery.identity, now))


def split(units: dict[str, int], parcels: int) -> list[dict[str, int]]:
    """Deals the units out, one by one, into so many parcels (fewer where there are not enough units)."""
    each = [sku for sku, count in units.items() for _ in range(count)]
    boxes: list[dict[str, int]] = [{} for _ in range(max(1, min(parcels, len(each))))]
    for index, sku in enumerate(each):
        box = boxes[index % len(boxes)]
        box[sku] = box.get(sku, 0) + 1
    return boxes
