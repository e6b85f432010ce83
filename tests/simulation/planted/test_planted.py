"""The quickest of the planted bugs; `python -m tests.simulation.planted` hunts all of them."""

from __future__ import annotations

import sys

import pytest

from tests.simulation import ground
from tests.simulation.planted.catalogue import BUGS
from tests.simulation.planted.hunt import hunt

# One of the first seeds shows each of these.
QUICKEST = {
    "key-per-attempt": "other bytes",
    "no-intent": "no intent",
    "claim-unfenced": "law",
    "effect-not-unique": "law",
    "late-answer-ignored": "law",
    "no-freshness-read": "law",
    "new-message-id": "other bytes",
    "allocated-twice": "attempted_doubles",
}


@pytest.mark.parametrize("name", QUICKEST)
def test_a_planted_bug_is_found(name):
    catch = hunt(BUGS[name], seeds=4)
    assert catch.seed is not None
    assert QUICKEST[name] in catch.kinds
    assert not catch.unclean


@pytest.mark.parametrize("name", ["claim-in-sight", "commit-believed"])
def test_a_bug_that_only_a_shared_database_can_have_is_found(postgres, name):
    with ground.over(postgres.url):
        catch = hunt(BUGS[name], seeds=3)
    assert catch.seed is not None
    assert not catch.unclean


def test_there_are_many_and_each_says_what_it_is():
    assert len(BUGS) >= 36
    assert all(bug.idea.endswith(".") for bug in BUGS.values())
    assert len({bug.idea for bug in BUGS.values()}) == len(BUGS)


@pytest.mark.parametrize("name", sorted(BUGS))
def test_a_bug_is_gone_when_its_run_is_over(name):
    before = _everything()
    with BUGS[name].plant():
        assert _everything() != before, "it is planted nowhere"
    assert _everything() == before


def _everything() -> dict[tuple[str, ...], int]:
    """Every function of the hub, by each name under which a module or a class knows it."""
    found: dict[tuple[str, ...], int] = {}
    for module_name, module in list(sys.modules.items()):
        if not module_name.startswith("hub."):
            continue
        for name, known in vars(module).items():
            found[(module_name, name)] = id(known)
            if isinstance(known, type) and known.__module__ == module_name:
                found |= {(module_name, name, attribute): id(value) for attribute, value in vars(known).items()}
    return found
