"""What a WSGI application is given, and how its answer goes back, under a server that speaks RSGI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any
from wsgiref.validate import validator

import pytest

from hub.server.rsgi import Desk, environ_of


class Pairs(list[tuple[str, str]]):
    """As much of RSGI's headers as is used."""

    def items(self) -> list[tuple[str, str]]:
        return list(self)

    def get(self, name: str) -> str | None:
        return next((value for known, value in self if known == name), None)


class Scope:
    http_version, scheme, client, server = "1.1", "http", "127.0.0.1:40000", "[::1]:8480"
    path, query_string = "/orders/café", "a=%20b"

    def __init__(self, *pairs: tuple[str, str], method: str = "POST") -> None:
        self.headers, self.method = Pairs(pairs), method


class Wire:
    def __init__(self, body: bytes = b"") -> None:
        self.body = body
        self.answer: tuple[int, dict[str, str], bytes] | None = None

    async def __call__(self) -> bytes:
        return self.body

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.answer = (status, dict(headers), b"")

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answer = (status, dict(headers), body)


def answered(app: Any, scope: Any, wire: Any, door: Any = None) -> tuple[int, dict[str, str], bytes]:
    asyncio.run(Desk(app, door, 1).answer(scope, wire))
    assert wire.answer is not None
    return wire.answer  # type: ignore[no-any-return]


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    told = f"{environ['PATH_INFO'].encode('latin-1').decode()}?{environ['QUERY_STRING']} ".encode()
    start_response("201 Created", [("Content-Type", "text/plain")])
    return [told, environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))]


def test_an_application_that_keeps_to_the_standard_gets_and_gives_it() -> None:
    given = answered(validator(echo), Scope(("content-length", "5")), Wire(b"hello"))
    assert given == (201, {"Content-Type": "text/plain"}, "/orders/café?a=%20b hello".encode())


def test_headers_become_what_wsgi_calls_them() -> None:
    scope: Any = Scope()
    pairs = (
        ("host", "hub.example"), ("cookie", "a=1"), ("cookie", "b=2"), ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-for", "192.0.2.2"), ("x_forwarded_proto", "https"), ("content-type", "text/plain"),
        ("transfer-encoding", "chunked"),
    )  # fmt: skip
    environ = environ_of(scope, pairs, b"abc")
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.1,192.0.2.2"
    assert "HTTP_X_FORWARDED_PROTO" not in environ  # it would pass for a trusted proxy's
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("text/plain", "3")
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["REMOTE_ADDR"]) == ("::1", "8480", "127.0.0.1")
    assert isinstance(environ["wsgi.input"], BytesIO)


def test_a_fault_ends_one_request_and_the_answer_is_closed() -> None:
    closed: list[int] = []

    class Chunks:
        def __iter__(self) -> Iterator[bytes]:
            yield b"a"
            raise RuntimeError("a fault of the application's")

        def close(self) -> None:
            closed.append(1)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Chunks()

    assert answered(app, Scope(), Wire())[0] == 500
    assert closed == [1]


@pytest.mark.parametrize("length", ["10000000", "x"])
def test_what_cannot_be_read_never_reaches_the_application(length: str) -> None:
    status, headers, told = answered(None, Scope(("content-length", length)), Wire())
    assert status == json.loads(told)["status"] == (413 if length.isdigit() else 400)
    assert headers["Content-Type"] == "application/problem+json"


def test_the_door_has_the_first_look() -> None:
    async def door(scope: Any, wire: Any, incoming: Any) -> bool:
        wire.response_empty(204, [])
        return True

    assert answered(None, Scope(), Wire(), door)[0] == 204
