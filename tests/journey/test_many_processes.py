"""Two hubs of one installation over one PostgreSQL database: they share the work, and one may die at any moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.assembly.demo import HubProcess, answers_by, free_port
from hub.sandbox.verdict import ZEROES, Verdict, judge
from tests.journey.town import Town
from tests.postgres import PostgresServer

ORDERS = 24


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    made = postgres.fresh()
    yield made
    postgres.drop(made)


def verdict_on(town: Town) -> Verdict:
    return judge(town.evidence(), answers_by(town.query), 1.0)


def at_their_ends(town: Town) -> bool:
    counts = verdict_on(town).counts
    ended = counts["completed"] + counts["parked"] + counts["dead"] >= counts["expected_completed"]
    return bool(ended and counts["orders"] == ORDERS and not counts["missing_effect"] and not counts["lost"])


def test_they_share_the_orders_and_the_death_of_either_doubles_and_loses_nothing(tmp_path: Path, url: str) -> None:
    with Town(tmp_path, database=url, level="rough") as town:
        other = HubProcess(town.home, free_port())
        other.start()
        try:
            other.wait_ready()
            town.scenario.run(ORDERS, 4.0, time.time())
            for hub in (town.hub, other):
                time.sleep(3)
                hub.kill()  # and at once a new one
                hub.wait_ready()
            town.until("every order has come to its end", lambda: at_their_ends(town), seconds=90)
        finally:
            other.stop()
        counts = verdict_on(town).counts
        assert {name: counts[name] for name in ZEROES} == dict.fromkeys(ZEROES, 0)
