"""`crossdock replay ORDER`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.deciding import decide, decision_options, desk_at, find_order

_EPILOG = """\b
Examples:
  crossdock replay '#1042'
  crossdock replay shop:1001 --step fulfil-order/label/group:self-1 --why "the carrier is back" --yes

\b
The plan says of each effect: done, will do, unknown (so it is asked about first), overtaken, too late.
With --json and without --yes only the plan is printed.

Exit codes: 0 done (or only planned), 1 refused or nothing to do."""


@click.command("replay", epilog=_EPILOG)
@click.argument("order")
@click.option("--step", metavar="ID", help="Only this step.")
@decision_options
def command(
    order: str, step: str | None, why: str | None, yes: bool, actor: str, home: Path | None, as_json: bool
) -> None:
    """Try again what was stopped: first the plan, then exactly that.

    Nothing happens twice: what may have happened is looked up before anything is sent, and the order is read from its
    source once more.
    """
    with desk_at(home) as desk:
        key = find_order(desk, order)
        lines = desk.acts.replay_plan(key, step)
        decide(
            f"Replay {key}",
            lines,
            lambda said: desk.acts.replay(key, step, actor, said),
            why=why,
            yes=yes,
            as_json=as_json,
        )
