"""`crossdock store`: where the books are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from hub.assembly.config import store_named
from hub.assembly.home import Unfit, find_home
from hub.assembly.moving import move
from hub.assembly.reading import config_of, home_of
from hub.assembly.storage import resolved
from hub.cli import say
from hub.language.problem import Mendable


@click.group("store", epilog="Example: crossdock store copy --to '${env:DATABASE_URL}'")
def command() -> None:
    """Where orders, steps and effects are kept."""


@command.command("copy", epilog="Example: crossdock store copy --to '${env:DATABASE_URL}'")
@click.option("--to", "target", required=True, metavar="URL", help="postgresql://USER@HOST/DATABASE, or a reference.")
@say.home_option
@say.json_option
def copy_(target: str, home: Path | None, as_json: bool) -> None:
    """Copy the books from the file into an empty PostgreSQL database: all orders, whatever is under way.

    Stop the hub first. From then on no hub starts on the file, since two that go on from the same books would do
    everything twice; a copy that was broken off is made good by giving the command again.
    """
    folder = find_home(home)
    config, place = config_of(folder), home_of(folder)
    try:
        told = store_named(target)
    except Mendable as fault:
        raise Unfit(str(fault)) from fault
    with say.counting() as counted:
        done = move(config, place, resolved(told, place), datetime.now(UTC), counted)
    if as_json:
        say.json_out({"rows": done.rows, "leases_ended": done.leases, "store": told})
        return
    rows = sum(done.rows.values())
    say.mark("ok", f"{rows} rows are there, {done.rows.get('orders', 0)} of them orders; {done.leases} leases ended")
    say.mark("note", f"write into hub.yaml: store: {told}")
