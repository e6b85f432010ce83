"""A quarter of a minute of it: the machinery works, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.run import Progress, Torture
from tests.torture.terms import Terms

# The clock is moved under the running hub, which is stopped, killed while it stands still, and killed once more.
SHORT = Terms(
    minutes=8 / 60, rate=2.0, seed=4, stop_every=(7.0, 9.0), stop_for=(1.5, 1.5), killed_stopped=1.0,
    clock_every=(5.0, 7.0), clock_error=(-200.0, 200.0), kill_every=(4.0, 4.5), killed_booting=0.0, sweep_every=4.0,
    quiet=2.0, calm=90.0,
)  # fmt: skip


@pytest.mark.slow
def test_a_short_run_holds(tmp_path: Path) -> None:
    seen: list[Progress] = []
    account = Torture(SHORT, tmp_path, seen.append).run()
    assert not account.reasons, account
    counts = account.counts
    assert counts["orders"] == SHORT.orders
    assert counts["kills"] and counts["stops"] and counts["clock_moves"]
    assert counts["in_detail"]["kills_while_stopped"]
    assert seen
