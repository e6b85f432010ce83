"""`crossdock release ORDER`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.deciding import decide, decision_options, desk_at, find_order

_EPILOG = """\b
Examples:
  crossdock release '#1042' --why "called the buyer, all is well"
  crossdock release shop:1001 --step fulfil-order/warehouse/group:warehouse-1 --yes --why "address is right"

Exit codes: 0 done (or only planned), 1 refused or nothing was held."""


@click.command("release", epilog=_EPILOG)
@click.argument("order")
@click.option("--step", metavar="ID", help="Only this step; by default the order is approved as a whole.")
@decision_options
def command(
    order: str, step: str | None, why: str | None, yes: bool, actor: str, home: Path | None, as_json: bool
) -> None:
    """Let go on what was held for a person. The order is read from its source before anything is sent."""
    with desk_at(home) as desk:
        key = find_order(desk, order)
        lines = desk.acts.release_plan(key, step)
        decide(
            f"Release {key}",
            lines,
            lambda said: desk.acts.release(key, step, actor, said),
            why=why,
            yes=yes,
            as_json=as_json,
        )
