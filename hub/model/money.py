"""Money: signed integer minor units with the currency's ISO 4217 exponent. No floats, ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

# ISO 4217: every active currency has two decimals but for these.
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_EXPONENTS = (
    dict.fromkeys(_NO_DECIMALS.split(), 0)
    | dict.fromkeys(_THREE_DECIMALS.split(), 3)
    | dict.fromkeys(_FOUR_DECIMALS.split(), 4)
)

LARGEST_MINOR = 10**15  # a ceiling on everything: no order is worth more, and 64 bits hold sums of them


class MoneyError(ValueError):
    """The amount cannot be said exactly in the currency's minor units."""


@dataclass(frozen=True, order=True)
class Money:
    """An amount in minor units (`1999` is 19.99 EUR, `1999` is 1999 JPY)."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return f"{major(self.amount, self.currency)} {self.currency}"


def exponent(currency: str) -> int:
    """Decimal places of an ISO 4217 currency code (two unless the standard says otherwise)."""
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha() or not currency.isupper():
        raise MoneyError(f"{currency!r} is not an ISO 4217 currency code")
    return _EXPONENTS.get(currency, 2)


def minor(value: Decimal | int | str, currency: str) -> int:
    """Minor units of a decimal amount; digits beyond the currency's exponent are rounded half up.

    Sources print more digits than a currency has ("733300.00" JPY, a line price of 6.599666666666667),
    so surplus digits are rounded, never refused. Raises MoneyError on what is not a finite number.
    """
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError, TypeError) as error:
        raise MoneyError(f"{value!r} is not an amount") from error
    if not number.is_finite() or abs(number.adjusted()) > 18:
        raise MoneyError(f"{value!r} is not an amount")
    places = exponent(currency)
    # Rounded before it is shifted: shifting first would round by itself, to 28 digits, and then a second time.
    scaled = number.quantize(Decimal(1).scaleb(-places), rounding="ROUND_HALF_UP").scaleb(places)
    if abs(scaled) > LARGEST_MINOR:
        raise MoneyError(f"{value!r} {currency} is larger than any order")
    return int(scaled)


def major(amount: int, currency: str) -> str:
    """The decimal string providers expect: `major(1999, "EUR") == "19.99"`, `major(1999, "JPY") == "1999"`."""
    places = exponent(currency)
    return str(Decimal(amount).scaleb(-places).quantize(Decimal(1).scaleb(-places)))


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights so that the parts add up to it exactly (largest remainders first)."""
    total = sum(weights)
    if total <= 0:
        raise MoneyError("weights must add up to more than zero")
    shares = [amount * weight // total for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for index in remainders[: amount - sum(shares)]:
        shares[index] += 1
    return shares
