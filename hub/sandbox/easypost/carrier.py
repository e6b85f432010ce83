"""What happens to a labelled parcel: it is handed in, travels, arrives; and the webhooks about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.sandbox import signing
from hub.sandbox.books import SELF, StoreOrder
from hub.sandbox.desk import Desk, Parcel
from hub.sandbox.easypost.papers import Shipment, Tracker, event_document, tracker_document
from hub.sandbox.outbox import Delivery, Postal


class Carrier:
    """A connection carries `key` (`EZAK...` is a production key, `EZTK...` a test key) and `webhook_secret`."""

    def __init__(self, desk: Desk, name: str, production: bool = True) -> None:
        self.prefix = f"easypost/{name}"
        self.desk = desk
        self.mode = "production" if production else "test"
        self.key = ("EZAK" if production else "EZTK") + desk.chance.hexadecimal(54, self.prefix, "key")
        self.webhook_secret = desk.chance.token(32, self.prefix, "webhook")
        self.ledger = desk.ledger(self.prefix)
        self.shipments: dict[str, Shipment] = {}
        self.by_reference: dict[str, Shipment] = {}
        self.by_buyer: dict[str, list[Shipment]] = {}
        self.trackers: dict[str, Tracker] = {}
        self.addresses: dict[str, dict[str, Any]] = {}
        desk.outbox.account(self.prefix, Postal(self._envelope, desk.settings.easypost_retries))

    def tracker_of(self, shipment: Shipment | None, carrier: str, now: float, code: str = "") -> Tracker:
        number = int(self.desk.chance.hexadecimal(14, self.prefix, "code", self.desk.number()), 16)
        made = Tracker(
            self.identity("trk"), code or f"94{number:018d}"[:22], carrier, shipment.id if shipment else None, now
        )
        self.trackers[made.id] = made
        return made

    def plan_journey(self, shipment: Shipment, now: float) -> None:
        """The merchant hands the parcel in, unless the order is one that will be taken back; then it travels."""
        self._move(shipment, "pre_transit", "Shipping label created", now)
        order = self.store_order(shipment.asked)
        wait = self.desk.until_packed(order, self.desk.settings.handed_in_after, shipment.id)
        self.desk.agenda.at(now + wait, lambda due: self.hand_in(shipment, due))

    def hand_in(self, shipment: Shipment, now: float) -> None:
        """The parcel comes to the carrier, once, unless its label was given back."""
        order = self.store_order(shipment.asked)
        if shipment.refund is not None or shipment.tracker is None or shipment.handed_in:
            return
        shipment.handed_in = True
        lines = order.group(SELF) if order else {}
        email = order.email if order else ""
        self.desk.shipped(Parcel(shipment.tracker.code, self.prefix, shipment.order, email, lines, now))
        self._move(shipment, "in_transit", "Arrived at carrier facility", now)
        wait = self.desk.chance.between(self.desk.settings.delivered_after, "delivered", shipment.id)
        self.desk.agenda.at(now + wait, lambda due: self._move(shipment, "delivered", "Delivered", due))

    def _move(self, shipment: Shipment, status: str, message: str, now: float) -> None:
        tracker = shipment.tracker
        if tracker is None:
            return
        before, tracker.status = tracker.status, status
        tracker.steps.append((status, now, message))
        kind = "tracker.created" if before == "unknown" else "tracker.updated"
        self.tell(kind, tracker_document(tracker, self.mode), before, now)

    def store_order(self, asked: Mapping[str, Any]) -> StoreOrder | None:
        return self.desk.find(asked["to_address"].get("email"), asked["to_address"].get("name"))

    def tell(self, kind: str, thing: dict[str, Any], previous: str, now: float) -> None:
        identity = self.identity("evt")
        document = event_document(identity, kind, thing, previous, now, self.mode)
        self.desk.outbox.announce(self.prefix, kind, document, now, event=identity)

    def _envelope(self, delivery: Delivery, now: float) -> signing.Headers:
        head = (("Content-Type", "application/json"), ("User-Agent", "EasyPost Webhook"))
        secret = delivery.subscription.secret
        return (*head, *(signing.easypost(delivery.body, secret) if secret else ()))

    def identity(self, kind: str) -> str:
        return f"{kind}_{self.desk.chance.hexadecimal(32, self.prefix, kind, self.desk.number())}"
