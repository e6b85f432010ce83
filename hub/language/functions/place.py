"""Countries and regions by the codes that carriers and warehouses want."""

from __future__ import annotations

from typing import Any

from hub.language.evaluate import ExpressionError
from hub.language.functions.countries import CODES, NAMES, folded
from hub.language.functions.number import shown
from hub.language.functions.regions import REGIONS
from hub.language.functions.registry import Function


def country(value: Any) -> str | None:
    if value is None:
        return None
    if type(value) is not str:
        raise ExpressionError("a country is a text")
    text = value.strip()
    if not text:
        return None
    if text in NAMES:
        return text
    code = CODES.get(folded(text))
    if code is None:
        raise ExpressionError(f"{shown(text)} is not a country")
    return code


def country_name(value: Any) -> str | None:
    code = country(value)
    return None if code is None else NAMES[code]


def region(nation: Any, value: Any) -> str | None:
    if value is None or type(value) is not str:
        return None
    text = value.strip()
    known = REGIONS.get(nation) if type(nation) is str else None
    if not text or known is None:
        return text or None
    code = known.get(folded(text))
    if code is None and text[:3].upper() == f"{nation}-":
        code = known.get(folded(text[3:]))
    return code or text


FUNCTIONS = (
    Function(
        "country(value)",
        "The code of two letters, from that code, the one of three letters, or an English name; empty is null.",
        country,
    ),
    Function("country_name(value)", "The usual English name of a country.", country_name),
    Function(
        "region(country, value)",
        "The code of a state or province from its name, where it is known; otherwise the value as it is.",
        region,
    ),
)
