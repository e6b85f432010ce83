"""The world: accounts of six providers behind one door, one clock, one lock, and the faults between them and the hub.

`handle` is plain: a request and a time in, an answer out. A simulator calls it with a clock of its own, calls `advance`
to let time pass, and carries the deliveries it gets back; `hub.sandbox.http` does the same over sockets in real time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from hub.sandbox.agenda import Agenda
from hub.sandbox.books import StoreOrder
from hub.sandbox.call import Answer, Call
from hub.sandbox.chance import Chance
from hub.sandbox.desk import Desk
from hub.sandbox.easypost.account import EasyPost
from hub.sandbox.faults import LEVELS, Faults, Level, undone
from hub.sandbox.mailbox import Mailbox, Reception
from hub.sandbox.outbox import Delivery, Outbox, Subscription
from hub.sandbox.people import People
from hub.sandbox.settings import Settings
from hub.sandbox.shipbob.account import ShipBob
from hub.sandbox.shopify.shop import Shopify
from hub.sandbox.storefront import Storefront
from hub.sandbox.stripe.account import Stripe
from hub.sandbox.woocommerce.shop import WooCommerce


class Account(Protocol):
    """One provider account: `prefix` is "provider/name"."""

    prefix: str

    def handle(self, call: Call) -> Answer: ...


A = TypeVar("A", bound=Account)


class World:
    """Everything the hub talks to. `directory` gets ledger/, truth.jsonl, deliveries.jsonl and faults.jsonl.

    `clock` gives epoch seconds. Public methods take the lock; what they return may be used without it.
    """

    def __init__(
        self, seed: int | str, directory: Path, clock: Callable[[], float], settings: Settings | None = None,
        level: Level | str = "calm",
    ) -> None:  # fmt: skip
        settings = settings or Settings()
        self.seed = seed
        self.clock = clock
        self.settings = settings
        self.directory = directory
        self.lock = threading.RLock()
        chance = Chance(seed)
        agenda = Agenda()
        faults = Faults(LEVELS[level] if isinstance(level, str) else level, chance, settings, directory)
        outbox = Outbox(agenda, faults, chance, settings, directory)
        self.desk = Desk(settings, chance, agenda, faults, outbox, People(chance), directory)
        self.accounts: dict[str, Account] = {}
        self.storefronts: dict[str, Shopify | WooCommerce] = {}
        self.mailbox = Mailbox(self.desk)

    @classmethod
    def standard(
        cls, seed: int | str, directory: Path, clock: Callable[[], float], settings: Settings | None = None,
        level: Level | str = "calm",
    ) -> World:  # fmt: skip
        """Two storefronts (shopify/aurora in USD, woocommerce/basalt in EUR) and the "main" accounts of the others."""
        world = cls(seed, directory, clock, settings, level)
        stripe = world.add_stripe("main")
        world.add_shopify("aurora", stripe)
        world.add_woocommerce("basalt", stripe)
        world.add_shipbob("main")
        world.add_easypost("main")
        return world

    # --- who is there ---

    def add_stripe(self, name: str, livemode: bool = True) -> Stripe:
        return self._add(Stripe(self.desk, name, livemode))

    def add_shipbob(self, name: str) -> ShipBob:
        return self._add(ShipBob(self.desk, name))

    def add_easypost(self, name: str, production: bool = True) -> EasyPost:
        return self._add(EasyPost(self.desk, name, production))

    def add_shopify(self, name: str, stripe: Stripe | None = None, **options: Any) -> Shopify:
        """Options: currency, first_number (two shops may start at the same one), scopes."""
        shop = self._add(Shopify(self.desk, name, stripe, **options))
        self.storefronts[shop.prefix] = shop
        return shop

    def add_woocommerce(self, name: str, stripe: Stripe | None = None, **options: Any) -> WooCommerce:
        shop = self._add(WooCommerce(self.desk, name, stripe, **options))
        self.storefronts[shop.prefix] = shop
        return shop

    def _add(self, account: A) -> A:
        self.accounts[account.prefix] = account
        return account

    @property
    def shop(self) -> Shopify:
        """The first Shopify shop."""
        return next(each for each in self.storefronts.values() if isinstance(each, Shopify))

    @property
    def woo(self) -> WooCommerce:
        """The first WooCommerce shop."""
        return next(each for each in self.storefronts.values() if isinstance(each, WooCommerce))

    # --- requests ---

    def handle(
        self, prefix: str, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes,
        now: float,
    ) -> Answer:  # fmt: skip
        """One request to one account. `path` is below the prefix, as sent; header names are lower case."""
        with self.lock:
            self.desk.agenda.run(now)
            account = self.accounts.get(prefix)
            if account is None:
                return Answer(404, b'{"error":"no such account in this sandbox"}')
            kind = self.desk.faults.for_call(prefix, method, path, body, now)
            if kind is not None and undone(kind):
                return self.desk.faults.spoil(kind, None, prefix)
            busy = now + self._busy_seconds(kind)
            self.desk.outbox.hurry = kind == "early_webhook"
            answer = account.handle(Call(method, path, query, headers, body, now, kind, busy))
            self.desk.outbox.hurry = False
            return answer if kind is None else self.desk.faults.spoil(kind, answer, prefix)

    def _busy_seconds(self, kind: str | None) -> float:
        """How long the provider is busy with a request whose answer comes late."""
        slow = {"timeout_after": self.settings.hold_seconds, "early_webhook": self.settings.early_seconds}
        return slow.get(kind or "", 0.0)

    def mail(self, sender: str, recipients: Iterable[str], raw: bytes, now: float) -> Reception:
        """One letter handed to the mailbox."""
        with self.lock:
            self.desk.agenda.run(now)
            return self.mailbox.receive(sender, recipients, raw, now)

    # --- time ---

    def advance(self, now: float) -> list[Delivery]:
        """Lets everything due happen; gives the webhooks to be posted now. Report each with `delivered`."""
        with self.lock:
            self.desk.agenda.run(now)
            return self.desk.outbox.take()

    def delivered(self, delivery: Delivery, status: int | None, now: float) -> None:
        """What the hub answered to a delivery; None where it could not be reached."""
        with self.lock:
            self.desk.outbox.done(delivery, status, now)

    def next_due(self) -> float | None:
        """When something will happen by itself."""
        with self.lock:
            return self.desk.agenda.next_due()

    # --- webhooks ---

    def subscribe(self, prefix: str, url: str, secret: str | None = None) -> Subscription:
        """Points every webhook of an account to one URL, as if registered long ago; the secret is the account's own."""
        with self.lock:
            given = secret if secret is not None else self.webhook_secret(prefix)
            made = Subscription(str(self.desk.number()), prefix, url, given, created_at=self.clock())
            return self.desk.outbox.subscribe(made)

    def webhook_secret(self, prefix: str) -> str:
        """The secret with which this account's webhooks are signed where `subscribe` was given none."""
        account = self.accounts[prefix]
        if isinstance(account, Shopify):
            return account.client_secret
        if isinstance(account, Stripe):
            return f"whsec_{self.desk.chance.token(32, prefix, 'subscribed')}"
        if isinstance(account, WooCommerce | ShipBob | EasyPost):
            return account.webhook_secret
        raise KeyError(prefix)

    # --- sight ---

    def order(self, prefix: str, order_id: str) -> StoreOrder:
        return self.desk.orders[(prefix, order_id)]

    def storefront_of(self, order: StoreOrder) -> Storefront:
        return self.storefronts[order.prefix]

    def status(self) -> dict[str, Any]:
        """Running totals: orders placed, acknowledged, deliveries, parcels, faults by kind, calls."""
        with self.lock:
            desk = self.desk
            live = {(order.prefix, order.id) for order in desk.orders.values() if not order.history}
            return {
                "orders": len(live),
                "acknowledged": len(live & desk.outbox.acknowledged),
                "deliveries": desk.outbox.posts,
                "parcels": len(desk.parcels),
                "calls": desk.faults.calls,
                "faults": dict(desk.faults.census),
            }

    def close(self) -> None:
        with self.lock:
            self.desk.close()
            self.desk.outbox.close()
            self.desk.faults.close()
