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
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("identity", ""):
        raise Refused(answer.ENCODED)
    transfer, length = environ.get("HTTP_TRANSFER_ENCODING"), environ.get("CONTENT_LENGTH")
    if transfer:
        if length:
            raise Refused(answer.AMBIGUOUS)
        if transfer.strip().lower() != "chunked":
            raise Refused(answer.BAD_TRANSFER)
        return _read(environ["wsgi.input"], None, cap)
    return _read(environ["wsgi.input"], _declared(length), cap) if length else b""


def _declared(length: str) -> int:
    if not (length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS):
        raise Refused(answer.BAD_LENGTH)
    return int(length)


def _read(stream: Stream, length: int | None, cap: int) -> bytes:
    if length is not None and length > cap:
        raise Refused(answer.TOO_LARGE)
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
