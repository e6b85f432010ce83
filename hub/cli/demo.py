"""`crossdock demo`: watch a hub carry orders through a world of faults, and read a verdict that was counted."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hub.assembly.demo import HubFailed, Progress, Terms, Verdict, run
from hub.cli import say

# Colour of a state, and whether it is an end.
_STATES = {
    "new": "dim",
    "running": "cyan",
    "waiting": "blue",
    "completed": "green",
    "cancelled": "green",
    "history": "dim",
    "ignored": "dim",
    "held": "yellow",
    "parked": "magenta",
    "dead": "red",
}
_ZEROES = (
    "lost",
    "missing_effect",
    "wrong_effect",
    "charged_twice",
    "shipped_twice",
    "labelled_twice",
    "mailed_twice",
    "attempted_doubles",
)
_BAR = 30
_SECONDS = {"calm": 60.0, "rough": 85.0, "storm": 175.0}


@click.command(
    "demo",
    epilog="Examples: crossdock demo --faults storm --orders 200 --kill; crossdock demo --json --seed 7",
)
@click.option("--orders", default=60, show_default=True, type=click.IntRange(1, 100_000), help="Orders to place.")
@click.option("--rate", default=6.0, show_default=True, type=click.FloatRange(0.1, 1000), help="Orders a second.")
@click.option("--faults", default="rough", show_default=True, type=click.Choice(["calm", "rough", "storm"]))
@click.option("--kill", is_flag=True, help="Kill the hub with SIGKILL every few seconds.")
@click.option(
    "--seed", default=1, show_default=True, help="The same seed places the same orders and plans the same faults."
)
@click.option("--seconds", type=click.FloatRange(5, 86_400), help="The run's limit; by default what the faults need.")
@click.option("--keep", is_flag=True, help="Keep the folder with the ledgers, the database and the log.")
@say.json_option
def command(
    orders: int, rate: float, faults: str, kill: bool, seed: int, seconds: float | None, keep: bool, as_json: bool
) -> None:
    """Run a hub and a sandbox of storefronts, payment, warehouse, carrier and mailbox on this machine.

    The sandbox answers wrongly on purpose, and keeps its own ledgers on disk, which the hub never writes. The
    verdict is
    counted from them. Exit code 1 if anything was lost, missing, wrong or done twice, or too little was completed.
    """
    limit = seconds or max(_SECONDS[faults], orders / rate + _SECONDS[faults] - 30)
    terms = Terms(orders=orders, rate=rate, faults=faults, kill=kill, seed=seed, seconds=limit)
    folder = Path(tempfile.mkdtemp(prefix="crossdock-demo-"))
    try:
        verdict = _watched(terms, folder) if not as_json else run(terms, folder)
    except HubFailed as error:
        raise click.ClickException(f"the hub did not start: {error}") from error
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        say.json_out(verdict.document() | ({"kept": str(folder)} if keep else {}))
    else:
        _tell(verdict, terms)
        if keep:
            say.line(f"Kept: {folder}")
    raise SystemExit(1 if verdict.failed else 0)


def _watched(terms: Terms, folder: Path) -> Verdict:
    out = say.console()
    with Live(_frame(terms, Progress()), console=out, refresh_per_second=4, transient=True) as live:
        return run(terms, folder, lambda progress: live.update(_frame(terms, progress)))


def _frame(terms: Terms, progress: Progress) -> Group:
    title = Text.assemble(
        ("crossdock demo", "bold"), f"  {terms.orders} orders, {terms.faults} faults, seed {terms.seed}",
        f"  {progress.seconds:5.1f} s", (f"  hub killed {progress.kills} times" if terms.kill else "", "red"),
    )  # fmt: skip
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("placed", str(progress.placed), _bar(progress.placed, terms.orders, "white"))
    for state, style in _STATES.items():
        count = progress.states.get(state, 0)
        if count or state in ("running", "completed"):
            table.add_row(Text(state, style), str(count), _bar(count, terms.orders, style))
    faults = progress.world.get("faults") or {}
    calls = progress.world.get("calls") or 0
    census = "  ".join(f"{name} {count}" for name, count in sorted(faults.items()))
    return Group(title, table, Text(f"calls {calls}  faults {sum(faults.values())}: {census}", style="dim"))


def _bar(count: int, total: int, style: str) -> Text:
    width = round(_BAR * min(count / total, 1.0)) if total else 0
    return Text("━" * width, style) + Text("─" * (_BAR - width), "dim")


def _tell(verdict: Verdict, terms: Terms) -> None:
    counts = verdict.counts
    say.line(f"Counted from the sandbox's ledgers, after {counts['seconds']} s:", "bold")
    rows = [(name, value) for name, value in counts.items() if name not in ("faults", "seconds")]
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name, value in rows:
        bad = name in _ZEROES and value
        table.add_row(
            Text(name.replace("_", " ")), Text(str(value), "bold red" if bad else "bold"), _verdict(name, value)
        )
    say.console().print(table)
    faults = counts["faults"]
    say.line(f"faults {sum(faults.values())}: " + ", ".join(f"{k} {v}" for k, v in sorted(faults.items())), "dim")
    for offence in verdict.offences:
        say.mark("fail" if offence.count in _ZEROES else "note", str(offence))
    if verdict.failed:
        say.mark("fail", "; ".join(verdict.reasons))
    else:
        say.mark("ok", "Nothing lost, nothing missing, nothing wrong, nothing twice.")


def _verdict(name: str, value: int) -> Text:
    if name in _ZEROES:
        return Text("must be 0", "red" if value else "green")
    return Text("")
