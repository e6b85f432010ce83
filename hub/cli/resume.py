"""`crossdock resume NAME`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.assembly.home import find_home
from hub.assembly.hub import open_hub
from hub.cli import say


@click.command("resume", epilog="Example: crossdock resume shipbob-main")
@click.argument("name")
@click.option("--why", default="resumed by a person", show_default=True, help="For the record.")
@say.actor_option
@say.home_option
@say.json_option
def command(name: str, why: str, actor: str, home: Path | None, as_json: bool) -> None:
    """Let a paused connection work again; what was held for it goes on.

    Also after credentials were mended, or a provider came back.
    """
    hub = open_hub(find_home(home), threaded=False)
    try:
        steps = hub.desk.acts.resume(name, actor, why)
    finally:
        hub.close()
    if as_json:
        say.json_out({"connection": name, "paused": False, "steps": steps, "actor": actor})
    else:
        say.mark("ok", f"{name} works again; {say.count(steps, 'step')} that were held go on")
