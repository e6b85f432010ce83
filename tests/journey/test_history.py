"""Shops with a past are connected: nothing of the past is begun, by nobody, whatever happens to it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.assembly.acts import Refused
from hub.sandbox.books import StoreOrder
from hub.sandbox.checks import Case
from hub.sandbox.ledger import read_ledgers
from hub.sandbox.merchant import Merchant
from hub.sandbox.scenario import Scenario
from hub.sandbox.world import World
from tests.journey.town import Town

SHOPIFY, WOOCOMMERCE = 500, 100
EDITED = 20


@pytest.mark.slow
def test_orders_of_the_past_are_never_begun_but_by_adoption(tmp_path: Path) -> None:
    sweep = {
        "act_from": datetime.now(UTC).isoformat(timespec="seconds"),
        "sweep": {"every_seconds": 1.0, "overlap_seconds": 60.0},
    }
    past: list[StoreOrder] = []
    with Town(tmp_path, people=lambda world: past.extend(sixty_days(world)), storefront=sweep) as town:
        # The first sweep goes over sixty days; the hub dies in the middle of it.
        town.until("it has begun", lambda: len(town.states()) > 50)
        town.hub.kill()
        town.hub.wait_ready()
        town.until("all are known", lambda: len(town.states()) == SHOPIFY + WOOCOMMERCE, 60)
        for index, order in enumerate(past[:: len(past) // EDITED][:EDITED]):
            edit(town.merchant, order, index)
        twice_swept(town)
        found = json.loads(town.crossdock("reconcile", "aurora", "--json"))  # all sixty days once more
        assert (found["source"], found["hub"], found["missing"]) == (SHOPIFY, SHOPIFY, [])
        town.quiet()
        assert Counter(town.states().values()) == {"history": SHOPIFY + WOOCOMMERCE}
        assert not any(read_ledgers(town.world.directory).values()), "somebody was asked to do something"
        assert town.needs() == {}
        adopted(town, past)


def sixty_days(world: World) -> list[StoreOrder]:
    scenario, now = Scenario(world), time.time()
    return [*scenario.history(world.shop, SHOPIFY, now), *scenario.history(world.woo, WOOCOMMERCE, now)]


def edit(merchant: Merchant, order: StoreOrder, index: int) -> None:
    """Something of everything that can still happen to an old order."""
    open_yet = not order.cancelled_at and any(line.left for line in order.lines)
    deeds: list[Callable[[], object]] = [lambda: merchant.note(order)]
    if order.shipping:
        deeds.append(lambda: merchant.move(order))
    if order.received > order.refunded:
        deeds.append(lambda: merchant.refund(order, 100))
    if open_yet:
        deeds += [lambda: merchant.fulfil(order, f"LATE{index:06d}"), lambda: merchant.cancel(order)]
    deeds[index % len(deeds)]()


def twice_swept(town: Town) -> None:
    """Two whole sweeps of both shops that began after now."""
    for _ in range(3):  # the one that is under way may have read before
        last = {name: town.swept(name) for name in ("aurora", "basalt")}
        town.until("both were swept", lambda: all(town.swept(name) > at for name, at in last.items()))  # noqa: B023


def adopted(town: Town, past: list[StoreOrder]) -> None:
    """One order is begun on purpose: that one leaves, and no other."""
    chosen = next(o for o in past if o.kind == "captured at Shopify" and not o.cancelled_at and not o.sent)
    cancelled = next(order for order in past if order.cancelled_at)
    with pytest.raises(Refused):
        town.desk.acts.adopt(town.key(cancelled), "ann", "let us see")
    town.scenario.adopt(chosen)
    town.crossdock("adopt", town.key(chosen), "--yes", "--why", "it was forgotten")
    town.until("the adopted one is done", lambda: town.state(chosen) == "completed")
    twice_swept(town)
    town.quiet()
    assert Counter(town.states().values()) == {"history": len(past) - 1, "completed": 1}
    lines = [line for lines in town.ledgers().values() for line in lines]
    assert {line["order"] for line in lines} == {chosen.id}
    assert Counter(line["effect"] for line in lines) == {
        "fulfillment.create": 1, "shipment.announce": 1, "notification.send": 2,
    }  # fmt: skip
    evidence = town.evidence()
    assert list(Case(evidence, evidence.orders[chosen.id], "completed").findings()) == []
