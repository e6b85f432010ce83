"""`crossdock orders list | show | timeline`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.assembly.acts import Refused
from hub.assembly.desk import Desk
from hub.cli import render, say
from hub.cli.deciding import desk_at, find_order
from hub.model.plain import dossier_document, plain
from hub.model.view import BadCursor, Dossier, OrderQuery

_STATES = (
    "new",
    "running",
    "waiting",
    "held",
    "parked",
    "dead",
    "completed",
    "cancelled",
    "history",
    "ignored",
    "archived",
)


@click.group("orders")
def command() -> None:
    """List orders, show one, tell what happened to it.

    An order is named by its key (shop:1001), by its label (#1001) or by its source's id.
    """


_LIST_EPILOG = """\b
Examples:
  crossdock orders list --state held --state parked
  crossdock orders list --search 1042 --json"""


@command.command("list", epilog=_LIST_EPILOG)
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these; may be repeated.")
@click.option("--connection", metavar="NAME", help="Only orders of this storefront.")
@click.option("--search", "text", default="", metavar="TEXT", help="In the label and the source's id.")
@click.option("--limit", type=click.IntRange(1, 200), default=30, show_default=True)
@click.option("--after", metavar="CURSOR", help="The next page: what the last one gave.")
@say.home_option
@say.json_option
def list_command(
    states: tuple[str, ...],
    connection: str | None,
    text: str,
    limit: int,
    after: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Orders, the latest change first."""
    with desk_at(home) as desk:
        now = desk.now()
        try:
            page = desk.views.orders(OrderQuery(text, states, connection, after, limit))
        except BadCursor as error:
            raise click.BadParameter(str(error), param_hint="--after") from error
    if as_json:
        say.json_out({"orders": plain(page.rows), "next": page.next})
        return
    if not page.rows:
        say.line("No such order." if text or states or connection else "No orders yet.", "dim")
        return
    render.orders(page.rows, now)
    if page.next:
        say.line(f"more: --after {page.next}", "dim")


@command.command("show", epilog="Example: crossdock orders show '#1042'")
@click.argument("order")
@say.home_option
@say.json_option
def show_command(order: str, home: Path | None, as_json: bool) -> None:
    """One order: its steps, effects and parcels, and what of it needs a person."""
    with desk_at(home) as desk:
        now = desk.now()
        found = _dossier(desk, order)
        entries = desk.views.timeline(found)
        needs = [need for need in desk.views.attention(now) if need.order == found.book.key]
    if as_json:
        say.json_out({**dossier_document(found, entries), "needs": plain(needs)})
        return
    render.dossier(found, now)
    say.line()
    for need in needs:
        render.need(need, now)


@command.command("timeline", epilog="Example: crossdock orders timeline shop:1001")
@click.argument("order")
@say.home_option
@say.json_option
def timeline_command(order: str, home: Path | None, as_json: bool) -> None:
    """What happened to an order: when, at which provider, with which key. Times are UTC."""
    with desk_at(home) as desk:
        found = _dossier(desk, order)
        entries = desk.views.timeline(found)
    if as_json:
        say.json_out({"key": found.book.key, "label": found.label, "state": found.state, "timeline": plain(entries)})
    else:
        render.timeline(entries)


def _dossier(desk: Desk, named: str) -> Dossier:
    found = desk.views.order(find_order(desk, named))
    if found is None:
        raise Refused(f"there is no order {named!r}")
    return found
