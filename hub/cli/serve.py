"""`crossdock serve`: this process becomes the server's, which the commands do not reach into."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from hub.assembly.home import find_home
from hub.cli import say


@click.command("serve", epilog="Example: crossdock serve --home my-hub")
@click.option("--host", metavar="ADDRESS", help="Listen here instead of on hub.bind's host.")
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here instead of on hub.bind's port.")
@click.option("--engine", type=click.Choice(["granian", "gunicorn"]), default="granian", show_default=True)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
@say.home_option
def command(host: str | None, port: int | None, engine: str, log_level: str, home: Path | None) -> None:
    """Run the hub until it is stopped: front door, workers, sweeps, API and console in one process.

    SIGTERM or Ctrl-C lets requests and steps that are under way finish. A changed hub.yaml is taken up by itself.
    """
    words = [sys.executable, "-m", "hub.server", str(find_home(home)), "--engine", engine, "--log-level", log_level]
    for name, value in (("--host", host), ("--port", port)):
        words += [name, str(value)] if value is not None else []
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, words)  # noqa: S606 - the interpreter that runs this, with words of ours
