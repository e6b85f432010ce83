"""A quarter of a minute of it: the machinery works, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.torture.run import Torture
from tests.torture.siege import Progress
from tests.torture.terms import Terms

# The clock is moved under the running hub, which is stopped, killed while it stands still, and killed once more.
SHORT = Terms(
    minutes=8 / 60, rate=2.0, seed=4, stop_every=(7.0, 9.0), stop_for=(1.5, 1.5), killed_stopped=1.0,
    clock_every=(5.0, 7.0), clock_error=(-200.0, 200.0), kill_every=(4.0, 4.5), killed_booting=0.0, sweep_every=4.0,
    quiet=2.0, calm=90.0,
)  # fmt: skip


def befell(counts: dict[str, Any]) -> bool:
    """Whether everything that the terms ask for came about: a busy machine may spend a short run on booting alone."""
    return all(counts[name] for name in ("kills", "stops", "clock_moves")) and bool(
        counts["in_detail"].get("kills_while_stopped")
    )


@pytest.mark.slow
def test_a_short_run_holds(tmp_path: Path) -> None:
    seen: list[Progress] = []
    for times in (1, 2, 4):
        terms = replace(SHORT, minutes=times * SHORT.minutes)
        account = Torture(terms, tmp_path / str(times), seen.append).run()
        assert not account.reasons, account
        assert account.counts["orders"] == terms.orders
        if befell(account.counts):
            break
    else:
        raise AssertionError(f"it did not come to everything: {account}")
    assert seen
