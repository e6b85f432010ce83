"""Numbers: whole numbers stay int, all others are exact Decimals; a result that cannot be exact is an error."""

from __future__ import annotations

import decimal
import operator
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hub.language.evaluate import ExpressionError, Frame
from hub.language.functions.registry import Function

MAX_PLACES = 18
MAX_POWER = 60  # of ten; what is larger is no amount, and its whole digits would take seconds to write out
_LEAST_POWER = -120

_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?0*(?:1[0-8]|[0-9]))?", re.ASCII)
# Nothing but digits, and many of them: a card's number, or a telephone's.
_DIALLED = re.compile(r"[+(]?(?:[0-9][-.()/]{0,2}){9,}")
_EXACT = decimal.Context(
    prec=120, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.Overflow, decimal.DivisionByZero]
)
_ROUNDING = decimal.Context(prec=120, rounding=ROUND_HALF_UP, traps=[decimal.InvalidOperation, decimal.Overflow])

Number = int | Decimal


def shown(value: Any) -> str:
    """A value for an error message, only where it is short and cannot be a person's data."""
    if type(value) is str:
        short = len(value) <= 24 and value.isascii() and "@" not in value and " " not in value
        return f"'{value}'" if short and not _DIALLED.fullmatch(value) else "this text"
    if isinstance(value, int | Decimal):
        return str(value) if -(10**8) < value < 10**8 else "this number"
    return f"a {type(value).__name__}"


def number(value: Any) -> Number | None:
    """The number in a value: a number itself, or a text in plain ASCII digits; null and an empty text are null."""
    if isinstance(value, Decimal) or type(value) is int:
        return value
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if _NUMBER.fullmatch(text):
            return Decimal(text)
    raise ExpressionError(f"{shown(value)} is not a number")


def _numbers(arguments: tuple[Any, ...], frame: Frame) -> list[Number]:
    found: list[Number] = []
    for argument in arguments:
        elements = argument if type(argument) is list else [argument]
        frame.charge(len(elements))
        found += [one for element in elements if (one := number(element)) is not None]
    return found


_OPERATIONS: dict[str, tuple[Callable[[int, int], int], Callable[[Decimal, Decimal], Decimal]]] = {
    "add": (operator.add, _EXACT.add),
    "subtract": (operator.sub, _EXACT.subtract),
    "multiply": (operator.mul, _EXACT.multiply),
}


def exactly(operation: str, left: Number, right: Number) -> Number:
    """``add``, ``subtract`` or ``multiply`` without losing a digit. Raises ExpressionError where there are too many."""
    of_integers, of_decimals = _OPERATIONS[operation]
    if isinstance(left, int) and isinstance(right, int):
        whole = of_integers(left, right)
        if abs(whole) > 10**60:
            raise ExpressionError("the number is too large")
        return whole
    try:
        result = of_decimals(Decimal(left), Decimal(right))
    except decimal.DecimalException as error:
        raise ExpressionError("the result has too many digits to be exact") from error
    if _LEAST_POWER <= result.adjusted() <= MAX_POWER:
        return result
    if result:
        raise ExpressionError("the number is too large or too small")
    return 0


def total(frame: Frame, *arguments: Any) -> Number:
    result: Number = 0
    for one in _numbers(arguments, frame):
        result = exactly("add", result, one)
    return result


def product(*arguments: Any) -> Number | None:
    result: Number = 1
    for argument in arguments:
        one = number(argument)
        if one is None:
            return None
        result = exactly("multiply", result, one)
    return result


def difference(left: Any, right: Any) -> Number:
    return exactly("subtract", number(left) or 0, number(right) or 0)


def quotient(left: Any, right: Any, places: Any) -> Decimal | None:
    a, b = number(left), number(right)
    if a is None or b is None:
        return None
    if b == 0:
        raise ExpressionError("quotient: the divisor is 0")
    return _rounded(_ROUNDING.divide(Decimal(a), Decimal(b)), places)


def shifted(value: Number, places: int) -> Decimal:
    """The number times ten to the power of `places`, every digit kept. Raises ExpressionError where there are too
    many."""
    try:
        return _EXACT.scaleb(Decimal(value), places)
    except decimal.DecimalException as error:
        raise ExpressionError("the result has too many digits to be exact") from error


def rounded(value: Any, places: Any) -> Decimal | None:
    one = number(value)
    return None if one is None else _rounded(Decimal(one), places)


def _rounded(value: Decimal, places: Any) -> Decimal:
    if type(places) is not int or not 0 <= places <= MAX_PLACES:
        raise ExpressionError(f"the number of places must be a whole number from 0 to {MAX_PLACES}")
    try:
        return value.quantize(Decimal(1).scaleb(-places), context=_ROUNDING)
    except decimal.DecimalException as error:
        raise ExpressionError("the result has too many digits to be exact") from error


def negate(value: Any) -> Number | None:
    one = number(value)
    return None if one is None else exactly("subtract", 0, one)


def absolute(value: Any) -> Number | None:
    one = number(value)
    return one if one is None or one >= 0 else exactly("subtract", 0, one)


def integer(value: Any) -> int | None:
    one = number(value)
    if one is None or isinstance(one, int):
        return one
    if one != one.to_integral_value():
        raise ExpressionError(f"{shown(value)} is not a whole number")
    return int(one)


def as_decimal(value: Any) -> Decimal | None:
    one = number(value)
    return None if one is None else Decimal(one)


def largest(frame: Frame, *arguments: Any) -> Any:
    return _extreme(arguments, frame, max)


def smallest(frame: Frame, *arguments: Any) -> Any:
    return _extreme(arguments, frame, min)


def _extreme(arguments: tuple[Any, ...], frame: Frame, choose: Callable[[Any], Any]) -> Any:
    elements = [one for argument in arguments for one in (argument if type(argument) is list else [argument])]
    frame.charge(len(elements))
    found = [element for element in elements if element is not None]
    if not found:
        return None
    if all(type(element) is str for element in found):
        return choose(found)
    return choose(one for element in found if (one := number(element)) is not None)


FUNCTIONS = (
    Function("integer(value)", "A whole number; an error where digits would be lost; empty is null.", integer),
    Function("decimal(value)", "An exact decimal; empty is null.", as_decimal),
    Function("sum(values...)", "The exact sum of numbers and lists of numbers; null counts as 0.", total, framed=True),
    Function("difference(a, b)", "a minus b; null counts as 0.", difference),
    Function("product(values...)", "The exact product; null if any factor is null.", product),
    Function("quotient(a, b, places)", "a divided by b, rounded half up to so many decimal places.", quotient),
    Function("round(value, places)", "Rounded half up to so many decimal places.", rounded),
    Function("negate(value)", "The number with its sign turned.", negate),
    Function("absolute(value)", "The number without its sign.", absolute),
    Function("max(values...)", "The largest number, or the last text; null of nothing.", largest, framed=True),
    Function("min(values...)", "The smallest number, or the first text; null of nothing.", smallest, framed=True),
)
