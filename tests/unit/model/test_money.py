from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.money import MoneyError, allocate, exponent, major, minor


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("19.99", "EUR", 1999),
        ("733300.00", "JPY", 733300),
        ("1.234", "KWD", 1234),
        (Decimal("6.599666666666667"), "EUR", 660),
        ("-0.005", "USD", -1),
        (5, "USD", 500),
    ],
)
def test_minor_units(value, currency, expected):
    assert minor(value, currency) == expected


@pytest.mark.parametrize("value", ["", "x", "NaN", "Infinity", "1e1000000", "1e19", None])
def test_what_is_no_amount_is_refused(value):
    with pytest.raises(MoneyError):
        minor(value, "EUR")


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "E1R"])
def test_what_is_no_currency_is_refused(currency):
    with pytest.raises(MoneyError):
        exponent(currency)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_major_and_minor_are_inverse(amount, currency):
    assert minor(major(amount, currency), currency) == amount


@given(st.integers(0, 10**9), st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any))
def test_parts_add_up(amount, weights):
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


def test_an_amount_is_rounded_once() -> None:
    """Shifted first, it was rounded to 28 digits on the way: to half a cent, and then up."""
    assert minor("0.00499999999999999999999999999999999999", "EUR") == 0
    assert minor("0.00500000000000000000000000000000000001", "EUR") == 1
