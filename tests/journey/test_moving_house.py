"""The books of a hub with many orders, hundreds of them under way, go into a PostgreSQL database: none lost or doubled.

CROSSDOCK_MOVED=10000 CROSSDOCK_MOVING=500 make test TESTS=tests/journey/test_moving_house.py runs it in full size.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

import click
import pytest

from hub.sandbox.settings import Settings
from hub.sandbox.verdict import ZEROES
from hub.store.schema import metadata
from tests.journey.multiplied import MARK, OVER, multiply
from tests.journey.test_many_processes import verdict_on
from tests.journey.town import Town

ORDERS = int(os.environ.get("CROSSDOCK_MOVED", "400"))  # in all
BUSY = int(os.environ.get("CROSSDOCK_MOVING", "30"))  # of them under way, at the least
YOUNG = 16  # carried to their end first
RATE = 20.0  # orders placed a second
_UNDER_WAY = (
    "SELECT count(DISTINCT order_key) FROM steps WHERE tail = 0 "
    "AND state IN ('blocked', 'awaiting', 'ready', 'leased', 'intent', 'waiting', 'unknown')"
)
_OLD = "SELECT key, state, document, changed_at FROM orders WHERE key LIKE ? ORDER BY key"

Rows = dict[str, int]


def counted(town: Town) -> Rows:
    tables = [table.name for table in metadata.sorted_tables if table.name != "install"]
    return {name: int(town.query(f'SELECT count(*) FROM "{name}"')[0][0]) for name in tables}


def at_their_ends(town: Town, orders: int) -> bool:
    counts = verdict_on(town).counts
    ended = counts["completed"] + counts["parked"] + counts["dead"] >= counts["expected_completed"]
    return bool(ended and counts["orders"] == orders and not counts["missing_effect"] and not counts["lost"])


@pytest.mark.timeout(300 + 6 * BUSY)
def test_ten_thousand_orders_move_house(tmp_path: Path, url: str) -> None:
    slow = Settings.hasty().but(ships_after=(5.0, 20.0))  # so that those under way stay so for a while
    placed = YOUNG + round(BUSY * 1.25)
    patience = 90 + placed * 1.0
    with Town(tmp_path, level="rough", settings=slow) as town:
        town.scenario.run(YOUNG, RATE, time.time())
        town.until("the first have come to their ends", lambda: at_their_ends(town, YOUNG), seconds=120)
        town.until("some are over", lambda: len(town.query(OVER)) >= YOUNG // 2, seconds=120)
        town.hub.stop()
        multiply(town.home.database, ORDERS)
        town.hub.start()
        town.hub.wait_ready()
        town.scenario.run(placed - YOUNG, RATE, time.time())
        town.until("enough are under way", lambda: town.query(_UNDER_WAY)[0][0] >= BUSY, seconds=patience)
        town.hub.stop()
        busy, before, old = town.query(_UNDER_WAY)[0][0], counted(town), town.query(_OLD, f"%{MARK}%")
        states = Counter(row[0] for row in town.query("SELECT state FROM steps WHERE due_at IS NOT NULL"))
        began = time.monotonic()
        told = json.loads(town.crossdock("store", "copy", "--to", url, "--json"))
        seconds = time.monotonic() - began
        town.now_in(url)
        assert {name: told["rows"][name] for name in before} == before == counted(town)
        town.hub.start()
        town.hub.wait_ready()
        town.until("every order has come to its end", lambda: at_their_ends(town, placed), seconds=patience)
        counts = verdict_on(town).counts
        assert {name: counts[name] for name in ZEROES} == dict.fromkeys(ZEROES, 0)
        assert town.query(_OLD, f"%{MARK}%") == old  # what had ended is as it was
        assert before["orders"] >= ORDERS
        assert busy >= BUSY
        click.echo(
            f"{before['orders']} orders and {sum(before.values())} rows in {seconds:.1f} s, {busy} under way "
            f"({dict(states)}): {counts}"
        )
