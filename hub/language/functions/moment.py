"""Moments: every date leaves as RFC 3339 in UTC, and a date whose zone is unknown is an error, not a guess."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.language.evaluate import ExpressionError
from hub.language.functions.number import number, shown
from hub.language.functions.registry import Function

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?)?\s?(Z|z|UTC|[+-]\d\d:?\d\d|[+-]\d\d)?", re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?", re.ASCII)
_LAST_SECOND = 253_402_300_799  # the end of the year 9999


def date(value: Any, zone: Any = None) -> str | None:
    found = _moment(value, zone)
    if found is None:
        return None
    return found.astimezone(UTC).isoformat().replace("+00:00", "Z")


def unix(value: Any, zone: Any = None) -> int | None:
    found = _moment(value, zone)
    return None if found is None else int(found.timestamp())


def add_seconds(value: Any, seconds: Any) -> str | None:
    found, count = _moment(value, None), number(seconds)
    if found is None or count is None:
        return None
    try:
        return (found.astimezone(UTC) + timedelta(seconds=int(count))).isoformat().replace("+00:00", "Z")
    except OverflowError as error:
        raise ExpressionError("add_seconds: the date is out of range") from error


def _moment(value: Any, zone: Any) -> datetime | None:
    if value is None or value == "":
        return None
    if type(value) is not str:
        seconds = number(value)
        if seconds is None or not 0 <= seconds <= _LAST_SECOND:
            raise ExpressionError(f"{shown(value)} is not a date")
        return datetime.fromtimestamp(int(seconds), UTC)
    if value.startswith("0000-00-00"):
        return None
    match = _MOMENT.fullmatch(value.strip())
    if match is None:
        raise ExpressionError(f"{shown(value)} is not a date; it should look like 2026-01-31T09:30:00Z")
    day, minute, second, written = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{minute or '00:00'}{second or ':00'}")
        return moment.replace(tzinfo=_zone(written or zone, value)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ExpressionError(f"{shown(value)} is not a date") from error


def _zone(name: Any, value: str) -> tzinfo:
    if name is None:
        raise ExpressionError(f"the date {shown(value)} has no zone; name one: date(value, 'UTC')")
    if type(name) is not str:
        raise ExpressionError("a zone is a text: 'UTC', 'Europe/Vienna' or '+02:00'")
    return _named_zone(name)


@lru_cache(maxsize=256)
def _named_zone(name: str) -> tzinfo:
    if name in ("Z", "z", "UTC"):
        return UTC
    offset = _OFFSET.fullmatch(name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ExpressionError(f"{shown(name)} is not a zone") from error


FUNCTIONS = (
    Function(
        "date(value, zone?)",
        "RFC 3339 in UTC, from a date with an offset, one without (the zone must be given) or Unix seconds.",
        date,
    ),
    Function("unix(value, zone?)", "Whole Unix seconds of a date.", unix),
    Function("add_seconds(date, seconds)", "A date so many seconds later.", add_seconds),
)
