"""Reads a request's body as it was sent, within a cap that holds while reading and not only as declared."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any, Protocol

MAX_BODY_BYTES = 1024 * 1024
_CHUNK = 64 * 1024
_MAX_LENGTH_DIGITS = 12


class BodyFault(Enum):
    """Why a body is not taken in: what counters call it, the answer's status, and words for whoever sent it."""

    TOO_LARGE = ("too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is larger than is accepted here")
    AMBIGUOUS = ("ambiguous_length", HTTPStatus.BAD_REQUEST, "both Content-Length and Transfer-Encoding were sent")
    BAD_LENGTH = ("bad_length", HTTPStatus.BAD_REQUEST, "the Content-Length is not a number")
    BAD_TRANSFER = ("bad_transfer", HTTPStatus.BAD_REQUEST, "no Transfer-Encoding but chunked is accepted")
    TRUNCATED = ("truncated", HTTPStatus.BAD_REQUEST, "the body ended before its declared length")
    UNREADABLE = ("unreadable", HTTPStatus.BAD_REQUEST, "the body could not be read")
    TOO_SLOW = ("too_slow", HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive in time: send it again")
    ENCODED = (
        "encoded",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "content encodings are not accepted: send plain bytes",
    )
    BUSY = ("busy", HTTPStatus.SERVICE_UNAVAILABLE, "too many bodies are being read: send it again later")

    def __init__(self, word: str, status: HTTPStatus, detail: str) -> None:
        self.word, self.status, self.detail = word, status, detail


class BadBody(Exception):
    """Ends the reading of a body."""

    def __init__(self, fault: BodyFault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class Stream(Protocol):
    """A WSGI input."""

    def read(self, size: int, /) -> bytes: ...


def read_body(environ: Mapping[str, Any], cap: int) -> bytes:
    """The raw body, of at most `cap` bytes. Raises BadBody for anything ambiguous, encoded, truncated or too large."""
    length = declared_length(
        environ.get("HTTP_CONTENT_ENCODING"), environ.get("HTTP_TRANSFER_ENCODING"), environ.get("CONTENT_LENGTH"), cap
    )
    return b"" if length == 0 else _read(environ["wsgi.input"], length, cap)


def declared_length(encoding: str | None, transfer: str | None, length: str | None, cap: int) -> int | None:
    """How long a body says that it is; None where only its end will tell. Raises BadBody as `read_body` does."""
    if encoding and encoding.strip().lower() not in ("identity", ""):
        raise BadBody(BodyFault.ENCODED)
    if transfer:
        if length:
            raise BadBody(BodyFault.AMBIGUOUS)
        if transfer.strip().lower() != "chunked":
            raise BadBody(BodyFault.BAD_TRANSFER)
        return None
    found = _declared(length) if length else 0
    if found > cap:
        raise BadBody(BodyFault.TOO_LARGE)
    return found


def _declared(length: str) -> int:
    if not (length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS):
        raise BadBody(BodyFault.BAD_LENGTH)
    return int(length)


def _read(stream: Stream, length: int | None, cap: int) -> bytes:
    # One byte beyond the cap is enough to know that a body without a declared length is too large.
    limit = cap + 1 if length is None else length
    chunks, total = [], 0
    while total < limit:
        chunk = _read_some(stream, min(_CHUNK, limit - total))
        if not chunk:
            break
        chunks.append(chunk)
        total += len(chunk)
    if total > cap:
        raise BadBody(BodyFault.TOO_LARGE)
    if length is not None and total != length:
        raise BadBody(BodyFault.TRUNCATED)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _read_some(stream: Stream, size: int) -> bytes:
    try:
        return stream.read(size)
    except Exception as error:  # each server has exceptions of its own for what a sender breaks
        raise BadBody(BodyFault.UNREADABLE) from error
