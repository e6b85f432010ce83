"""The closed set of functions that expressions may call, one file per kind of value.

``default_functions(exponent)`` is all of them. ``exponent`` tells how many decimals a currency has
(``hub.model.money.exponent`` for the machine): the one ISO 4217 table stays with the model, and this package,
which imports nothing of ours, is handed it.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.language.functions import choice, collection, moment, money, number, place, text
from hub.language.functions.registry import Function, FunctionSet

__all__ = ["Function", "FunctionSet", "default_functions"]


def default_functions(exponent: Callable[[str], int]) -> FunctionSet:
    """Every function. ``exponent`` gives a currency's decimal places and raises ValueError for what is no currency."""
    return FunctionSet(
        (
            *choice.FUNCTIONS,
            *collection.FUNCTIONS,
            *moment.FUNCTIONS,
            *money.functions(exponent),
            *number.FUNCTIONS,
            *place.FUNCTIONS,
            *text.FUNCTIONS,
        )
    )
