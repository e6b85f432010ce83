"""Deliveries recorded from a running WooCommerce, byte for byte to a running hub: each order has its expected end.

What the recorded shop did, by its order numbers:

35  cash on delivery                   reaches the warehouse with its amount, leaves, and is completed in the shop
36  cash on delivery, cancelled        is called back at the warehouse; nothing leaves
37  bank transfer, a mug and an e-book waits; once paid, the mug leaves
38  paid; a part refunded; moved       leaves once; no second refund; the edit after dispatch is a person's task
41  an e-book                          completes with no warehouse order, no label, no address
42  unpaid; paid later, no address     nothing leaves until it is paid and says where to
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hub.sandbox.settings import Settings
from tests.journey.captured_shop import CapturedDelivery, CapturedShop
from tests.journey.shop_api import ShopApi
from tests.journey.town import Town

SHOP = "birch"
GOODS = {"SKU-TEE-RED": 100, "SKU-MUG": 200_000, "SKU-HOOD-M": 100, "SKU-HOOD-S": 100}
OLD_HOME, NEW_HOME = "Musterstraße 1", "Neue Straße 2"
HOUR = 3600.0


class RecordedShop:
    """The recorded shop beside a town: its deliveries, its API, and what the warehouse has of its orders."""

    def __init__(self, town: Town, api: ShopApi, captured: CapturedShop) -> None:
        self.town, self.api, self.captured = town, api, captured
        self.warehouse: Any = town.world.accounts["shipbob/main"]

    def send(self, *deliveries: CapturedDelivery, told: bool = True) -> None:
        """Each delivery twice, as they were recorded. `told`: from now on the shop's API says what they say."""
        for delivery in deliveries:
            if told and delivery.order_id is not None:
                self.api.orders[delivery.order_id] = delivery.document()
            for _ in range(2):
                assert self.post(delivery) == 200, f"{delivery.number} {delivery.name}"

    def post(self, delivery: CapturedDelivery) -> int:
        return delivery.send("127.0.0.1", self.town.port, f"/webhooks/{SHOP}")

    def latest(self, order: str) -> CapturedDelivery:
        return self.captured.of_order(order)[-1]

    def state(self, order: str) -> str | None:
        return self.town.states().get(f"{SHOP}:{order}")

    def becomes(self, order: str, state: str) -> None:
        self.town.until(f"{order} is {state}", lambda: self.state(order) == state)

    def ordered(self, order: str) -> list[dict[str, Any]]:
        """The warehouse's ledger of one order: what it was asked to send."""
        ids = {str(each.id) for each in self._at_warehouse(order)}
        lines = self.town.ledgers()["shipbob-main"]
        return [line for line in lines if line["effect"] == "fulfillment.create" and line["id"] in ids]

    def called_back(self, order: str) -> bool:
        found = self._at_warehouse(order)
        return bool(found) and all(each.cancelled for each in found)

    def pack(self, order: str) -> None:
        """The warehouse sends it now."""
        with self.town.world.lock:
            for each in self._at_warehouse(order):
                for shipment in each.shipments:
                    self.warehouse.ship(each, shipment, self.town.world.clock())

    def left(self, order: str) -> dict[str, int]:
        """SKU -> units that really left."""
        units: Counter[str] = Counter()
        for each in self._at_warehouse(order):
            for shipment in each.shipments:
                units.update(shipment.units if shipment.status == "Completed" else {})
        return dict(units)

    def _at_warehouse(self, order: str) -> list[Any]:
        with self.town.world.lock:
            return [each for each in self.warehouse.orders.values() if each.asked["order_number"] == f"#{order}"]

    def letters(self, order: str) -> Counter[str]:
        """How many letters of each kind the buyer of an order got."""
        lines = self.town.ledgers()["mailbox"]
        return Counter(line["about"] for line in lines if f"#{order}" in line["subject"])

    def written_back(self, order: str) -> None:
        """Its one parcel's tracking, then its completion: each once, and in this order."""
        trackings, updates = self.api.of(order, "shipment-trackings"), self.api.of(order, "")
        numbers = [shipment.number for each in self._at_warehouse(order) for shipment in each.shipments]
        assert [each.body["tracking_number"] for each in trackings] == numbers
        assert [each.body for each in updates] == [{"status": "completed"}]
        assert trackings[0].at < updates[0].at


@contextmanager
def recorded_shop(directory: Path, shared: Path, beside: Town | None = None) -> Iterator[RecordedShop]:
    captured = CapturedShop(shared / "captures" / "woocommerce")
    assert len(captured.deliveries) == 22
    settings = Settings.hasty().but(ships_after=(HOUR, HOUR), tracking_missing_share=0.0)  # the test packs

    def configure(document: dict[str, Any], vault: Any) -> None:
        secrets = [vault.put(f"{SHOP}.webhook.{i}", secret) for i, secret in enumerate(captured.secrets)]
        made = dict(document["connections"]["basalt"])
        made |= {
            "base_url": f"http://{api.netloc}", "private_targets": [api.netloc], "sweep": "off",
            "webhook": {"secrets": secrets}, "act_from": "2026-01-01T00:00:00Z",
            "settings": made["settings"] | {"digital_skus": ["SKU-EBOOK"]},
        }  # fmt: skip
        document["connections"][SHOP] = made

    def people(world: Any) -> None:
        for sku, units in GOODS.items():
            world.accounts["shipbob/main"].restock(sku, units, world.clock())

    town = Town(directory, people=people, configure=configure, settings=settings, beside=beside)
    with ShopApi() as api, town:
        yield RecordedShop(town, api, captured)


def test_each_order_has_its_end(tmp_path: Path, shared: Path) -> None:
    with recorded_shop(tmp_path, shared) as shop:
        placed(shop)
        cancelled(shop)
        refunded_and_moved(shop)
        paid_in_the_end(shop)
        leaves(shop)
        repeats_change_nothing(shop)
        books = shop.town.ledgers()
        assert books["stripe-main"] == books["easypost-main"] == []
        assert not [each for each in shop.api.written if each.what == "refunds"]
        assert {each.order for each in shop.api.written} == {"35", "37", "38", "42"}
        assert shop.town.needs() == {}


def placed(shop: RecordedShop) -> None:
    """Everything is placed; what may go on does, and nothing else."""
    shop.send(
        *shop.captured.named(
            "simple-guest", "multiline-discount", "jp-mixed-virtual-bacs", "customer-created", "digital-only",
            "jpy-big-quantity-pending", "ping",
        )
    )  # fmt: skip
    shop.town.until("two are at the warehouse", lambda: bool(shop.ordered("35") and shop.ordered("36")))
    for order, state in (("41", "completed"), ("37", "waiting"), ("42", "waiting")):
        shop.becomes(order, state)
    shop.town.quiet()
    assert not any(shop.ordered(order) for order in ("37", "41", "42"))
    (to_collect,) = shop.ordered("35")
    assert to_collect["lines"] == {"SKU-TEE-RED": 1}
    assert to_collect["tags"] == {"cod": "29.62 EUR"}
    assert to_collect["address"] == {"street": OLD_HOME, "city": "Berlin", "zip": "10115", "country": "DE"}
    (several,) = shop.ordered("36")
    assert several["lines"] == {"SKU-TEE-RED": 2, "SKU-MUG": 3, "SKU-HOOD-M": 1}
    assert several["tags"] == {"cod": "114.51 EUR"}
    assert shop.letters("41") == {"confirmation": 1}


def cancelled(shop: RecordedShop) -> None:
    shop.send(*shop.captured.named("cancelled"))
    shop.becomes("36", "cancelled")
    assert shop.called_back("36")
    shop.pack("36")
    assert shop.left("36") == {}


def refunded_and_moved(shop: RecordedShop) -> None:
    shop.send(*shop.captured.named("customer-order-rest-paid"))
    shop.town.until("the paid one is at the warehouse", lambda: bool(shop.ordered("38")))
    shop.send(*shop.captured.named("partial-refund"))
    shop.town.quiet()
    assert shop.state("38") == "waiting"  # for the warehouse: a refund of money takes no goods back
    shop.send(*shop.captured.named("address-edit"))
    shop.becomes("38", "held")
    shop.town.quiet()
    assert shop.town.needs() == {f"{SHOP}:38": {"changed_after"}}
    (sent,) = shop.ordered("38")
    assert (sent["lines"], sent["address"]["street"]) == ({"SKU-TEE-RED": 1, "SKU-HOOD-S": 2}, OLD_HOME)
    assert sent["tags"] == {}
    shop.town.desk.acts.release(f"{SHOP}:38", None, "ann", "the warehouse was rung up")
    shop.becomes("38", "waiting")


def paid_in_the_end(shop: RecordedShop) -> None:
    """A bank transfer comes in; an unpaid order is paid, then gets its address."""
    shop.send(*shop.captured.named("listener-503", "failing-1", "failing-3", "failing-5"))
    shop.becomes("42", "held")
    shop.town.quiet()  # each of these deliveries has the hold looked at anew
    assert shop.town.needs() == {f"{SHOP}:42": {"address_incomplete"}}
    assert not shop.ordered("42")
    home = shop.latest("35").document()["shipping"]
    shop.send(shop.latest("42").followed_by(shipping=home))
    shop.town.until("it is at the warehouse", lambda: bool(shop.ordered("42")))
    assert [line["lines"] for line in shop.ordered("42")] == [{"SKU-MUG": 100_000}]
    assert not shop.ordered("37")
    shop.send(shop.latest("37").followed_by(status="processing", date_paid_gmt="2026-11-24T09:00:00"))
    shop.town.until("the transfer's is at the warehouse", lambda: bool(shop.ordered("37")))
    (abroad,) = shop.ordered("37")
    assert (abroad["lines"], abroad["address"]["country"]) == ({"SKU-MUG": 1}, "JP")
    assert abroad["tags"] == {}


def leaves(shop: RecordedShop) -> None:
    for order in ("35", "37", "38", "42"):
        shop.pack(order)
        shop.becomes(order, "completed")
        shop.written_back(order)
        assert shop.letters(order) == {"confirmation": 1, "shipped": 1}
    assert shop.letters("36") == {"confirmation": 1}


def repeats_change_nothing(shop: RecordedShop) -> None:
    """The whole recording once more, what was kept of it, and one that is forged."""
    shop.town.quiet()
    states, books, written = shop.town.states(), shop.town.ledgers(), list(shop.api.written)
    shop.send(*shop.captured.deliveries, told=False)
    shop.town.quiet()
    assert shop.town.states() == states
    assert (shop.town.ledgers(), shop.api.written) == (books, written)
    kept = Counter(shop.town.query("SELECT topic, body FROM messages WHERE connection = ?", SHOP))
    recorded = Counter((d.topic, d.body) for d in shop.captured.deliveries if d.topic)
    assert recorded <= kept  # byte for byte, each once
    assert kept.total() == recorded.total() + 2  # and the two that the test made up
    assert shop.town.query("SELECT count(*) FROM conflicts") == [(0,)]
    forged = replace(shop.latest("35"), body=shop.latest("35").body.replace(b'"29.62"', b'"09.62"'))
    assert shop.post(forged) == 401


def test_the_same_end_whatever_the_order_of_arrival(tmp_path: Path, shared: Path) -> None:
    """Everything in reverse: what was cancelled is never begun, what was edited goes to the new address."""
    with recorded_shop(tmp_path, shared) as shop:
        for delivery in shop.captured.deliveries:
            if delivery.order_id is not None:
                shop.api.orders[delivery.order_id] = delivery.document()  # what the shop says in the end
        shop.send(*reversed(shop.captured.deliveries), told=False)
        shop.town.until("two are at the warehouse", lambda: bool(shop.ordered("35") and shop.ordered("38")))
        shop.becomes("41", "completed")
        shop.becomes("42", "held")
        shop.town.quiet()
        assert (shop.state("36"), shop.state("37")) == ("history", "waiting")
        assert not any(shop.ordered(order) for order in ("36", "37", "41", "42"))
        (moved,) = shop.ordered("38")
        assert moved["address"]["street"] == NEW_HOME
        for order in ("35", "38"):
            shop.pack(order)
            shop.becomes(order, "completed")
            shop.written_back(order)
            assert len(shop.ordered(order)) == 1
        assert {each.order for each in shop.api.written} == {"35", "38"}
        assert shop.town.ledgers()["stripe-main"] == shop.town.ledgers()["easypost-main"] == []


def test_two_installations_with_equal_names_and_numbers_share_a_warehouse(tmp_path: Path, shared: Path) -> None:
    """Order 35 of connection `birch`, twice: only the install keys differ. Each leaves once, and is told of its own."""
    with (
        recorded_shop(tmp_path / "one", shared) as one,
        recorded_shop(tmp_path / "other", shared, beside=one.town) as other,
    ):
        one.send(*one.captured.named("simple-guest"))
        bought = other.latest("35")
        places = {name: bought.document()[name] | {"first_name": "Another"} for name in ("billing", "shipping")}
        other.send(bought.followed_by(**places))
        one.town.until("both are at the warehouse", lambda: len(one.ordered("35")) == 2)
        for shop in (one, other):
            shop.town.quiet()
        references = [line["reference"] for line in one.ordered("35")]
        assert len(set(references)) == 2
        one.pack("35")
        for shop in (one, other):
            shop.becomes("35", "completed")
            assert [each.what for each in shop.api.of("35", "shipment-trackings")] == ["shipment-trackings"]
        told = [shop.api.of("35", "shipment-trackings")[0].body["tracking_number"] for shop in (one, other)]
        assert len(set(told)) == 2
        assert one.left("35") == {"SKU-TEE-RED": 2}
        assert one.town.needs() == other.town.needs() == {}
