"""What a provider is asked and what it answers, without a socket in sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)

Ending = Literal["answer", "hang", "reset", "short", "drip", "wire"]


class BadBody(ValueError):
    """The body is not what the content type promises."""


@dataclass(frozen=True)
class Call:
    """One request. `path` is below the account's prefix, unquoted; header names are lower case.

    `upset` names the fault that will spoil the answer, for providers that remember their own answers;
    `busy_until` is when the answer has left, so that a second request meanwhile finds the first in progress.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: float
    upset: str | None = None
    busy_until: float = 0.0

    def json(self) -> Any:
        """The decoded body, decimals exact. Raises BadBody."""
        try:
            return _DECODER.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadBody(str(error)) from error

    def form(self) -> dict[str, Any]:
        """The decoded form: `metadata[order]=1` nests, `expand[]=x` lists. Raises BadBody."""
        try:
            return nested(parse_qsl(self.body.decode("ascii"), keep_blank_values=True))
        except UnicodeDecodeError as error:
            raise BadBody("a form is ASCII") from error


@dataclass(frozen=True)
class Answer:
    """What goes back. `hold` seconds pass first; then `ending` says how.

    answer: the whole answer. hang: nothing, the connection closes. reset: nothing, the connection is reset.
    short: the head and half of the body, then the connection closes. drip: the whole answer, a byte a second.
    wire: `body` is all that goes on the wire, the head included.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    hold: float = 0.0
    ending: Ending = "answer"

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:
        return _DECODER.decode(self.body)


def encode(document: Any) -> bytes:
    """JSON bytes; Decimals become numbers exactly as they stand."""
    return _ENCODER.encode(document)


def answer(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """A JSON answer."""
    extra = tuple(headers.items()) if headers else ()
    return Answer(status, encode(document), (("Content-Type", "application/json; charset=utf-8"), *extra))


def pairs_of(query: str) -> dict[str, str]:
    """The query string as a mapping; of repeated names the last one counts."""
    return dict(parse_qsl(query, keep_blank_values=True))


def segments(path: str) -> list[str]:
    """The path's parts, unquoted one by one so that an encoded slash stays inside its part."""
    return [unquote(part) for part in path.split("/") if part]


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Bracketed names as nested mappings and lists."""
    document: dict[str, Any] = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        if not rest:
            document[head] = value
        elif rest == [""]:
            document.setdefault(head, []).append(value)
        else:
            _descend(document, [head, *rest[:-1]])[rest[-1]] = value
    return document


def _descend(document: dict[str, Any], names: list[str]) -> dict[str, Any]:
    for name in names:
        inner = document.setdefault(name, {})
        if not isinstance(inner, dict):
            raise BadBody(f"{name} is both a value and a mapping")
        document = inner
    return document
