"""`crossdock attention`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli import render, say
from hub.cli.deciding import desk_at
from hub.model.plain import plain

SOMETHING_WAITS = 1

_EPILOG = """\b
Examples:
  crossdock attention
  crossdock attention --json | jq '.needs[].action.command'
  crossdock attention --quiet || send-me-a-mail

Exit codes: 0 nothing waits for a person, 1 something does, 2 something is to be mended first."""


@click.command("attention", epilog=_EPILOG)
@click.option("--quiet", is_flag=True, help="Say nothing; the exit code is the answer.")
@say.home_option
@say.json_option
def command(quiet: bool, home: Path | None, as_json: bool) -> None:
    """Everything that needs a person, the most pressing first.

    Each with its cause in plain words, the money and the date at stake, and one recommended command.
    """
    with desk_at(home) as desk:
        now = desk.now()
        found = desk.views.attention(now)
    needs = [need for need in found if need.needs_person]
    notices = [need for need in found if not need.needs_person]
    if as_json:
        say.json_out({"needs": plain(needs), "notices": plain(notices)})
    elif not quiet:
        for need in needs:
            render.need(need, now)
        if notices:
            say.line("Goes on by itself:", "dim")
            for need in notices:
                render.need(need, now)
        say.mark("warn" if needs else "ok", _sum_up(len(needs)))
    if needs:
        raise click.exceptions.Exit(SOMETHING_WAITS)


def _sum_up(number: int) -> str:
    if not number:
        return "Nothing waits for a person."
    return f"{say.count(number, 'thing waits', 'things wait')} for a person."
