"""How pages say money, times, links and keys."""

from __future__ import annotations

import pytest

from hub.model.flow import State
from hub.model.view import Sum
from hub.server.show import money, order_url, safe_link, short, span, step_url, tone


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Sum(123450, "EUR"), "€1,234.50"),
        (Sum(1999, "JPY"), "¥1,999"),
        (Sum(1, "GBP"), "£0.01"),
        (Sum(-5, "USD"), "−$0.05"),
        (Sum(1234567, "KWD"), "1,234.567 KWD"),
        (Sum(100, "CAD"), "1.00 CAD"),  # a dollar sign would say another currency
        (None, ""),
    ],
)
def test_money(value: Sum | None, text: str) -> None:
    assert money(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (6300, "1 h 45 min"),
        (20000, "5 h"),
        (112_000, "31 h"),
        (172_800, "2 days"),
        (-90, "1 min"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://shop.example/1", True),
        ("HTTP://shop.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//shop.example", False),
        ("https:/shop.example", False),
        ("", False),
        (None, False),
        (" javascript:alert(1)", False),
    ],
)
def test_only_web_addresses_are_linked(url: str | None, safe: bool) -> None:
    assert (safe_link(url) is not None) == safe


def test_addresses_of_orders_and_steps() -> None:
    assert order_url("shop:a/b?c") == "/orders/shop/a%2Fb%3Fc"
    assert step_url("shop:1", "f/n/group:x&y") == "/steps/shop/1?step=f%2Fn%2Fgroup%3Ax%26y"


def test_long_names_are_shortened_in_the_middle() -> None:
    assert short("abcdefghijklmnopqrstuvwxyz", 14) == "abcdefghi…wxyz"
    assert short("short", 14) == "short"
    assert short(None) == ""


def test_every_state_has_a_colour() -> None:
    known = {"done", "calm", "good", "busy", "wait", "hold", "doubt", "bad"}
    assert {tone(state.value) for state in State} <= known
    assert tone("parked") == "doubt" and tone("rejected") == "bad" and tone("held") == "hold"
