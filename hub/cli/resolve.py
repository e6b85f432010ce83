"""`crossdock resolve ORDER STEP DECISION [REFERENCE]`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.assembly.desk import Desk
from hub.cli import say
from hub.cli.deciding import agreed, decision_options, desk_at, find_order, left_alone, reason, told
from hub.model.capability import doing
from hub.model.cause import in_words
from hub.model.detail import differences

_DECISIONS = {
    "happened": "happened",
    "did-not": "did_not",
    "new-generation": "new_generation",
    "abandon": "abandon",
}

_EPILOG = """\b
Decisions:
  happened REFERENCE  the provider has it; REFERENCE is the provider's id
  did-not             the provider surely has nothing of it: it is sent again
  new-generation      whatever became of the old one, a new one is sent under a new key
  abandon             nothing more is done about it

\b
Examples:
  crossdock resolve '#1050' fulfil-order/label/group:self-1 happened shp_72 --why "seen in the carrier's console"
  crossdock resolve shop:1001 fulfil-order/warehouse/group:warehouse-1 did-not --why "asked ShipBob" --yes

Exit codes: 0 on record, 1 refused."""


@click.command("resolve", epilog=_EPILOG)
@click.argument("order")
@click.argument("step")
@click.argument("decision", type=click.Choice(list(_DECISIONS)))
@click.argument("reference", required=False)
@decision_options
def command(
    order: str,
    step: str,
    decision: str,
    reference: str | None,
    why: str | None,
    yes: bool,
    actor: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Say whether something in doubt has happened. Look at the provider first: the hub believes you."""
    if (decision == "happened") != (reference is not None):
        raise click.UsageError("happened needs the provider's id behind it; the other decisions have none")
    with desk_at(home) as desk:
        key = find_order(desk, order)
        if not as_json:
            _show(desk, key, step)
        if not agreed(f"Put on record: {decision.replace('-', ' ')}?", yes, as_json):
            return left_alone({"executed": False}, as_json)
        state = desk.acts.resolve(key, step, _DECISIONS[decision], reference, actor, reason(why))
    answer = {"executed": True, "order": key, "step": step, "state": state}
    return told(answer, f"on record; the step is {state} now", as_json)


def _show(desk: Desk, key: str, step: str) -> None:
    """What is decided about: what was meant to happen, and the name it bears at the provider."""
    found = desk.views.order(key)
    chosen = found.book.steps.get(step) if found else None
    if found is None or chosen is None:
        return
    say.line(f"{chosen.capability or chosen.name} at {chosen.connection or 'nobody'}: {chosen.state.value}")
    if chosen.cause:
        say.line(f"  {in_words(chosen.cause, connection=chosen.connection, what=doing(chosen.capability))}")
    for one in differences(chosen.detail):
        say.line(f"  {one.thing or 'there'}: {one.field}: we meant {one.ours}, it has {one.theirs}", "magenta")
    effect = found.book.effect(chosen)
    if effect is not None:
        say.line(f"  our reference there  {effect.reference}", "dim")
        if effect.amount is not None:
            say.line(f"  amount               {say.money(effect.amount, effect.currency)}", "dim")
