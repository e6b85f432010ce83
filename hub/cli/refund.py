"""`crossdock refund ORDER AMOUNT`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.assembly.acts import Refused
from hub.cli.deciding import agreed, decision_options, desk_at, find_order, left_alone, reason, told
from hub.model.money import Money, MoneyError, minor

_EPILOG = """\b
Examples:
  crossdock refund '#1042' 12.90 --why "arrived broken"
  crossdock refund shop:1001 24.00 --line 4711=1 --payment pay_1 --why "one returned" --yes

The same command twice is two refunds. A refund never exceeds what was captured.
Exit codes: 0 on its way (or only shown), 1 refused."""


@click.command("refund", epilog=_EPILOG)
@click.argument("order")
@click.argument("amount")
@click.option(
    "--line", "lines", multiple=True, metavar="ID=QUANTITY", help="An order line that it is for; may be repeated."
)
@click.option("--payment", metavar="ID", help="Which payment, where there are several.")
@decision_options
def command(
    order: str,
    amount: str,
    lines: tuple[str, ...],
    payment: str | None,
    why: str | None,
    yes: bool,
    actor: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Refund money of an order, in its currency (12.90), by whoever holds it."""
    parts = [_line(text) for text in lines]
    with desk_at(home) as desk:
        key = find_order(desk, order)
        found = desk.views.order(key)
        if found is None or found.book.order is None:
            raise Refused("the hub has not read this order yet; reconcile its storefront first")
        sum_ = _money(amount, found.book.order.currency)
        if not agreed(f"Refund {sum_} of {found.label}?", yes, as_json):
            return left_alone({"executed": False, "amount": sum_.amount, "currency": sum_.currency}, as_json)
        refund = desk.acts.refund(key, sum_.amount, parts, payment, actor, reason(why))
    answer = {"executed": True, "refund": refund, "amount": sum_.amount, "currency": sum_.currency}
    return told(answer, f"the refund of {sum_} is on its way; see crossdock orders timeline {key}", as_json)


def _money(text: str, currency: str) -> Money:
    """The amount exactly: more decimals than the currency has are a mistake, not a rounding."""
    try:
        found = Money(minor(text, currency), currency)
    except MoneyError as error:
        raise click.BadParameter(str(error), param_hint="AMOUNT") from error
    decimals = len(text.partition(".")[2])
    if decimals > len(str(found).split()[0].partition(".")[2]):
        raise click.BadParameter(f"{text} has more decimals than {currency}", param_hint="AMOUNT")
    return found


def _line(text: str) -> dict[str, object]:
    identity, sign, quantity = text.rpartition("=")
    if not sign or not quantity.isdigit() or not int(quantity):
        raise click.BadParameter(f"'{text}' is not ID=QUANTITY", param_hint="--line")
    return {"id": identity, "quantity": int(quantity)}
