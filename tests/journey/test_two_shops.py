"""Shops whose orders have the same numbers, on one warehouse account: each order leaves once, and each shop is told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hub.assembly.demo_files import ACCOUNTS
from hub.sandbox.books import StoreOrder
from hub.sandbox.world import World
from tests.journey.town import Line, Town

NUMBERS = 3
NAMES = ACCOUNTS | {"borealis": "shopify/borealis", "flint": "woocommerce/flint"}


def people(world: World) -> None:
    stripe = world.accounts["stripe/main"]
    world.add_shopify("borealis", stripe, first_number=world.shop.next_number)  # type: ignore[arg-type]
    world.add_woocommerce("flint", stripe, first_number=world.woo.next_number)  # type: ignore[arg-type]


def test_each_ships_once(tmp_path: Path) -> None:
    with Town(tmp_path, people=people, names=NAMES) as town:
        shopify = [
            town.place(shop, "captured at Shopify")
            for _ in range(NUMBERS)
            for shop in ("shopify/aurora", "shopify/borealis")
        ]
        # Small shops number everything from one: even the ids are the same.
        woocommerce = [
            town.place(shop, "paid by card", id=str(number), number=number, name=f"#{number}")
            for number in range(612, 612 + NUMBERS)
            for shop in ("woocommerce/basalt", "woocommerce/flint")
        ]
        orders = [*shopify, *woocommerce]
        assert set(Counter(order.name for order in orders).values()) == {2}
        town.until("all are done", lambda: list(town.states().values()).count("completed") == len(orders))
        books = town.ledgers()
        assert not town.evidence().doubles
        asked = [line for line in books["shipbob-main"] if line["effect"] == "fulfillment.create"]
        assert Counter(line["email"] for line in asked) == Counter(order.email for order in orders)
        assert len({line["reference"] for line in asked}) == len(orders)
        for order in orders:
            (line,) = (line for line in asked if line["email"] == order.email)
            assert (line["lines"], line["name"]) == (order.group("WH-"), order.recipient)
            assert told(books, order) == numbers(town, order)


def told(books: dict[str, list[Line]], order: StoreOrder) -> list[str]:
    """The tracking numbers that were written back to the order's own shop."""
    lines = books[order.prefix.replace("/", "-")]
    return [line["tracking"] for line in lines if line["effect"] == "shipment.announce" and line["order"] == order.id]


def numbers(town: Town, order: StoreOrder) -> list[str]:
    """The tracking numbers of what left for the order's buyer."""
    return [parcel.number for parcel in town.world.desk.parcels.values() if parcel.email == order.email]
