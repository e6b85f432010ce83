"""`crossdock plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.text import Text

from hub.assembly.home import find_home
from hub.assembly.hub import open_hub
from hub.assembly.planning import OrderPlan, Silent, Summary, plan, summarise, words
from hub.cli import say
from hub.model.capability import CAPABILITIES
from hub.model.cause import cause_of

_MOST = 3  # problems of one order, on a screen


@click.command("plan", epilog="Example: crossdock plan --last 50")
@click.argument("names", nargs=-1, metavar="[STOREFRONT]...")
@click.option("--last", default=20, show_default=True, type=click.IntRange(1, 1000), help="Orders of each storefront.")
@click.option("--as-they-stand", is_flag=True, help="Count what was shipped or closed since they were placed.")
@say.home_option
@say.json_option
def command(names: tuple[str, ...], last: int, as_they_stand: bool, home: Path | None, as_json: bool) -> None:
    """What the hub would call for the latest orders of your storefronts, with amounts. Nothing is sent, nothing is
    kept.

    The orders are read from the storefronts, and each is planned as if it had just come in. Ends with 1 where an order
    could not be read or something stands in the way of one.
    """
    hub = open_hub(find_home(home), threaded=False)
    try:
        if not hub.built.storefronts:
            raise click.UsageError("no storefront is connected that can list its orders: crossdock connect CONNECTOR")
        with say.console(stderr=True).status("reading orders"):
            plans = list(plan(hub, names, last, as_they_stand=as_they_stand))
    except Silent as silent:
        raise click.ClickException(str(silent)) from silent
    finally:
        hub.close()
    summary = summarise(plans)
    if as_json:
        say.json_out({"orders": [_document(one) for one in plans], "summary": _summary(summary)})
    else:
        for one in plans:
            _order(one)
        _tell(summary)
    raise SystemExit(1 if summary.unreadable or summary.stopped else 0)


def _document(one: OrderPlan) -> dict[str, Any]:
    return {
        "connection": one.connection,
        "source_id": one.source_id,
        "label": one.label,
        "placed_at": one.placed_at,
        "total": one.total,
        "currency": one.currency,
        "alone": one.alone,
        "effects": [
            {
                "capability": effect.capability,
                "connection": effect.connection,
                "verdict": effect.verdict,
                "why": effect.why,
                "words": words(effect) or None,
                "amount": effect.amount,
                "currency": effect.currency,
            }
            for effect in one.effects
        ],
        "problems": one.problems,
    }


def _summary(found: Summary) -> dict[str, Any]:
    return {
        "orders": found.orders,
        "unreadable": found.unreadable,
        "left_alone": dict(found.alone),
        "calls": [{"capability": c, "connection": n, "number": number} for (c, n), number in found.calls.items()],
        "amounts": [{"capability": c, "currency": k, "amount": sum_} for (c, k), sum_ in found.amounts.items()],
        "stopped": dict(found.stopped),
    }


def _order(one: OrderPlan) -> None:
    placed = f"{one.placed_at:%Y-%m-%d %H:%M}" if one.placed_at else ""
    say.line(f"{one.label}  {one.connection}  {placed}  {say.money(one.total, one.currency)}".rstrip(), "bold")
    if one.alone:
        say.mark("note", f"left alone: {one.alone}")
    for problem in one.problems[:_MOST]:
        say.mark("fail", f"{problem.path or 'the payload'}: {problem.what}", problem.mend)
    if len(one.problems) > _MOST:
        say.mark("fail", f"and {len(one.problems) - _MOST} more problems")
    for effect in one.effects:
        title = CAPABILITIES[effect.capability].title if effect.capability in CAPABILITIES else effect.name
        amount = say.money(effect.amount, effect.currency)
        stopped = words(effect)
        says = " ".join(
            part for part in (title, amount, f"at {effect.connection}" if effect.connection else "") if part
        )
        say.mark("warn" if stopped else "ok", says, stopped or None)
    if not (one.alone or one.problems or one.effects):
        say.mark("note", "nothing is to be done")


def _tell(found: Summary) -> None:
    say.line()
    say.line(f"{say.count(found.orders, 'order')}:", "bold")
    rows = []
    for (capability, connection), number in sorted(found.calls.items()):
        title = CAPABILITIES[capability].title if capability in CAPABILITIES else capability
        sums = [
            say.money(amount, currency) for (c, currency), amount in sorted(found.amounts.items()) if c == capability
        ]
        rows.append((str(number), title, connection, " + ".join(sums)))
    if rows:
        say.table(("Calls", "", "At", "In all"), rows, right=("Calls", "In all"))
    for cause, number in found.stopped.most_common():
        say.console().print(Text.assemble(("! ", "yellow"), f"{number} stopped: {cause_of(cause).title}"))
    for why, number in found.alone.most_common():
        say.mark("note", f"{number} left alone: {why}")
    if found.unreadable:
        say.mark("fail", f"{found.unreadable} could not be read")
    say.line("Nothing was sent.")
