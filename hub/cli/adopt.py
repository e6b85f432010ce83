"""`crossdock adopt ORDER`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli import say
from hub.cli.deciding import decide, desk_at, find_order, why_option, yes_option

_EPILOG = """\b
Examples:
  crossdock adopt '#711'
  crossdock adopt shop:711 --why "never left the old system" --yes

Exit codes: 0 adopted (or only planned), 1 refused."""


@click.command("adopt", epilog=_EPILOG)
@click.argument("order")
@why_option
@yes_option
@say.actor_option
@say.home_option
@say.json_option
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
