"""What the commands that decide something share: opening the books, finding the order, asking why, asking once more."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from hub.assembly.acts import PlannedEffect, Refused
from hub.assembly.desk import Desk
from hub.assembly.home import find_home
from hub.assembly.hub import open_hub
from hub.cli import render, say
from hub.model.plain import plain
from hub.model.view import OrderQuery

F = TypeVar("F", bound=Callable[..., Any])

NOTHING_DONE = 1  # the exit code where there was nothing to do


@contextmanager
def desk_at(home: Path | None) -> Iterator[Desk]:
    """The desk of an installation, opened beside a hub that may be running."""
    hub = open_hub(find_home(home), threaded=False)
    try:
        yield hub.desk
    finally:
        hub.close()


def find_order(desk: Desk, named: str) -> str:
    """The key of an order named by its key, its label (`#1001`, `1001`) or its source's id. Refused unless just one."""
    if desk.views.knows(named):
        return named
    names = {named, f"#{named}"}
    rows = desk.views.orders(OrderQuery(text=named, limit=200)).rows
    found = [row.key for row in rows if row.label in names or row.source_id == named]
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(f"several orders are called {named!r}: {', '.join(found)}")
    raise Refused(f"there is no order {named!r}; see crossdock orders list --search {named}")


def why_option(function: F) -> F:
    return click.option("--why", metavar="TEXT", help="The reason, for the record. Asked for where it is missing.")(
        function
    )


def yes_option(function: F) -> F:
    return click.option("--yes", is_flag=True, help="Do it without asking once more.")(function)


def decision_options(function: F) -> F:
    """What every command that decides something takes: why, yes, who, where, and JSON."""
    return why_option(yes_option(say.actor_option(say.home_option(say.json_option(function)))))


def reason(why: str | None) -> str:
    """The reason as given, or as a person at the terminal gives it now."""
    if why is None and sys.stdin.isatty():
        why = click.prompt("Why")
    if not why or not why.strip():
        raise click.UsageError('a decision needs a reason: --why "..."')
    return why.strip()


def agreed(question: str, yes: bool, as_json: bool) -> bool:
    """Whether to go on: asked for at a terminal; a program says --yes."""
    if yes:
        return True
    if as_json or not sys.stdin.isatty():
        return False
    return click.confirm(question)


def left_alone(document: dict[str, Any], as_json: bool) -> None:
    """Says that nothing was done."""
    if as_json:
        say.json_out(document)
    else:
        say.line("Nothing was done." + ("" if sys.stdin.isatty() else " Add --yes to do it."), "dim")


def told(document: dict[str, Any], text: str, as_json: bool) -> None:
    """Says what was done."""
    if as_json:
        say.json_out(document)
    else:
        say.mark("ok", text)


def decide(
    what: str,
    lines: Sequence[PlannedEffect],
    do: Callable[[str], Any],
    *,
    why: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Shows the plan, asks, does exactly that, and says what came of it (`do` is given the reason)."""
    if not as_json:
        if lines:
            render.plan(lines)
            say.line()
        if not agreed(f"{what}?", yes, as_json):
            return left_alone({}, as_json)
    elif not yes:
        say.json_out({"plan": plain(lines), "executed": False})
        return None
    answer = do(reason(why))
    moved = answer if isinstance(answer, list) else None
    if as_json:
        say.json_out(
            {"plan": plain(lines), "executed": True, "moved" if moved is not None else "result": plain(answer)}
        )
    elif moved is None:
        say.mark("ok", f"{what}: {answer}")
    elif moved:
        say.mark("ok", f"{what}: {say.count(len(moved), 'step')}", ", ".join(moved))
    else:
        say.mark("note", "There was nothing to do.")
    if moved is not None and not moved:
        raise click.exceptions.Exit(NOTHING_DONE)
