"""Reads a request's body as it was sent, within a cap that holds while reading and not only as declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from hub.webhook import answer
from hub.webhook.answer import Refused

_CHUNK = 64 * 1024
_MAX_LENGTH_DIGITS = 12


class Stream(Protocol):
    """A WSGI input."""

    def read(self, size: int, /) -> bytes: ...


def read_body(environ: Mapping[str, Any], cap: int) -> bytes:
    """The raw body, of at most `cap` bytes. Raises Refused for anything ambiguous, encoded, truncated or too large."""
    length = declared_length(
        environ.get("HTTP_CONTENT_ENCODING"), environ.get("HTTP_TRANSFER_ENCODING"), environ.get("CONTENT_LENGTH"), cap
    )
    return b"" if length == 0 else _read(environ["wsgi.input"], length, cap)


def declared_length(encoding: str | None, transfer: str | None, length: str | None, cap: int) -> int | None:
    """How long a body says that it is; None where only its end will tell. Raises Refused as `read_body` does."""
    if (encoding or "identity").strip().lower() != "identity":
        raise Refused(answer.ENCODED)
    if transfer:
        if length:
            raise Refused(answer.AMBIGUOUS)
        if transfer.strip().lower() != "chunked":
            raise Refused(answer.BAD_TRANSFER)
        return None
    found = _declared(length) if length else 0
    if found > cap:
        raise Refused(answer.TOO_LARGE)
    return found


def _declared(length: str) -> int:
    if not (length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS):
        raise Refused(answer.BAD_LENGTH)
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
        raise Refused(answer.TOO_LARGE)
    if length is not None and total != length:
        raise Refused(answer.TRUNCATED)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _read_some(stream: Stream, size: int) -> bytes:
    try:
        return stream.read(size)
    except Exception as error:  # each server has exceptions of its own for what a sender breaks
        raise Refused(answer.UNREADABLE) from error
