"""A slice of `python -m tests.crash`, and that its judge finds what it is there to find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.crash import plan
from tests.crash.outcomes import OUTCOMES
from tests.crash.plants import PLANTS
from tests.crash.point import AFTER, BEFORE, Case, Event, Fault, Kill
from tests.crash.walks import WALKS

STEP = "aurora:1 fulfil-order/capture/payment:card"
CALL = Event(1, STEP, "send payment.capture", 1, wire=True, calls=1, changes=1)
SETTLED = Event(1, STEP, "settle", 1, durable=True)
EVENTS = [Event(1, STEP, "look", 1), Event(1, STEP, "intend", 1, durable=True), CALL, SETTLED]


def crash(checkout: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """A process of its own, since it forks: (exit status, counts)."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "tests.crash", "--jobs", "1", "--json", *words]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_nothing_is_lost_or_done_twice_wherever_the_hub_dies(checkout: Path) -> None:
    status, counts = crash(checkout, "--walk", "shopify", "--walk", "woocommerce", "--every", "40", "--pairs", "3")
    assert status == 0, json.dumps(counts["failures"], indent=1)
    assert counts["points"] > 10 and counts["pairs"] == 3
    assert counts["effects"] > 4 * counts["orders"] > 60
    assert not any(counts[name] for name in ("lost", "doubled", "attempted", "missed"))


def test_nor_over_postgresql_wherever_the_hub_dies_or_loses_its_connection(checkout: Path) -> None:
    status, counts = crash(checkout, "--postgres", "--walk", "shopify", "--every", "50", "--pairs", "1")
    assert status == 0, json.dumps(counts["failures"], indent=1)
    assert counts["kills"] >= 4 and counts["connections_lost"] >= 1
    assert not any(counts[name] for name in ("lost", "doubled", "attempted", "missed"))


@pytest.mark.parametrize(
    ("plant", "call", "found"),
    [
        ("new key", "fulfillment.create", "shipped_twice"),
        ("answered too early", "payment.capture", "the authorisation was captured before"),
    ],
)
def test_a_planted_bug_is_found(checkout: Path, plant: str, call: str, found: str) -> None:
    """The same points without it are among those of the test above, and of the whole run."""
    assert plant in PLANTS
    point = f"1:after:.*:send {call}:1$"
    status, counts = crash(checkout, "--walk", "shopify", "--match", point, "--plant", plant, "--pairs", "0")
    assert status == 1
    assert counts["kills"] == 1
    (failure,) = counts["failures"]
    assert any(found in violation for violation in failure["violations"])
    assert not failure["missed"]


def test_every_outcome_befalls_a_call_before_it_after_it_and_once_it_was_settled() -> None:
    cases = list(plan.singles(WALKS["shopify"], EVENTS))
    told = {(case.kills[0].when, case.kills[0].name, case.outcome) for case in cases}
    assert told == {
        *((when, "intend", "success") for when in (BEFORE, AFTER)),
        *((when, "send payment.capture", outcome) for when in (BEFORE, AFTER) for outcome in OUTCOMES),
        (BEFORE, "settle", "success"),
        *((AFTER, "settle", outcome) for outcome in OUTCOMES),
    }
    struck = {case.kills[0].when: case.faults[0] for case in cases if case.faults and case.kills[0].name == CALL.name}
    assert (struck[BEFORE].process, struck[BEFORE].n) == (2, 0)  # the call that the recovery makes
    assert (struck[AFTER].process, struck[AFTER].n) == (1, 1)


def test_a_case_can_be_told_and_told_again() -> None:
    case = Case("shopify", (Kill.at(CALL, AFTER),), (Fault(1, STEP, CALL.name, 1, "answer lost"),))
    assert Case.of(json.loads(json.dumps(case.document()))) == case
