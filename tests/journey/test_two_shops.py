"""Two shops whose orders have the same numbers, on one warehouse account."""

from __future__ import annotations

import time
from collections import Counter

from hub.assembly.demo_files import ACCOUNTS
from tests.journey.town import Town

NUMBERS = 3


def test_both_ship_once_each(tmp_path):
    def people(world):
        stripe = world.accounts["stripe/main"]
        world.add_shopify("borealis", stripe, first_number=world.shop.next_number)

    with Town(tmp_path, people=people, names=ACCOUNTS | {"borealis": "shopify/borealis"}) as town:
        shops = [town.world.storefronts["shopify/aurora"], town.world.storefronts["shopify/borealis"]]
        story = town.scenario.named(shops[0], "captured at Shopify")
        placed = [town.scenario.place(shop, story, time.time()) for _ in range(NUMBERS) for shop in shops]
        names = Counter(order.name for order in placed)
        assert set(names.values()) == {2}
        town.until("all are done", lambda: list(town.states().values()).count("completed") == 2 * NUMBERS)
        created = [line["order"] for line in town.ledgers()["shipbob-main"] if line["effect"] == "fulfillment.create"]
        assert Counter(created) == Counter(order.id for order in placed)
        assert not town.evidence().doubles
