"""A request's body under a server that speaks RSGI: within a size, a room and a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.wire.body import BadBody, BodyFault
from hub.wire.rsgi import BodyRoom, Incoming


class Headers(dict[str, str]):
    """As much of RSGI's as is used."""


class Scope:
    method = "POST"

    def __init__(self, **headers: str) -> None:
        self.headers = Headers({name.replace("_", "-"): value for name, value in headers.items()})


class Wire:
    """Its body in pieces; `late`: it never ends."""

    def __init__(self, *pieces: bytes, late: bool = False, broken: bool = False) -> None:
        self.pieces, self.late, self.broken = pieces, late, broken
        self.given = 0

    async def __call__(self) -> bytes:
        return b"".join([piece async for piece in self])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.given += 1
            yield piece
        if self.late:
            await asyncio.Event().wait()
        if self.broken:
            raise RuntimeError("the transport is closed")


def read(wire: Wire, room: BodyRoom | None = None, cap: int = 100, **headers: Any) -> bytes | BodyFault:
    async def go() -> bytes:
        scope: Any = Scope(**headers)
        sent: Any = wire
        return await Incoming(scope, sent, room or BodyRoom(1000, 10)).body(cap)

    try:
        return asyncio.run(go())
    except BadBody as bad:
        return bad.fault


def test_a_body_as_long_as_it_says() -> None:
    assert read(Wire(b"ab", b"c"), content_length="3") == b"abc"
    assert read(Wire(b"ab"), content_length="3") is BodyFault.TRUNCATED
    assert read(Wire(b"ab", broken=True), content_length="3") is BodyFault.UNREADABLE
    assert read(Wire()) == b""


def test_a_body_that_does_not_say_is_read_no_further_than_the_cap() -> None:
    assert read(Wire(b"ab", b"c"), transfer_encoding="chunked") == b"abc"
    endless = Wire(*[b"x" * 60] * 100)
    assert read(endless, transfer_encoding="chunked") is BodyFault.TOO_LARGE
    assert endless.given == 2


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({"content_length": "101"}, BodyFault.TOO_LARGE),
        ({"content_length": "x"}, BodyFault.BAD_LENGTH),
        ({"content_length": "3", "content_encoding": "gzip"}, BodyFault.ENCODED),
        ({"content_length": "3", "transfer_encoding": "chunked"}, BodyFault.AMBIGUOUS),
        ({"transfer_encoding": "gzip, chunked"}, BodyFault.BAD_TRANSFER),
    ],
)
def test_what_is_not_taken_in_is_not_even_read(headers: dict[str, Any], fault: BodyFault) -> None:
    wire = Wire(b"abc")
    assert read(wire, **headers) is fault
    assert wire.given == 0


def test_a_body_that_comes_too_late_is_ended_and_its_room_is_free_again() -> None:
    room = BodyRoom(100, 0.01)
    assert read(Wire(b"a", late=True), room, content_length="100") is BodyFault.TOO_SLOW
    assert read(Wire(b"a" * 100), room, content_length="100") == b"a" * 100


def test_where_there_is_no_room_the_sender_comes_again() -> None:
    async def go() -> list[Any]:
        room = BodyRoom(10, 10)
        slow: Any = Wire(b"a", late=True)
        scope: Any = Scope(content_length="6")
        first = asyncio.create_task(Incoming(scope, slow, room).body(100))
        await asyncio.sleep(0)
        second: Any = Wire(b"abcdef")
        with pytest.raises(BadBody) as caught:
            await Incoming(scope, second, room).body(100)
        first.cancel()
        ended = await asyncio.gather(first, return_exceptions=True)
        return [caught.value.fault, type(ended[0]), await Incoming(scope, second, room).body(100)]

    assert asyncio.run(go()) == [BodyFault.BUSY, asyncio.CancelledError, b"abcdef"]
