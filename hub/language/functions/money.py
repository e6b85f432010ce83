"""Money: decimal amounts to integer minor units and back, by the currency's own number of decimals."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hub.language.evaluate import ExpressionError
from hub.language.functions.number import Number, number, shifted, shown
from hub.language.functions.registry import Function

MAX_MINOR = 10**15


def functions(exponent: Callable[[str], int]) -> tuple[Function, ...]:
    """The money functions over a table of exponents."""

    def places(currency: Any) -> int:
        if type(currency) is not str:
            raise ExpressionError("there is no currency for this amount")
        try:
            return exponent(currency)
        except ValueError as error:
            raise ExpressionError(f"{shown(currency)} is not a currency") from error

    def scaled(value: Any, currency: Any) -> Decimal | None:
        amount = number(value)
        if amount is None:
            return None
        minor = shifted(amount, places(currency))
        if minor.copy_abs() > MAX_MINOR:
            raise ExpressionError("the amount is larger than any order")
        return minor

    def money(value: Any, currency: Any) -> int | None:
        minor = scaled(value, currency)
        if minor is None:
            return None
        whole = minor.to_integral_value()
        if whole != minor:
            raise ExpressionError(f"{shown(value)} has more decimals than {currency} has")
        return int(whole)

    def round_money(value: Any, currency: Any) -> int | None:
        minor = scaled(value, currency)
        return None if minor is None else int(minor.to_integral_value(ROUND_HALF_UP))

    def major(minor: Any, currency: Any) -> str | None:
        amount: Number | None = number(minor)
        if amount is None:
            return None
        if amount != int(amount):
            raise ExpressionError("major: minor units are whole numbers")
        return f"{shifted(int(amount), -places(currency)):f}"

    return (
        Function(
            "money(value, currency)",
            "Minor units of an amount ('19.99' EUR is 1999); an error where digits would be lost; empty is null.",
            money,
        ),
        Function(
            "round_money(value, currency)",
            "Minor units of an amount, rounded half up where the source prints more digits than the currency has.",
            round_money,
        ),
        Function("major(minor, currency)", "The amount in text ('19.99') from minor units (1999).", major),
    )
