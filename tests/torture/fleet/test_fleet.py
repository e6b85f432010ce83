"""Half a minute of many processes over PostgreSQL and Valkey: the machinery works, and nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.fleet.run import Torture
from tests.torture.fleet.terms import Terms

SHORT = Terms(
    minutes=10 / 60, rate=1.0, seed=5, webs=1, workers=2, quiet=2.0, sweep_every=15.0, database_every=(4.0, 5.0),
    database_away=(0.2, 0.5), database_still=(0.5, 1.0), terminate_every=(2.0, 3.0), partition_every=(6.0, 7.0),
    partition_for=(0.5, 1.0), queue_every=(2.0, 3.0), queue_away=(0.2, 0.5), worker_every=(4.0, 5.0),
    web_every=(6.0, 7.0), still_every=(1000.0, 1000.0), deploy_every=(1000.0, 1000.0),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_short_run_holds(tmp_path: Path) -> None:
    account = Torture(SHORT, tmp_path).run()
    assert not account.reasons, account
    counts = account.counts
    assert counts["orders"] == SHORT.orders
    assert all(counts[name] for name in ("kills", "database_stops", "sessions_terminated", "commits"))
