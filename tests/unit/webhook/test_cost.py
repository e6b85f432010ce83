from __future__ import annotations

from benchmarks.front_door import run


def test_the_front_door_stays_cheap() -> None:
    """About 30 us where nothing else runs; the bound is for a busy machine, and catches a body that is decoded."""
    costs = run(rounds=5)
    assert {name for name, cost in costs.items() if cost > 150} == set()
