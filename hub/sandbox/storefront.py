"""What every shop does, whatever its dialect: buyers order and pay, merchants edit, cancel, refund and ship."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from hub.sandbox.books import Address, Refund, Sent, StoreOrder, Transaction
from hub.sandbox.desk import Desk
from hub.sandbox.stripe.account import Stripe


class Storefront(ABC):
    """The merchant's side of a shop. The dialects add what the API says and how webhooks look.

    `say` tells subscribers; its events are created, updated, paid, cancelled, edited, refunded and fulfilled.
    """

    def __init__(self, desk: Desk, prefix: str, stripe: Stripe | None) -> None:
        self.desk = desk
        self.prefix = prefix
        self.stripe = stripe
        self.ledger = desk.ledger(prefix)
        self.orders: dict[str, StoreOrder] = {}
        if stripe:
            stripe.listeners.append(self._stripe_says)

    @abstractmethod
    def say(self, order: StoreOrder, now: float, *events: str) -> None:
        """Tells whoever subscribed."""

    @abstractmethod
    def new_id(self, kind: str) -> str:
        """An id such as this platform hands out. kind: order, line, transaction, fulfillment, refund."""

    @abstractmethod
    def opened(self, order: StoreOrder, now: float) -> None:
        """The checkout's last step: transactions, statuses and the buyer's authorisation."""

    @abstractmethod
    def settled(self, order: StoreOrder, now: float) -> None:
        """The buyer's money arrived after all."""

    @abstractmethod
    def withdrawn(self, order: StoreOrder, now: float, by: str) -> None:
        """The order was cancelled: the platform's own handling of its money and lines."""

    def place(self, order: StoreOrder, now: float, quiet: bool = False) -> StoreOrder:
        """A buyer checks out. `quiet` orders (history) send no webhooks."""
        self.orders[order.id] = order
        self.opened(order, now)
        self.desk.register(order)
        if not quiet:
            self.say(order, now, "created", *(("paid",) if order.paid_at else ()), "updated")
        return order

    def pay(self, order: StoreOrder, now: float) -> None:
        """A bank transfer arrives and the merchant books it."""
        if order.cancelled_at or order.paid_at:
            return
        order.paid_at = now
        self.settled(order, now)
        self.changed(order, now, "paid")

    def cancel(self, order: StoreOrder, now: float, by: str = "store") -> bool:
        """The merchant (or, through the API, the hub) cancels the whole order. False where it was cancelled before."""
        if order.cancelled_at:
            return False
        order.cancelled_at = now
        self.withdrawn(order, now, by)
        self.changed(order, now, "cancelled")
        return True

    def edit_address(self, order: StoreOrder, address: Address, now: float) -> None:
        """The buyer asked for another address."""
        if order.shipping:
            order.past_addresses.append(order.shipping)
        order.shipping = address
        self.changed(order, now)

    def remove(self, order: StoreOrder, line_id: str, quantity: int, now: float) -> None:
        """The merchant takes units out of a line (and what they cost out of the total)."""
        line = order.line(line_id)
        if line is None or quantity > line.left:
            raise ValueError(f"{order.name}: {quantity} units cannot be taken out of line {line_id}")
        line.current -= quantity
        order.edited = True
        self.changed(order, now, "edited")

    def refund(
        self, order: StoreOrder, amount: int, now: float, lines: Mapping[str, int] | None = None,
        reason: str = "", by: str = "store", gateway: bool = True,
    ) -> Refund | None:  # fmt: skip
        """Gives money back through whoever holds it. None where less than that is left, or the gateway refuses.

        Of `lines` (line id -> units) those that have not left are not going to.
        """
        if amount > order.received - order.refunded or amount < 0:
            return None
        if gateway and amount and order.means.intent and self.stripe:
            if not self.stripe.refund_by_store(order.means.intent, amount, now):
                return None
        sale = next((each for each in reversed(order.transactions) if each.kind in ("sale", "capture")), None)
        moved = Transaction(
            self.new_id("transaction"), "refund", "success", amount, order.pays_in, now, order.means.gateway,
            sale.id if sale else None,
        )  # fmt: skip
        order.transactions.append(moved)
        made = Refund(self.new_id("refund"), now, amount, dict(lines or {}), reason, by, moved.id)
        order.refunds.append(made)
        for line_id, units in made.lines.items():
            if line := order.line(line_id):
                stays = line.left - max(0, self.desk.units_gone(order, line.sku) - line.sent)
                line.given_up += max(0, min(units, stays))
        if amount and order.refunded == order.received:
            self.refunded_whole(order)
        self.changed(order, now, "refunded")
        return made

    def refunded_whole(self, order: StoreOrder) -> None:
        """Nothing is left of what the buyer paid."""

    def fulfil(self, order: StoreOrder, now: float, lines: Mapping[str, int] | None = None, number: str = "") -> Sent:
        """The merchant ships something by hand, past the hub."""
        wanted = dict(lines) if lines is not None else {line.id: line.left for line in order.lines if line.left}
        sent = Sent(self.new_id("fulfillment"), now, wanted, number, "Other", "", by="store")
        self.record(order, sent, now)
        return sent

    def record(self, order: StoreOrder, sent: Sent, now: float) -> None:
        """Books a parcel and tells subscribers."""
        for line_id, quantity in sent.lines.items():
            line = order.line(line_id)
            if line is not None:
                line.sent += quantity
        order.sent.append(sent)
        self.changed(order, now, "fulfilled")

    def changed(self, order: StoreOrder, now: float, *events: str) -> None:
        """Every change moves `updated_at`, is written down, and is told."""
        order.updated_at = max(now, order.updated_at + 0.001)
        self.desk.note(order)
        self.say(order, now, *events, "updated")

    def _stripe_says(self, order: StoreOrder, what: str, now: float) -> None:
        if self.orders.get(order.id) is not order or order.cancelled_at:
            return
        if what == "captured" and not order.paid_at:
            self.heard_of_capture(order, now)
        elif what == "refunded":
            self.heard_of_refund(order, now)

    def heard_of_capture(self, order: StoreOrder, now: float) -> None:
        """The shop's Stripe plugin learns that the hub captured. Shops without the plugin never do."""

    def heard_of_refund(self, order: StoreOrder, now: float) -> None:
        """The same for a refund."""
