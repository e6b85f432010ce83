"""An order that is over leaves the books, and its storefront speaks of it again: nothing is begun a second time."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from hub.vault.store import Vault
from tests.journey.multiplied import OVER
from tests.journey.town import Town

_DAYS = 10 * 86_400 * 1_000_000


def kept_for_a_day(document: dict[str, Any], vault: Vault) -> None:
    document["keep"] = {"messages_days": 1, "orders_days": 1}


def days_pass(database: Path) -> None:
    with closing(sqlite3.connect(database)) as books:
        books.execute("UPDATE orders SET changed_at = changed_at - ?, created_at = created_at - ?", (_DAYS, _DAYS))
        books.execute("UPDATE messages SET received_at = received_at - ?", (_DAYS,))
        books.commit()


def effects(town: Town) -> list[dict[str, Any]]:
    return [line for lines in town.ledgers().values() for line in lines if line["effect"] != "order.note"]


def test_what_was_filed_is_never_begun_again(tmp_path: Path) -> None:
    with Town(tmp_path, configure=kept_for_a_day) as town:
        orders = [town.place("shopify/aurora", "captured at Shopify"), town.place("woocommerce/basalt", "paid by card")]
        keys = [town.key(order) for order in orders]
        town.until("they are over", lambda: {key for (key,) in town.query(OVER)} == set(keys), seconds=60)
        town.quiet()
        town.hub.stop()
        days_pass(town.home.database)
        before = effects(town)
        told = json.loads(town.crossdock("store", "archive", "--now", "--json"))
        assert told["orders"] == len(orders)
        assert told["messages"] > 0
        assert json.loads(town.crossdock("store", "archive", "--find", keys[0], "--json"))["rows"]["steps"]
        town.hub.start()
        town.hub.wait_ready()
        heard = town.query("SELECT max(id) FROM messages")[0][0]
        for order in orders:
            order.note = "Asked about it"
            town.world.storefront_of(order).changed(order, time.time())
        town.until("the hub was told", lambda: town.query("SELECT max(id) FROM messages")[0][0] >= heard + len(orders))
        town.quiet()
        assert town.query("SELECT DISTINCT state FROM orders") == [("archived",)]
        assert town.query("SELECT count(*) FROM steps") == [(0,)]
        assert effects(town) == before
