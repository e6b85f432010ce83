"""One installation in many processes over one PostgreSQL: hubs, and workers that Valkey wakes. Each may die."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hub.assembly.demo import HubProcess, answers_by, free_port
from hub.sandbox.verdict import ZEROES, Verdict, judge
from hub.vault.store import Vault
from tests.journey.town import Town
from tests.torture.fleet.wire import Line
from tests.valkey import valkey_server

ORDERS = 24


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


class Worker:
    """`crossdock worker` as a child."""

    def __init__(self, town: Town) -> None:
        self._command = [sys.executable, "-m", "hub.cli.main", "worker", "--home", str(town.home.folder)]
        self._log = town.home.folder / "worker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL, and at once a new one."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.start()

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=30)

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def test_workers_are_woken_through_a_queue_that_may_lose_everything(tmp_path: Path, url: str) -> None:
    def queued(document: dict[str, Any], vault: Vault) -> None:
        document["queue"] = valkey.url

    with (
        valkey_server() as valkey,
        Town(tmp_path, database=url, level="rough", configure=queued) as town,
        Worker(town) as one,
        Worker(town) as other,
    ):
        town.scenario.run(ORDERS, 4.0, time.time())
        time.sleep(2)
        valkey.flush()
        time.sleep(2)
        one.kill()
        valkey.stop()
        time.sleep(3)
        valkey.start()
        other.kill()
        town.until("every order has come to its end", lambda: at_their_ends(town), seconds=110)
        counts = verdict_on(town).counts
        assert {name: counts[name] for name in ZEROES} == dict.fromkeys(ZEROES, 0)
        assert (one.stop(), other.stop()) == (0, 0)


def test_who_serves_beside_workers_works_nothing_off_itself(tmp_path: Path, url: str) -> None:
    def queued(document: dict[str, Any], vault: Vault) -> None:
        document["queue"] = valkey.url

    with valkey_server() as valkey, Town(tmp_path, database=url, configure=queued) as town:
        order = town.place("shopify/aurora", "captured at Shopify")
        town.until("it is kept", lambda: bool(town.query("SELECT 1 FROM messages WHERE topic = 'orders/create'")))
        time.sleep(1.0)
        assert town.state(order) is None
        with Worker(town):
            town.until("it is worked off", lambda: town.state(order) in ("waiting", "completed"))


def test_a_hub_that_is_moved_in_the_middle_of_everything_loses_and_doubles_nothing(tmp_path: Path, url: str) -> None:
    with Town(tmp_path, level="rough") as town:
        town.scenario.run(ORDERS, 8.0, time.time())
        time.sleep(4)
        town.hub.stop()
        assert town.query("SELECT count(*) FROM steps WHERE due_at IS NOT NULL") > [(0,)]
        town.crossdock("store", "copy", "--to", url)
        town.now_in(url)
        town.hub.start()
        town.hub.wait_ready()
        town.until("every order has come to its end", lambda: at_their_ends(town), seconds=90)
        counts = verdict_on(town).counts
        assert {name: counts[name] for name in ZEROES} == dict.fromkeys(ZEROES, 0)


def test_a_worker_that_cannot_reach_its_queue_ends_in_peace_when_it_is_asked_to(tmp_path: Path, url: str) -> None:
    """Be it that the queue went away, or that it was never there."""

    def queued(document: dict[str, Any], vault: Vault) -> None:
        document["queue"] = valkey.url

    with valkey_server() as valkey, Town(tmp_path, database=url, configure=queued) as town:
        order = town.place("shopify/aurora", "captured at Shopify")
        with Worker(town) as first:
            town.until("the worker is at work", lambda: town.state(order) is not None)
            valkey.stop()
            time.sleep(2.5)
            assert first.stop() == 0
        later = town.place("shopify/aurora", "captured at Shopify")
        with Worker(town) as second:
            town.until("the worker is at work", lambda: town.state(later) is not None)
            assert second.stop() == 0


def test_a_worker_whose_queue_vanished_without_a_word_hears_of_the_next_order_all_the_same(
    tmp_path: Path, url: str
) -> None:
    """As when the queue's machine dies: what waits on its connection is never told that nobody is there any more."""

    def queued(document: dict[str, Any], vault: Vault) -> None:
        document["queue"] = f"redis://127.0.0.1:{way.port}/0"

    with (
        valkey_server() as valkey,
        Line([valkey.port]) as way,
        Town(tmp_path, database=url, configure=queued) as town,
        Worker(town),
    ):
        first = town.place("shopify/aurora", "captured at Shopify")
        town.until("workers are at work", lambda: town.state(first) is not None)
        way.hold()
        time.sleep(3)
        way.let_go("forget")
        time.sleep(5)  # whoever asked something meanwhile has given up, and asks anew
        second = town.place("shopify/aurora", "captured at Shopify")
        town.until("the next is worked off", lambda: town.state(second) is not None, seconds=45)
