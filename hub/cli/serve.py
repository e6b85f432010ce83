"""`crossdock serve`: this process becomes the server's, which the commands do not reach into."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from hub.assembly.database import prepare
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
    folder = find_home(home)
    with suppress(Exception):  # whatever is wrong, the server meets it too, and says so
        prepare(folder)
    words = [sys.executable, "-m", "hub.server", str(folder), "--engine", engine, "--log-level", log_level]
    for name, value in (("--host", host), ("--port", port)):
        words += [name, str(value)] if value is not None else []
    sys.stdout.flush()
    sys.stderr.flush()
    # Many threads that each keep what they freed would add up: glibc gives them two pools between them all.
    environment = {"MALLOC_ARENA_MAX": "2"} | os.environ
    os.execve(sys.executable, words, environment)  # noqa: S606 - the interpreter that runs this, with words of ours
