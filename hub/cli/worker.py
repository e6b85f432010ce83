"""`crossdock worker`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from hub.assembly import garbage
from hub.assembly.home import find_home
from hub.assembly.hub import open_hub
from hub.assembly.log import speak
from hub.assembly.watch import Watch
from hub.cli import say


@click.command("worker", epilog="Example: crossdock worker --home my-hub")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
@say.home_option
def command(log_level: str, home: Path | None) -> None:
    """Do what is due, beside `crossdock serve` and as many other workers as you like, on this machine or others.

    Needs `store` and `queue` in hub.yaml: a PostgreSQL database, and a Valkey or Redis whose loss costs nothing but a
    moment. SIGTERM or Ctrl-C lets the steps that are under way finish. A changed hub.yaml is taken up by itself.
    """
    speak(level=log_level)
    with closing(open_hub(find_home(home))) as hub:
        watch = Watch(hub)
        watch.start()
        garbage.settle()
        hub.work(lambda: click.echo("crossdock: working", err=True))
        watch.stop()
