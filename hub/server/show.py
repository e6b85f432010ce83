"""How pages say things: money, times, states, tones. Filters of the templates."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from flask import Flask
from markupsafe import Markup

from hub.model.capability import doing
from hub.model.cause import advice_on, cause_of, in_words
from hub.model.detail import differences, said
from hub.model.money import major
from hub.model.view import Sum
from hub.server.door import desk
from hub.server.walk import capability_title, title_of_step

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
# A step's or order's state as a colour.
_TONES = {
    "done": "good", "completed": "good", "translated": "good",
    "running": "busy", "leased": "busy", "intent": "busy", "ready": "busy", "new": "busy", "kept": "busy",
    "waiting": "wait", "awaiting": "wait", "blocked": "calm",
    "held": "hold", "paused": "hold", "expiring": "hold",
    "parked": "doubt", "unknown": "doubt", "conflict": "doubt",
    "rejected": "bad", "dead": "bad",
    "skipped": "calm", "cancelled": "calm", "history": "calm", "ignored": "calm", "archived": "calm",
}  # fmt: skip
_WORDS = {
    "rejected": "refused",
    "dead": "given up",
    "intent": "sending",
    "unknown": "finding out",
    "leased": "starting",
    "blocked": "not yet",
}
_SAFE_SCHEMES = ("https", "http")


def money(value: Sum | None) -> str:
    """`€1,234.50`; the currency's code where it has no sign that is its own."""
    if value is None:
        return ""
    whole, point, cents = major(abs(value.amount), value.currency).partition(".")
    grouped = f"{int(whole):,}{point}{cents}"
    sign = "−" if value.amount < 0 else ""
    symbol = _SYMBOLS.get(value.currency)
    return f"{sign}{symbol}{grouped}" if symbol else f"{sign}{grouped} {value.currency}"


def amount(value: int | None, currency: str | None) -> str:
    return money(Sum(value, currency)) if value is not None and currency else ""


def span(seconds: float) -> str:
    """The one or two largest units: 48 s, 12 min, 3 h 20 min, 5 days."""
    seconds = abs(seconds)
    if seconds < 60:
        return f"{int(seconds)} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 172800:
        minutes = int(seconds % 3600 // 60)
        hours = int(seconds // 3600)
        return f"{hours} h {minutes} min" if hours < 3 and minutes else f"{hours} h"
    days = int(seconds // 86400)
    return "1 day" if days == 1 else f"{days} days"


def ago(when: datetime | None) -> Markup | str:
    """How long ago, or how soon, with the exact time when pointed at."""
    if when is None:
        return ""
    seconds = (desk().now() - when).total_seconds()
    text = "just now" if abs(seconds) < 5 else f"{span(seconds)} ago" if seconds > 0 else f"in {span(seconds)}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(when.isoformat(), exact(when), text)


def exact(when: datetime | None) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if when else ""


def clock(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%H:%M:%S")


def day(when: datetime) -> str:
    text = when.astimezone(UTC)
    return f"{text:%A}, {text.day} {text:%B %Y}"


def tone(state: str) -> str:
    return _TONES.get(state, "calm")


def state_word(state: str) -> str:
    return _WORDS.get(state, state.replace("_", " "))


def short(value: str | None, keep: int = 14) -> str:
    """The beginning and end of something long, such as a key."""
    if not value or len(value) <= keep:
        return value or ""
    return f"{value[: keep - 5]}…{value[-4:]}"


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def safe_link(url: str | None) -> str | None:
    """The URL where a browser may be sent to it; a source's link may say anything."""
    if not url or urlsplit(url).scheme.lower() not in _SAFE_SCHEMES or not urlsplit(url).netloc:
        return None
    return url


def order_url(key: str) -> str:
    connection, _, source_id = key.partition(":")
    return f"/orders/{quote(connection, safe='')}/{quote(source_id, safe='')}"


def step_url(key: str, step: str) -> str:
    return f"/steps{order_url(key).removeprefix('/orders')}?{urlencode({'step': step})}"


def act_url(act: str, **facts: Any) -> str:
    given = {name: value for name, value in facts.items() if value is not None}
    return f"/act/{act}" + (f"?{urlencode(given)}" if given else "")


def install(app: Flask) -> None:
    """Makes the words above known to every template."""
    named = (money, amount, ago, exact, clock, day, tone, state_word, short, pretty, safe_link, span, said, differences)
    app.jinja_env.filters.update({found.__name__: found for found in named})
    for found in (order_url, step_url, act_url, cause_of, in_words, advice_on, doing, capability_title, title_of_step):
        app.jinja_env.globals[found.__name__] = found
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
