"""Reads one HTTP/1.1 answer off a channel, strictly: what is ambiguous is not an answer."""

from __future__ import annotations

import re
import zlib

from hub.wire.call import Unanswered
from hub.wire.channel import Channel

MAX_HEAD_BYTES = 65536
MAX_HEADERS = 200
MAX_INFORMATIONAL = 8

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\x00]*)?")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ENDS_A_LINE = re.compile(rb"[\x00\r]")  # to somebody: in a header's value it is refused, as RFC 9110 asks
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?")


class Answer:
    """`reusable` tells whether the connection may serve another call."""

    __slots__ = ("body", "headers", "reusable", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes, reusable: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.reusable = reusable


def read_answer(channel: Channel, method: str, limit: int, deadline: float) -> Answer:
    """The answer to a request already sent, or `Unanswered`. `limit` caps the body's bytes, packed and unpacked."""
    status, old, headers = _head(channel, deadline)
    try:
        body, framed = _body(channel, method, status, headers, limit, deadline)
        body = _decoded(body, headers, limit)
    except Unanswered as error:
        raise Unanswered(error.what, status) from error
    persistent = "close" not in headers.get("connection", "").lower() and not old
    return Answer(status, headers, body, framed and persistent)


def _head(channel: Channel, deadline: float) -> tuple[int, bool, dict[str, str]]:
    for _ in range(MAX_INFORMATIONAL):
        match = _STATUS.fullmatch(channel.line(MAX_HEAD_BYTES, deadline))
        if match is None:
            raise Unanswered("the answer is not HTTP")
        headers = _headers(channel, deadline)
        status = int(match[2])
        if status == 101:
            raise Unanswered("the provider switched protocols unasked")
        if status >= 200:
            return status, match[1] == b"0", headers
    raise Unanswered("the provider sent only interim answers")


def _headers(channel: Channel, deadline: float) -> dict[str, str]:
    headers: dict[str, str] = {}
    left = MAX_HEAD_BYTES
    for _ in range(MAX_HEADERS):
        line = channel.line(left, deadline)
        if not line:
            return headers
        left -= len(line)
        name, colon, value = line.partition(b":")
        if not colon or left < 0 or not _NAME.fullmatch(name) or _ENDS_A_LINE.search(value):
            raise Unanswered("the answer's headers are malformed")
        key = name.decode("ascii").lower()
        text = value.strip(b" \t").decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    raise Unanswered(f"the answer has more than {MAX_HEADERS} headers")


def _body(
    channel: Channel,
    method: str,
    status: int,
    headers: dict[str, str],
    limit: int,
    deadline: float,
) -> tuple[bytes, bool]:
    """The body, and whether its end was marked (so that the connection can go on)."""
    if method == "HEAD" or status in (204, 304):
        return b"", True
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise Unanswered("the answer's length is ambiguous")
        return _chunked(channel, limit, deadline), True
    if length is None:
        return channel.rest(limit, deadline), False
    if not _LENGTH.fullmatch(length):
        raise Unanswered("the answer's length is malformed")
    if int(length) > limit:
        raise Unanswered(f"the answer is larger than {limit} bytes")
    return channel.exactly(int(length), deadline), True


def _chunked(channel: Channel, limit: int, deadline: float) -> bytes:
    body = bytearray()
    while True:
        match = _CHUNK_SIZE.fullmatch(channel.line(1024, deadline))
        if match is None:
            raise Unanswered("the answer's chunks are malformed")
        size = int(match[1], 16)
        if size == 0:
            _headers(channel, deadline)  # trailers are read and forgotten
            return bytes(body)
        if len(body) + size > limit:
            raise Unanswered(f"the answer is larger than {limit} bytes")
        body += channel.exactly(size, deadline)
        if channel.exactly(2, deadline) != b"\r\n":
            raise Unanswered("the answer's chunks are malformed")


def _decoded(body: bytes, headers: dict[str, str], limit: int) -> bytes:
    coding = headers.pop("content-encoding", "identity").lower()
    if coding == "identity" or not body:
        return body
    if coding not in ("gzip", "x-gzip"):
        raise Unanswered("the answer is compressed in a way that was not asked for")
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise Unanswered("the answer's gzip is damaged") from error
    if len(plain) > limit:
        raise Unanswered(f"the answer unpacks to more than {limit} bytes")
    if not stream.eof or stream.unused_data:
        raise Unanswered("the answer's gzip is incomplete")
    return plain
