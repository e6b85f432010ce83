"""`crossdock store`: where the books are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from hub.assembly.archiving import Archived, archive_some, found_in, old
from hub.assembly.config import store_named
from hub.assembly.home import Unfit, find_home
from hub.assembly.hub import open_hub
from hub.assembly.moving import move
from hub.assembly.reading import config_of, home_of
from hub.assembly.restoring import Restored, backup, declare, restore
from hub.assembly.storage import resolved
from hub.cli import say
from hub.language.problem import Mendable

_since_option = click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]),
    help="When the backup was made, UTC; by default as it says itself, or the newest thing it knows of.",
)


@click.group("store", epilog="Example: crossdock store backup --to /backups/crossdock-monday.db")
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


@command.command("backup", epilog="Example: crossdock store backup --to /backups/crossdock-monday.db")
@click.option("--to", "target", required=True, metavar="FILE", type=click.Path(path_type=Path), help="A new file.")
@say.home_option
@say.json_option
def backup_(target: Path, home: Path | None, as_json: bool) -> None:
    """Copy the books into a file, whole and consistent, while the hub goes on.

    Keep it together with a copy of vault/ and hub.yaml: without the install key nobody can go on from it. A PostgreSQL
    database is backed up by its own means, such as pg_dump.
    """
    folder = find_home(home)
    done = backup(config_of(folder), home_of(folder), target.absolute(), datetime.now(UTC))
    if as_json:
        return say.json_out(done)
    return say.mark(
        "ok", f"{done.file}: {say.count(done.orders, 'order')}, {done.bytes} bytes, of {done.begun_at:%c} UTC"
    )


@command.command("restore", epilog="Example: crossdock store restore --from /backups/crossdock-monday.db")
@click.option(
    "--from", "source", required=True, metavar="FILE", type=click.Path(path_type=Path), help="What backup made."
)
@_since_option
@click.option("--over", is_flag=True, help="Put the books that are there aside, into backups/.")
@say.home_option
@say.json_option
def restore_(source: Path, since: datetime | None, over: bool, home: Path | None, as_json: bool) -> None:
    """Go on from a backup of the books, with the hub stopped. Nothing that was done after it is done again.

    The books say from then on that they are a backup. Whatever may have been done since is asked about before it is
    done: at the provider, where it can be looked up or still knows the key; else it waits for a person. Orders that
    came since are found by sweeping the storefronts.
    """
    folder = find_home(home)
    with say.counting() as counted:
        done = restore(
            config_of(folder), home_of(folder), source.absolute(), datetime.now(UTC), since=_utc(since), over=over,
            progress=counted,
        )  # fmt: skip
    _tell_restored(done, as_json)


@command.command("restored", epilog="Example: crossdock store restored --since 2026-03-01T04:00:00")
@_since_option
@say.home_option
@say.json_option
def restored_(since: datetime | None, home: Path | None, as_json: bool) -> None:
    """Say that the books were put back from a backup by other means: pg_restore, a snapshot, a file by hand.

    Stop every hub and worker first, and give the command before one starts. It does what `restore` does, but for the
    file itself.
    """
    folder = find_home(home)
    with say.counting() as counted:
        done = declare(config_of(folder), home_of(folder), datetime.now(UTC), since=_utc(since), progress=counted)
    _tell_restored(done, as_json)


def _utc(told: datetime | None) -> datetime | None:
    return told.replace(tzinfo=UTC) if told is not None else None


def _tell_restored(done: Restored, as_json: bool) -> None:
    if as_json:
        return say.json_out(
            {
                "since": done.gap.since,
                "until": done.gap.until,
                "orders": done.orders,
                "asked": done.asked,
                "unswept": done.unswept,
                "aside": done.aside,
            }
        )
    say.mark("ok", f"the books are as of {done.gap.since:%Y-%m-%d %H:%M:%S} UTC; {say.count(done.orders, 'order')} "
             f"unfinished, {say.count(done.asked, 'step')} to be asked about before they are done")  # fmt: skip
    if done.aside is not None:
        say.mark("note", f"what lay there before is in {done.aside}")
    for name in done.unswept:
        say.mark("warn", f"{name} is not swept: look for its orders with: crossdock reconcile {name} --since "
                 f"{done.gap.since:%Y-%m-%d}")  # fmt: skip
    return say.mark("note", "start the hub; what only a person can tell will stand under: crossdock attention")


@command.command("archive", epilog="Example: crossdock store archive --now")
@click.option("--now", "at_once", is_flag=True, help="File what is old, instead of waiting for the hub to do it.")
@click.option("--find", "key", metavar="ORDER", help="Show an order that was filed, as the books held it.")
@say.home_option
@say.json_option
def archive_(at_once: bool, key: str | None, home: Path | None, as_json: bool) -> None:
    """Show what `keep` in hub.yaml lets go, or file it now. The hub does the same a little at a time by itself.

    What is over and older than hub.yaml says goes into data/archive, gzip of JSON lines, and then out of the books.
    What tells a repeat from news stays in them, so no old order is ever begun again. The format of a line: crossdock
    schema archive.
    """
    folder = find_home(home)
    if key is not None:
        found = found_in(home_of(folder).archive, key)
        if found is None:
            raise Unfit(f"no order {key} was filed; it is named by its key there, such as shop:1001")
        return say.json_out(found)
    hub = open_hub(folder, threaded=False)
    try:
        keep = hub.config.keep
        total = Archived(more=True) if at_once else old(hub.store, keep, hub.clock())
        while at_once and total.more:
            done = archive_some(hub.store, keep, hub.home.archive, hub.clock(), total.last)
            total = Archived(total.orders + done.orders, total.messages + done.messages, done.more, done.last)
    finally:
        hub.close()
    told = {"orders": total.orders, "messages": total.messages}
    if as_json:
        return say.json_out({"keep": keep.model_dump(), "archived": at_once, **told})
    words = f"{say.count(total.orders, 'order')} and {say.count(total.messages, 'message')}"
    return say.mark("ok" if at_once else "note", f"{words} {'went into the archive' if at_once else 'are old enough'}")
