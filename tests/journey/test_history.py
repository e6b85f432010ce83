"""A shop with a past is connected: nothing of the past is begun, by nobody, whatever happens."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.journey.town import Town

ORDERS = 500
EDITED = 20


def _crossdock(town: Town, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub.cli.main", *words, "--home", str(town.home.folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
def test_five_hundred_orders_of_the_past_are_never_begun_but_by_adoption(tmp_path):
    sweep = {
        "act_from": datetime.now(UTC).isoformat(timespec="seconds"),
        "sweep": {"every_seconds": 2.0, "overlap_seconds": 3600.0},
    }
    past: list[Any] = []

    def people(world):
        from hub.sandbox.scenario import Scenario  # noqa: PLC0415

        past.extend(Scenario(world).history(world.shop, ORDERS, time.time()))

    with Town(tmp_path, people=people, storefront=sweep) as town:
        books_before = town.ledgers()
        town.until("all are known", lambda: len(town.states()) >= ORDERS, 60)
        for order in past[-EDITED:]:
            town.world.shop.changed(order, time.time())
        town.hub.kill()
        town.hub.wait_ready()
        time.sleep(8)  # two more sweeps, and the edits' webhooks
        assert set(town.states().values()) == {"history"}
        assert len(town.states()) == ORDERS
        assert town.ledgers() == books_before, "somebody was called"
        chosen = next(o for o in past if o.kind == "captured at Shopify" and not o.cancelled_at and not o.sent)
        adopted = _crossdock(town, "adopt", f"aurora:{chosen.id}", "--yes", "--why", "it was forgotten")
        assert adopted.returncode == 0, adopted.stdout + adopted.stderr
        town.until("the adopted one ships", lambda: town.states()[f"aurora:{chosen.id}"] == "completed")
        new = {name: lines[len(books_before.get(name, [])) :] for name, lines in town.ledgers().items()}
        assert len([line for line in new["shipbob-main"] if line["kind"] == "effect"]) >= 1
        assert {line.get("order") for lines in new.values() for line in lines} <= {chosen.id, None, ""}
