"""`crossdock adopt ORDER`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.deciding import decide, decision_options, desk_at, find_order

_EPILOG = """\b
Examples:
  crossdock adopt '#711'
  crossdock adopt shop:711 --why "never left the old system" --yes

Exit codes: 0 adopted (or only planned), 1 refused."""


@click.command("adopt", epilog=_EPILOG)
@click.argument("order")
@decision_options
def command(order: str, why: str | None, yes: bool, actor: str, home: Path | None, as_json: bool) -> None:
    """Begin one order of history, on purpose: first what would be called, with amounts, then exactly that."""
    with desk_at(home) as desk:
        key = find_order(desk, order)
        decide(
            f"Adopt {key}",
            desk.acts.adoption_plan(key),
            lambda said: desk.acts.adopt(key, actor, said),
            why=why,
            yes=yes,
            as_json=as_json,
        )
