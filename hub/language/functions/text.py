"""Texts. A null stays null; what is made is never longer than the language allows."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from hub.language.decode import canonical_json
from hub.language.evaluate import MAX_TEXT, ExpressionError, Frame
from hub.language.functions.registry import Function


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ExpressionError("a text is wanted here")
    return value


def _short(length: int) -> None:
    if length > MAX_TEXT:
        raise ExpressionError(f"a text longer than {MAX_TEXT:,} characters would be made")


def string(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise ExpressionError("a list or mapping cannot stand as text; use json")


def filled(value: Any) -> str | None:
    text = string(value)
    return None if text is None else text.strip() or None


def lower(value: Any) -> str | None:
    return None if value is None else _text(value).lower()


def upper(value: Any) -> str | None:
    return None if value is None else _text(value).upper()


def trim(value: Any) -> str | None:
    return None if value is None else _text(value).strip()


def split(frame: Frame, value: Any, separator: Any) -> list[str] | None:
    if value is None:
        return None
    if not _text(separator):
        raise ExpressionError("split: the separator is empty")
    parts = _text(value).split(separator)
    frame.charge(len(parts))
    return parts


def join(frame: Frame, separator: Any, values: Any) -> str:
    if values is not None and type(values) is not list:
        raise ExpressionError("join: a list is wanted")
    frame.charge(len(values or []))
    texts = [text for value in values or [] if (text := string(value)) is not None]
    _short(sum(map(len, texts)) + len(texts) * len(_text(separator)))
    return str(separator.join(texts))


def replace(value: Any, old: Any, new: Any) -> str | None:
    if value is None:
        return None
    if not _text(old):
        raise ExpressionError("replace: there is nothing to replace")
    _short(len(_text(value)) + value.count(old) * len(_text(new)))
    return str(value.replace(old, new))


def starts_with(value: Any, prefix: Any) -> bool:
    return type(value) is str and value.startswith(_text(prefix))


def ends_with(value: Any, suffix: Any) -> bool:
    return type(value) is str and value.endswith(_text(suffix))


def shorten(value: Any, most: Any) -> str | None:
    if value is None:
        return None
    if type(most) is not int or most < 0:
        raise ExpressionError("shorten: a whole number is wanted")
    return _text(value)[:most]


def template(pattern: Any, *values: Any) -> str:
    pieces = _text(pattern).split("{}")
    if len(pieces) != len(values) + 1:
        raise ExpressionError(f"template: {len(pieces) - 1} places for {len(values)} values")
    texts = [string(value) for value in values]
    if None in texts:
        raise ExpressionError(f"template: value {texts.index(None) + 1} is null")
    made = pieces[0] + "".join(f"{text}{piece}" for text, piece in zip(texts, pieces[1:], strict=True))
    _short(len(made))
    return made


def _check_template(literals: list[Any]) -> str | None:
    pattern = literals[0]
    if pattern is ...:
        return None
    if type(pattern) is not str:
        return "the pattern is not a text"
    places = pattern.count("{}")
    if places != len(literals) - 1:
        return f"{places} places for {len(literals) - 1} values"
    if "{" in pattern.replace("{}", "") or "}" in pattern.replace("{}", ""):
        return "places are empty braces, in order: {}"
    return None


def as_json(frame: Frame, value: Any) -> str:
    frame.charge_all(value)
    made = canonical_json(value).decode()
    _short(len(made))
    return made


def to_hex(value: Any) -> str | None:
    return None if value is None else _bytes(value).hex()


def to_base64(value: Any) -> str | None:
    return None if value is None else base64.b64encode(_bytes(value)).decode("ascii")


def url_part(value: Any) -> str | None:
    text = string(value)
    if text is None:
        return None
    _short(3 * len(text))
    return quote(text.encode("utf-8", "replace"), safe="")


def _bytes(value: Any) -> bytes:
    _short(2 * len(_text(value)))
    return str(value).encode("utf-8", "replace")


FUNCTIONS = (
    Function("string(value)", "A number, true or false as text; null stays null.", string),
    Function("filled(value)", "As text without spaces around it; null where nothing is left.", filled),
    Function("lower(text)", "In small letters.", lower),
    Function("upper(text)", "In capitals.", upper),
    Function("trim(text)", "Without spaces around it.", trim),
    Function("split(text, separator)", "The parts of a text.", split, framed=True),
    Function("join(separator, list)", "One text of a list; null elements are left out.", join, framed=True),
    Function("replace(text, old, new)", "Every occurrence replaced; no patterns.", replace),
    Function("starts_with(text, prefix)", "Whether a text begins so.", starts_with),
    Function("ends_with(text, suffix)", "Whether a text ends so.", ends_with),
    Function("shorten(text, most)", "At most so many characters.", shorten),
    Function(
        "template(pattern, values...)",
        "The pattern with each {} replaced in order; a null value is an error.",
        template,
        check=_check_template,
    ),
    Function("json(value)", "The value as canonical JSON.", as_json, framed=True),
    Function("hex(text)", "The text's UTF-8 bytes in hexadecimal.", to_hex),
    Function("base64(text)", "The text's UTF-8 bytes in base64.", to_base64),
    Function("url_part(value)", "Escaped for one part of a path or query.", url_part),
)
