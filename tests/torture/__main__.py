"""`python -m tests.torture --minutes N`: a real hub, killed, stopped, starved of disk and lied to, and what it cost.

With --postgres it is many processes over one PostgreSQL and one Valkey, and these are stopped, cut off and emptied too.

Exit 1 if anything was lost, missing, wrong or done twice, was attempted twice, did not come to rest, or if more than
one order in a thousand is parked, or one of them without an explained cause.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tests.torture.account import Account, as_json
from tests.torture.fleet import terms as fleet
from tests.torture.fleet.run import Torture as Fleet
from tests.torture.run import Torture
from tests.torture.siege import Progress, Watch
from tests.torture.terms import Terms

_LINES = 40  # of each kind that is told


def main() -> int:
    asked = _asked()
    for ending in (signal.SIGTERM, signal.SIGHUP):  # whoever ends this must not leave a hub behind
        signal.signal(ending, lambda *_: sys.exit(130))
    rate = {} if asked.rate is None else {"rate": asked.rate}
    terms = (fleet.Terms if asked.postgres else Terms)(minutes=asked.minutes, seed=asked.seed, **rate)
    folder = Path(tempfile.mkdtemp(prefix="crossdock-torture-"))
    try:
        account = _torture(terms, folder) if asked.json else _watched(terms, folder)
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if asked.json:
        click.echo(as_json(account))
    else:
        _tell(account)
        if asked.keep:
            click.echo(f"kept: {folder}")
        click.echo(_last_line(account))
    return 1 if account.reasons else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="of orders and torture; the calm comes after")
    parser.add_argument("--rate", type=float, help="orders a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true", help="many processes over PostgreSQL, woken through Valkey")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of words")
    parser.add_argument("--keep", action="store_true", help="keep the ledgers and the hub's log")
    return parser.parse_args()


def _torture(terms: Terms, folder: Path, watch: Watch = lambda progress: None) -> Account:
    if isinstance(terms, fleet.Terms):
        return Fleet(terms, folder, watch).run()
    return Torture(terms, folder, watch).run()


def _watched(terms: Terms, folder: Path) -> Account:
    console = Console()
    if not console.is_terminal:
        return _torture(terms, folder, _Lines(terms))
    with Live(_frame(terms, Progress()), console=console, refresh_per_second=2, transient=True) as live:
        return _torture(terms, folder, lambda progress: live.update(_frame(terms, progress)))


class _Lines:
    """A line now and then, where nobody looks at a terminal."""

    def __init__(self, terms: Terms) -> None:
        self._terms, self._next = terms, 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.seconds >= self._next:
            self._next = progress.seconds + 15
            states = " ".join(f"{state} {number}" for state, number in sorted(progress.states.items()))
            done = " ".join(f"{name} {number}" for name, number in sorted(progress.done.items()) if number)
            click.echo(
                f"{progress.seconds:6.0f} s {'calm' if progress.calm else progress.phase}: placed "
                f"{progress.world.get('orders', 0)} of {self._terms.orders}; {states}; {done}"
            )


def _frame(terms: Terms, progress: Progress) -> Group:
    title = Text.assemble(
        ("torture", "bold"), f"  {terms.orders} orders in {terms.minutes:g} min, seed {terms.seed}",
        f"  {progress.seconds:6.1f} s  ", ("calm" if progress.calm else progress.phase, "red"),
    )  # fmt: skip
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name, number in (("placed", progress.world.get("orders", 0)), *sorted(progress.states.items())):
        share = min(number / terms.orders, 1.0)
        table.add_row(name, str(number), "━" * round(30 * share))
    done = "  ".join(f"{name.replace('_', ' ')} {number}" for name, number in sorted(progress.done.items()))
    faults = progress.world.get("faults") or {}
    calls = f"calls {progress.world.get('calls', 0)}  faults {sum(faults.values())}"
    return Group(title, table, Text(done), Text(calls, style="dim"))


def _tell(account: Account) -> None:
    for name, value in account.counts.items():
        click.echo(f"{name:28} {json.dumps(value) if isinstance(value, dict | list) else value}")
    _list("parked", account.parked)
    _list("offence", account.verdict.offences)
    _list("unfinished", account.unfinished)
    _list("moving", account.restless)
    _list("defect", account.defects)
    _list("failed", account.reasons)


def _list(name: str, lines: list[Any]) -> None:
    for line in lines if name == "parked" else lines[:_LINES]:
        click.echo(f"{name}: {line}")


def _last_line(account: Account) -> str:
    numbers = [f"{name} {value}" for name, value in account.counts.items() if isinstance(value, int | float)]
    return ("FAILED: " if account.reasons else "held: ") + ", ".join(numbers)


if __name__ == "__main__":
    sys.exit(main())
