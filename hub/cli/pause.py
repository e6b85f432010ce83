"""`crossdock pause NAME`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.assembly.home import find_home
from hub.assembly.hub import open_hub
from hub.cli import say


@click.command("pause", epilog='Example: crossdock pause shipbob-main --why "they are moving house"')
@click.argument("name")
@click.option("--why", default="paused by a person", show_default=True, help="For the record, and for whoever asks.")
@say.actor_option
@say.home_option
@say.json_option
def command(name: str, why: str, actor: str, home: Path | None, as_json: bool) -> None:
    """Let nothing go out over a connection. What is due waits as held, and goes on with crossdock resume.

    Webhooks are received all the same. Works beside a running hub, at once.
    """
    hub = open_hub(find_home(home), threaded=False)
    try:
        hub.desk.acts.pause(name, actor, why)
    finally:
        hub.close()
    if as_json:
        say.json_out({"connection": name, "paused": True, "why": why, "actor": actor})
    else:
        say.mark("ok", f"{name} is paused; crossdock resume {name} lets it work again")
