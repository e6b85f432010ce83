"""The mix of orders: stories of what buyers and merchants do, each with the end the hub is expected to bring about.

A story is drawn by seed and number alone, so the same seed tells the same stories in the same order. Some need time:
a transfer that arrives later, an address that changes, a cancellation. Those are planned into the world's agenda.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hub.sandbox.afterwards import AFTERWARDS, Shop
from hub.sandbox.books import Address, Line, Means, StoreOrder
from hub.sandbox.chance import Chance
from hub.sandbox.people import RATES, WARES, Person, Ware
from hub.sandbox.shopify.shop import Shopify
from hub.sandbox.stories import COMPLETED, SHOPIFY, SHOPIFY_MEANS, UNTOUCHED, WOO, WOO_MEANS, Story
from hub.sandbox.world import World


class Scenario:
    """Deals stories to the world's storefronts, and places orders from them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._chance = Chance(f"scenario {world.seed}")
        self._dealt: dict[str, int] = {}

    def stories(self, shop: Shop) -> tuple[Story, ...]:
        return SHOPIFY if isinstance(shop, Shopify) else WOO

    def run(self, count: int, rate: float, start: float) -> None:
        """Plans `count` orders over all storefronts in turn, `rate` a second from `start` on."""
        shops = list(self.world.storefronts.values())
        with self.world.lock:
            for index in range(count):
                shop = shops[index % len(shops)]
                story = self.deal(shop)
                self.world.desk.agenda.at(start + index / rate, self._placing(shop, story))

    def _placing(self, shop: Shop, story: Story) -> Callable[[float], None]:
        def deed(now: float) -> None:
            self.place(shop, story, now)

        return deed

    def deal(self, shop: Shop) -> Story:
        """The next story of a shop: one of each kind before weights decide, then a shuffled deck after the other."""
        number = self._dealt.get(shop.prefix, 0)
        self._dealt[shop.prefix] = number + 1
        stories = self.stories(shop)
        first = self._chance.shuffled(stories, shop.prefix, "first")
        if number < len(first):
            return first[number]
        deck = [story for story in stories for _ in range(story.weight)]
        turn, place = divmod(number - len(first), len(deck))
        return self._chance.shuffled(deck, shop.prefix, "deck", turn)[place]

    def named(self, shop: Shop, name: str) -> Story:
        """The story of this name. Raises KeyError with the names there are."""
        found = {story.name: story for story in self.stories(shop)}
        if name not in found:
            raise KeyError(f"{name!r} is not a story of {shop.prefix}; there are: {', '.join(sorted(found))}")
        return found[name]

    def place(self, shop: Shop, story: Story, now: float, quiet: bool = False, **changes: Any) -> StoreOrder:
        """A buyer orders. `changes` overwrite fields of the order before it is placed."""
        with self.world.lock:
            order = self._compose(shop, story, now)
            for name, value in changes.items():
                setattr(order, name, value)
            if story.pays in ("stripe", "prepaid") and shop.stripe and order.due:
                intent = shop.stripe.intend(order, now, manual=story.pays == "stripe")
                order.means = replace(order.means, intent=intent.id)
            shop.place(order, now, quiet)
            if story.then and not quiet:
                AFTERWARDS[story.then](self.world, shop, order, now)
            return order

    def history(self, shop: Shop, count: int, now: float, days: float = 60.0) -> list[StoreOrder]:
        """Orders of the past, spread over so many days, placed and partly dealt with before anybody connected a hub."""
        names = ("captured at Shopify", "authorised at Shopify", "digital") if isinstance(shop, Shopify) else (
            "paid by card", "digital", "authorised at Stripe")  # fmt: skip
        outbox = self.world.desk.outbox
        with self.world.lock:
            # Nobody was listening then.
            listening, outbox.subscriptions = outbox.subscriptions, []
            made = [
                self._past(
                    shop,
                    self.named(shop, self._chance.pick(names, shop.prefix, "history", i)),
                    i,
                    now - days * 86_400 * (1 - i / count),
                )
                for i in range(count)
            ]
            outbox.subscriptions = listening
        return made

    def _past(self, shop: Shop, story: Story, index: int, placed: float) -> StoreOrder:
        """An order of the past and what became of it: a third shipped, some cancelled, the rest still open."""
        order = self.place(shop, replace(story, expect=UNTOUCHED, then=""), placed, True, history=True)
        fate = self._chance.share(shop.prefix, "fate", index)
        if fate < 0.35:
            shop.fulfil(order, placed + 3600, number=f"OLD{index:09d}")
        elif fate < 0.45:
            shop.cancel(order, placed + 3600)
        return order

    def adopt(self, order: StoreOrder) -> None:
        """A person told the hub to take an order of the past: from now on it must complete like any other."""
        with self.world.lock:
            order.expect, order.history = COMPLETED, False
            self.world.desk.note(order)

    # --- composing an order ---

    def _compose(self, shop: Shop, story: Story, now: float) -> StoreOrder:
        number = shop.next_number
        shop.next_number += 1
        key = (shop.prefix, number)
        person = self.world.desk.people.person()
        region = "japan" if story.currency == "JPY" else "america" if isinstance(shop, Shopify) else "europe"
        home = self.world.desk.people.address(person, region, *key)
        means = (SHOPIFY_MEANS if isinstance(shop, Shopify) else WOO_MEANS)[story.pays]
        ships = any(prefix != "DIG-" for prefix in story.goods)
        currency = story.currency or shop.currency
        order = StoreOrder(
            prefix=shop.prefix, id=shop.new_id("order"), number=number, name=f"#{number}", kind=story.name,
            expect=story.expect, placed_at=now, updated_at=now, currency=currency, means=Means(story.pays, *means),
            first=person.first, last=person.last, email=person.email, phone=home.phone, billing=home,
            shipping=self._destination(person, home, region, story, key) if ships and not story.pickup else None,
            lines=self._lines(shop, story, key, currency), pickup=story.pickup, test=story.test, parcels=story.parcels,
            dispatch={"cancel": "late", "edit_late": "lingering"}.get(story.then, "prompt"),
            broken=story.flaw == "broken",
        )  # fmt: skip
        self._charges(order, shop, story, key)
        return order

    def _destination(self, person: Person, home: Address, region: str, story: Story, key: tuple[str, int]) -> Address:
        """Mostly the buyer's own door; sometimes somebody else's, who is nobody else's recipient either."""
        if story.flaw == "no_country":
            return replace(home, country="", country_name="")
        if self._chance.share("gift", *key) < 0.15:
            other = self.world.desk.people.person()
            return self.world.desk.people.address(other, region, "gift", *key)
        return home

    def _lines(self, shop: Shop, story: Story, key: tuple[str, int], currency: str) -> list[Line]:
        lines: list[Line] = []
        for prefix in story.goods:
            wares = self._chance.shuffled([ware for ware in WARES if ware.sku.startswith(prefix)], "wares", *key)
            fewest = 2 if story.parcels > 1 or story.then == "remove_then_pay" else 1
            chosen = wares[: max(fewest, 1 + self._chance.below(2, "lines", prefix, *key))]
            lines.extend(self._line(shop, ware, story, key, currency) for ware in chosen)
        return lines

    def _line(self, shop: Shop, ware: Ware, story: Story, key: tuple[str, int], currency: str) -> Line:
        fewest = 2 if story.parcels > 1 or story.then == "remove_then_pay" else 1
        quantity = fewest + self._chance.below(3, "quantity", ware.sku, *key)
        index = WARES.index(ware)
        price = ware.price * 150 // 100 if currency == "JPY" else ware.price
        product = str((8_100_000_000_000 if isinstance(shop, Shopify) else 300) + index)
        variant = str((44_000_000_000_000 if isinstance(shop, Shopify) else 0) + index)
        return Line(shop.new_id("line"), product, variant, ware.sku, ware.title, price, quantity, quantity, ware.grams)

    def _charges(self, order: StoreOrder, shop: Shop, story: Story, key: tuple[str, int]) -> None:
        """Freight, discount, tax; a free order is one whose discount takes everything."""
        chance, shopify = self._chance, isinstance(shop, Shopify)
        if story.pays == "zero":
            order.discount_code = "GIFTED"
            for line in order.lines:
                line.discount = line.price * line.quantity
        elif story.then == "" and chance.share("discount", *key) < 0.25:
            order.discount_code = "SPRING5"
            order.lines[0].discount = min(500, order.lines[0].price)
        if order.pickup:
            order.freight_title = "Harbour Street store" if shopify else "Local pickup"
            order.freight_code = "Harbour Street store" if shopify else "local_pickup"
        elif order.shipping is not None:
            order.freight = 0 if story.pays == "zero" else chance.pick((0, 490, 790), "freight", *key)
            order.freight_title = "Standard" if order.freight else "Free shipping"
            order.freight_code = order.freight_title if shopify else "flat_rate" if order.freight else "free_shipping"
        taxed = story.pays != "zero" and chance.share("tax", *key) < 0.6
        order.tax_points = (825 if shopify else 1900) if taxed else 0
        if story.presentment:
            order.presentment = story.presentment
            order.rate = RATES.get((order.currency, story.presentment), Decimal(1))
