"""The order benchmark's pieces run: what the sender signs the hub accepts, what the hub calls the stand-in counts."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path

import pytest

from benchmarks.cases import Terms, run, until_complete
from benchmarks.chart import drawn
from benchmarks.growth import Grown
from benchmarks.prefill import FIRST_COPY
from benchmarks.sender import Storefront
from benchmarks.standin import StandIn
from benchmarks.systems.crossdock import Embedded
from benchmarks.systems.every import SYSTEMS

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
KINDS = [pytest.param(True, id="compiled", marks=needs_compiler), pytest.param(False, id="python")]


def call(providers: StandIn, path: str, key: str = "") -> dict[str, object]:
    request = urllib.request.Request(
        providers.url + path, b'{"reference": "r"}', {"Idempotency-Key": key} if key else {}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, object] = json.loads(answer.read())
        return found


@pytest.mark.parametrize("compiled", KINDS)
def test_the_stand_in_counts_calls_by_order_and_knows_doubled_ones(compiled: bool) -> None:
    with StandIn(compiled=compiled) as providers:
        for step in ("charge", "warehouse", "label", "mail"):
            assert call(providers, f"/{step}/10000007", "k")["id"] == f"{step}-10000007"
        call(providers, "/charge/10000007", "k")
        call(providers, "/charge/10000007", "other")
        call(providers, "/mail/10000008")
        counts = providers.counts()
        assert (counts["complete"], counts["calls"], counts["early"]) == (1, [3, 1, 1, 2], 1)
        assert (counts["doubled"], counts["replayed"]) == ([1, 0, 0, 0], [1, 0, 0, 0])
        ledger = providers.ledger()
        assert ledger[10000007].calls == (3, 1, 1, 1)
        assert ledger[10000007].completed > 0 == ledger[10000008].completed
        with urllib.request.urlopen(f"{providers.url}/find/label/10000007", timeout=10) as answer:
            assert json.loads(answer.read()) == {"hits": [{"id": "label-10000007", "sent": {"reference": "r"}}]}
        providers.reset(0)
        assert providers.counts()["calls"] == [0, 0, 0, 0]


@pytest.mark.parametrize("compiled", KINDS)
def test_the_sender_notes_what_was_acknowledged_and_repeats_what_was_not(compiled: bool, tmp_path: Path) -> None:
    with StandIn() as providers:
        taken = Storefront(tmp_path, providers.port, 20, path="/mail/10000001", compiled=compiled).send(20)
        assert (taken.acknowledged, taken.failures, len(taken.orders)) == (20, 0, 20)
        assert providers.counts()["calls"] == [0, 0, 0, 20]
        refused = Storefront(tmp_path, providers.port, 1, path="/nowhere", compiled=compiled).send(1, seconds=0.5)
        assert refused.acknowledged == 0
        assert refused.failures >= 2


def test_the_hub_takes_what_the_sender_signs_and_makes_four_calls_an_order(tmp_path: Path) -> None:
    with StandIn() as providers:
        found = run(SYSTEMS["crossdock"], "orders0", Terms(orders=5, limit=20), providers, tmp_path)
        calls = providers.counts()["calls"]
    assert found["unfinished"] == 0
    assert (found["doubled"], found["early"], found["other_calls"]) == (0, 0, 0)
    assert calls == [10, 10, 10, 10]  # five to warm it up


def test_copies_of_an_order_are_worked_off_as_if_they_had_been_received(tmp_path: Path) -> None:
    with StandIn() as providers, Grown(Embedded, providers, finished=1) as hub:
        hub.system.fill(3, slim=True, due=False)
        hub.system.fill(4, slim=False, due=True, first=FIRST_COPY + 3)
        hub.start()
        until_complete(providers, 5, 20)
        counts = providers.counts()
        assert (counts["complete"], counts["doubled"], counts["early"]) == (5, [0, 0, 0, 0], 0)


def test_the_chart_is_drawn_from_the_results_that_are_kept(checkout: Path) -> None:
    folder = checkout / "benchmarks" / "results"
    assert (folder / "orders.svg").read_text("utf-8") == drawn(json.loads((folder / "orders.json").read_text("utf-8")))
