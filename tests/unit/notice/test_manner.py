from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.model.contract import CannotPrepare
from hub.model.money import Money
from hub.notice.manner import manner


@pytest.mark.parametrize(
    ("tag", "amount", "currency", "text"),
    [
        ("en-US", 123450, "USD", "$1,234.50"),
        ("de", 123450, "EUR", "1.234,50\xa0€"),
        ("fr-FR", -5, "EUR", "-0,05\xa0€"),
        ("ja", 1000, "JPY", "￥1,000"),
        ("en", 1234567, "KWD", "KWD1,234.567"),
        ("en", 100, "ISK", "ISK100"),
        ("hu", 123456, "HUF", "1\xa0234,56\xa0Ft"),
    ],
)
def test_money_keeps_every_minor_unit(tag: str, amount: int, currency: str, text: str) -> None:
    assert manner(tag).money(Money(amount, currency)) == text


@pytest.mark.parametrize("tag", ["pt-BR", "pt_BR", "PT-br", "pt-BR-x-private"])
def test_tags_are_read_as_storefronts_write_them(tag: str) -> None:
    assert manner(tag).tag == "pt-BR"


@pytest.mark.parametrize("tag", [None, "", "xx", "not a locale", "../../etc/passwd", "de-ZZZZ\n"])
def test_an_unknown_tag_is_english_or_its_language(tag: str | None) -> None:
    assert manner(tag).language in ("en", "de")


def test_a_day_is_the_shops_day() -> None:
    late = datetime(2026, 3, 12, 23, 30, tzinfo=UTC)
    assert manner("en-GB").date(late) == "12 March 2026"
    assert manner("en-GB", "Asia/Tokyo").date(late) == "13 March 2026"


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../../etc/passwd", "a b", ""])
def test_a_time_zone_that_there_is_not_is_refused(zone: str) -> None:
    with pytest.raises(CannotPrepare, match="time zone"):
        manner("en", zone)


def test_another_language_keeps_the_place() -> None:
    german_in_english = manner("de-DE").writing("en")
    assert german_in_english.language == "en"
    assert german_in_english.money(Money(123450, "EUR")) == "1.234,50\xa0€"
    assert manner("xx-ZZ").writing("fr").language == "fr"
