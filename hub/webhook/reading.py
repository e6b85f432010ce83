"""What the front door reads in a body: as little as it can, since the whole is decoded again when it is translated."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.language.decode import DecodeError, decode_json
from hub.language.evaluate import truthy
from hub.language.expression import Expression, ExpressionError

_UNREAD: Any = object()
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_word = msgspec.json.Decoder(str | int)
_sorted = msgspec.json.Encoder(order="sorted")


class Reading:
    """A body, decoded only if something in it is asked for, and then no further than needed.

    A body that is no JSON reads as nothing: it is kept all the same and held later with its cause, because its
    signature says who sent it.
    """

    __slots__ = ("_data", "_top", "body")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._data = self._top = _UNREAD

    @property
    def data(self) -> Any:
        """The whole body, exact; None if it is not JSON."""
        if self._data is _UNREAD:
            try:
                self._data = decode_json(self.body)
            except DecodeError:
                self._data = None
        return self._data

    @property
    def top(self) -> dict[str, msgspec.Raw] | None:
        """The fields of the body, each as the bytes it was sent in; None if it is not an object."""
        if self._top is _UNREAD:
            try:
                self._top = _fields.decode(self.body)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                self._top = None
        found: dict[str, msgspec.Raw] | None = self._top
        return found

    def word(self, field: str) -> str:
        """A field's text or whole number; "" for anything else."""
        raw = (self.top or {}).get(field)
        try:
            return "" if raw is None else str(_word.decode(raw))
        except (msgspec.MsgspecError, ValueError):
            return ""

    def digest(self, without: Iterable[str] = ()) -> str:
        """SHA-256, in hex, of the body, or of its fields but those in `without`."""
        fields = self.top if without else None
        if fields is None:
            return hashlib.sha256(self.body).hexdigest()
        left_out = set(without)
        steady = {name: raw for name, raw in fields.items() if name not in left_out}
        return hashlib.sha256(_sorted.encode(steady)).hexdigest()


_PLAIN = re.compile(r"= source\.([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True)
class Selector:
    """An expression over the body that names something. Where it only picks a field, the rest is not decoded."""

    expression: Expression
    field: str | None

    @classmethod
    def of(cls, expression: Expression) -> Selector:
        plain = _PLAIN.fullmatch(expression.text)
        return cls(expression, plain[1] if plain else None)

    def word(self, reading: Reading) -> str:
        """The text or whole number that is selected; "" for anything else."""
        if self.field is not None:
            return reading.word(self.field)
        value = _evaluate(self.expression, {"source": reading.data})
        return str(value) if type(value) in (str, int) else ""


def holds(expression: Expression, reading: Reading, settings: Mapping[str, Any]) -> bool:
    """Whether a requirement is true of a body."""
    return truthy(_evaluate(expression, {"source": reading.data, "settings": dict(settings)}))


def _evaluate(expression: Expression, scope: Mapping[str, Any]) -> Any:
    try:
        return expression.evaluate(scope)
    except ExpressionError:
        return None
