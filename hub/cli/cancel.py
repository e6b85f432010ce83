"""`crossdock cancel ORDER`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.deciding import decide, decision_options, desk_at, find_order

_EPILOG = """\b
Example:
  crossdock cancel '#1042' --why "the buyer wrote" --yes

Exit codes: 0 being cancelled (or only shown), 1 refused."""


@click.command("cancel", epilog=_EPILOG)
@click.argument("order")
@decision_options
def command(order: str, why: str | None, yes: bool, actor: str, home: Path | None, as_json: bool) -> None:
    """Take back what was not sent, and undo what was: by the cancel flow, the money by whoever holds it.

    What may have happened is found out first, then undone.
    """
    with desk_at(home) as desk:
        key = find_order(desk, order)
        decide(
            f"Cancel {key}",
            desk.acts.replay_plan(key),
            lambda said: desk.acts.cancel(key, actor, said),
            why=why,
            yes=yes,
            as_json=as_json,
        )
