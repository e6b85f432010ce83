"""How money, dates and countries are written in one place of the world. Amounts keep every minor unit."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern

from hub.model.contract import CannotPrepare
from hub.model.money import Money, exponent, major

FALLBACK = "en"


@dataclass(frozen=True)
class Manner:
    """One language and place. `language` is also the folder in which a merchant keeps that language's templates."""

    locale: Locale
    timezone: str = "UTC"

    @property
    def language(self) -> str:
        return str(self.locale.language)

    @property
    def tag(self) -> str:
        """For the `lang` attribute: `pt-BR`."""
        return str(self.locale).replace("_", "-")

    def money(self, value: Money) -> str:
        """`1.234,50 €`, with exactly the decimals that the currency has."""
        return _money(self.locale, value.amount, value.currency)

    def date(self, value: datetime | date) -> str:
        """A long date (`12 March 2026`); an instant is first taken to the shop's time zone."""
        if isinstance(value, datetime):
            value = value.astimezone(UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)).date()
        return format_date(value, "long", locale=self.locale)

    def country(self, code: str) -> str:
        """A country's name, or its code where it has none here."""
        return str(self.locale.territories.get(code, code))

    def writing(self, language: str) -> Manner:
        """This place, in another language: a German order told in English gets `12 March 2026` and `1.234,50 €`."""
        if language == self.language:
            return self
        return Manner(_in_language(language, self.locale.territory), self.timezone)


@lru_cache(maxsize=4096)
def _money(locale: Locale, amount: int, currency: str) -> str:
    """A letter names the same few amounts again and again, and each costs more than the rest of its line."""
    decimal = Decimal(major(amount, currency))
    return str(_pattern(locale, currency).apply(decimal, locale, currency=currency, currency_digits=False))


@lru_cache(maxsize=256)
def _pattern(locale: Locale, currency: str) -> NumberPattern:
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    places = exponent(currency)
    pattern.frac_prec = (places, places)
    return pattern


@lru_cache(maxsize=256)
def manner(tag: str | None, timezone: str = "UTC") -> Manner:
    """The manner of a locale tag as storefronts write it (`de-DE`, `pt_BR`, `EN`); English where it is unknown.

    Raises CannotPrepare for a time zone that there is not.
    """
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        if timezone != "UTC":
            what = f"the shop's time zone '{timezone}' is not known"
            raise CannotPrepare(what, "shop.timezone", "write it as Europe/Berlin") from error
    return Manner(_parse(tag or FALLBACK), timezone)


def _parse(tag: str) -> Locale:
    parts = tag.strip().replace("-", "_").split("_")[:3]
    for length in range(len(parts), 0, -1):
        try:
            return Locale.parse("_".join(parts[:length]))
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(FALLBACK)


def _in_language(language: str, territory: str | None) -> Locale:
    if territory:
        try:
            return Locale(language, territory)
        except UnknownLocaleError:
            pass
    return _parse(language)
