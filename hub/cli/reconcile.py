"""`crossdock reconcile NAME`: the source has X, the hub has Y, missing Z."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from hub.assembly.home import find_home
from hub.assembly.hub import open_hub
from hub.assembly.reconciling import NotAStorefront, reconcile
from hub.cli import say


@click.command("reconcile", epilog="Example: crossdock reconcile shop --since 2026-03-01")
@click.argument("name")
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="UTC; by default 60 days ago.")
@say.home_option
@say.json_option
def command(name: str, since: datetime | None, home: Path | None, as_json: bool) -> None:
    """Compare a storefront's orders with the hub's, and take in what was missed.

    What is missed joins the hub like any other order: placed before the connection's `act_from`, it is history.
    Exit code 1 if orders were missing.
    """
    hub = open_hub(find_home(home), threaded=False)
    try:
        start = since.replace(tzinfo=UTC) if since else None
        with say.console(stderr=True).status("asking the storefront") as status:
            count = reconcile(hub, name, start, lambda c: status.update(f"{c.source} orders read"))
    except NotAStorefront as error:
        raise click.UsageError(str(error)) from error
    finally:
        hub.close()
    if as_json:
        say.json_out(count)
    else:
        say.line(
            f"{name} has {say.count(count.source, 'order')}, the hub has {count.hub}, missing {len(count.missing)}."
        )
        for source_id in count.missing[:50]:
            say.mark("note", f"{name}:{source_id} was missing and is taken in")
        if count.unmappable:
            say.mark("warn", f"{say.count(count.unmappable, 'order')} could not be mapped: crossdock messages list")
    raise SystemExit(1 if count.missing else 0)
