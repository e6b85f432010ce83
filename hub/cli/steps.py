"""`crossdock steps dead | parked | held | refused`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli import render, say
from hub.cli.deciding import desk_at
from hub.model.capability import doing
from hub.model.cause import in_words
from hub.model.detail import said
from hub.model.flow import State
from hub.model.plain import plain

_STATES = {"dead": State.DEAD, "parked": State.PARKED, "held": State.HELD, "refused": State.REJECTED}

_EPILOG = """\b
Examples:
  crossdock steps parked
  crossdock steps held --connection shipbob-main --json

\b
dead     tried as often as allowed; nothing of it happened
parked   it may have happened, and only a person can find out
held     waits for a decision or for something to be mended
refused  the provider said no"""


@click.command("steps", epilog=_EPILOG)
@click.argument("state", type=click.Choice(list(_STATES)))
@click.option("--connection", metavar="NAME", help="Only steps of this connection.")
@click.option("--limit", type=click.IntRange(1, 1000), default=200, show_default=True)
@say.home_option
@say.json_option
def command(state: str, connection: str | None, limit: int, home: Path | None, as_json: bool) -> None:
    """The steps that stand still, over all orders: those of the longest untouched orders first."""
    with desk_at(home) as desk:
        now = desk.now()
        found = desk.views.steps([_STATES[state]], connection, limit)
    if as_json:
        rows = [
            {
                **plain(row),
                "words": in_words(
                    row.step.cause or row.step.state.value,
                    connection=row.step.connection,
                    what=doing(row.step.capability),
                ),
                "said": said(row.step.detail),
            }
            for row in found
        ]
        say.json_out({"steps": rows})
    elif found:
        render.steps(found, now)
    else:
        say.line(f"No step is {state}.", "dim")
