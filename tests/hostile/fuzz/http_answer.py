"""The HTTP answer parser on a channel that delivers in any pieces, against the standard library's reader."""

from __future__ import annotations

import gzip
import io
import re
import time
from http.client import HTTPException, HTTPResponse
from typing import Any, cast

from hub.wire.answer import Answer, read_answer
from hub.wire.call import Unanswered
from hub.wire.channel import Channel
from tests.hostile.fuzz.drawing import Draw
from tests.hostile.fuzz.target import Target, expect

LIMIT = 3000
_METHODS = ("GET", "POST", "HEAD")
_HEAD = b"HTTP/1.1 200 OK\r\n"
SEEDS = (
    _HEAD + b"Content-Length: 2\r\n\r\n{}", _HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    _HEAD + b"\r\n{}", _HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
    b"HTTP/1.0 404 Not Found\r\n\r\nno", b"HTTP/1.1 100 Continue\r\n\r\n" + _HEAD + b"Content-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 101 X\r\n\r\n",
    _HEAD + b"Content-Encoding: gzip\r\nContent-Length: 22\r\n\r\n" + gzip.compress(b"{}", mtime=0),
    _HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 100_000, mtime=0),
    _HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    _HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", _HEAD + b"Content-Length: -1\r\n\r\n",
    _HEAD + b"A: b\r\n c: d\r\n\r\n", _HEAD + b"A: b\x00c\rd\r\n\r\n", _HEAD + b"A : b\r\n\r\n",
    _HEAD + b"Connection: close\r\nContent-Length: 1\r\n\r\nxy", b"HTTP/1.1 99 X\r\n\r\n",
    _HEAD + b"Content-Length: 999999999\r\n\r\n", _HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n",
    b"HTTP/2 200\r\n\r\n", b"junk", b"HTTP/1.1 100 C\r\n\r\n" * 9, _HEAD + b"X: y\r\n" * 201 + b"\r\n",
)  # fmt: skip
WORDS = (
    b"HTTP/1.1 ", b"HTTP/1.0 ", b"\r\n", b"\n", b"\r\n\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip\r\n", b"Connection: close\r\n", b"0\r\n\r\n", b"1\r\nx\r\n", b": ", b"\x00", b"\r", b";",
    b"\x1f\x8b\x08\x00", b"100 Continue\r\n\r\n", b"204 ", b"304 ",
)  # fmt: skip


class Pieces:
    """A socket that gives what it has in pieces, and then closes."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = data, size

    def recv(self, most: int) -> bytes:
        count = min(most, self._size)
        piece, self._data = self._data[:count], self._data[count:]
        return piece

    def settimeout(self, seconds: float) -> None:
        expect(seconds > 0, "a time-out of nothing")

    def close(self) -> None:
        """There is nothing to close."""


def check(data: bytes) -> None:
    draw = Draw(data)
    method, size = draw.pick(_METHODS), draw.pick((65536, 7, 1))
    raw = draw.rest()
    channel = Channel(cast(Any, Pieces(raw, size)))
    answer = read_answer(channel, method, LIMIT, time.monotonic() + 3600)
    expect(100 <= answer.status <= 999, f"the status {answer.status}")
    expect(len(answer.body) <= LIMIT, "a body beyond the limit")
    for name, value in answer.headers.items():
        expect(re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9a-z]+", name), f"the header's name {name!r}")
        expect(not set(value) & set("\x00\r\n"), f"the header {name} holds a character that ends a line")
    whole = read_answer(Channel(cast(Any, Pieces(raw, 65536))), method, LIMIT, time.monotonic() + 3600)
    expect(
        (whole.status, whole.headers, whole.body) == (answer.status, answer.headers, answer.body), "pieces change it"
    )
    _expect_as_others_read_it(raw, method, answer)
    if answer.reusable:
        _expect_framed(answer, method)


def _expect_as_others_read_it(raw: bytes, method: str, answer: Answer) -> None:
    try:
        other = HTTPResponse(cast(Any, _File(raw)), method=method)
        other.begin()
        body = other.read()
    except (HTTPException, ValueError, OSError, OverflowError):  # the last for a chunk of 2**63 bytes
        return
    coding = other.headers.get("transfer-encoding", "")
    if other.status < 200 or coding != coding.strip():
        return  # that reader passes over one kind of interim answer alone, and leaves a tab behind a value
    expect(other.status == answer.status, f"another reader sees the status {other.status}")
    # That reader looks for chunks even where the status says that there is no body.
    if other.headers.get("content-encoding", "identity").lower() == "identity" and other.status not in (204, 304):
        expect(body == answer.body, "another reader sees another body")


class _File:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _expect_framed(answer: Answer, method: str) -> None:
    """Only an answer whose end was marked leaves a connection that may go on."""
    marked = {"content-length", "transfer-encoding"} & set(answer.headers)
    expect(marked or method == "HEAD" or answer.status in (204, 304), "an answer without an end is followed by another")
    expect("close" not in answer.headers.get("connection", ""), "a connection that closes is kept")


TARGET = Target(
    "http-answer", "the HTTP answer parser against the standard library's", check, (Unanswered,),
    lambda: [bytes([method, size]) + seed for method in (0, 2) for size in (0, 1) for seed in SEEDS], WORDS,
)  # fmt: skip
