"""The hub under a server that speaks RSGI: webhooks on its event loop, everything else by WSGI on threads."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from hub.webhook import answer
from hub.webhook.answer import Answer, Refused
from hub.webhook.body import declared_length
from hub.webhook.headers import Pairs
from hub.webhook.receiver import MAX_BODY_BYTES, PREFIX, WebhookFrontDoor

BODY_SECONDS = 20.0
BODIES_BYTES = 64 * 1024 * 1024  # of bodies that are on their way, all together

_log = logging.getLogger(__name__)


class Scope(Protocol):
    """What RSGI tells of a request. `path` is decoded; of a header's values, those that are ASCII are there."""

    method: str
    path: str
    query_string: str
    http_version: str
    scheme: str
    client: str
    server: str
    headers: Any


class Wire(Protocol):
    """The request's body and the way back."""

    def __call__(self) -> Awaitable[bytes]: ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None: ...

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


class Desk:
    """Answers every request. `threads`: so many are with the WSGI application at once."""

    def __init__(self, wsgi: WSGIApplication, door: WebhookFrontDoor | None, threads: int) -> None:
        self._wsgi, self._door = wsgi, door
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._room = Room(BODIES_BYTES)

    async def answer(self, scope: Scope, wire: Wire) -> None:
        """The RSGI application."""
        incoming = Incoming(scope, wire, self._room)
        if self._door is not None and scope.path.startswith(PREFIX):
            _give(wire, await self._door.receive(scope.path[len(PREFIX) :], incoming))
            return
        try:
            environ = environ_of(scope, await incoming.body(MAX_BODY_BYTES))
        except Refused as refused:
            _give(wire, refused.answer)
            return
        call = asyncio.get_running_loop().run_in_executor(self._threads, called, self._wsgi, environ)
        try:
            status, headers, body = await call
        except Exception:
            _log.exception("a request failed")
            status, headers, body = HTTPStatus.INTERNAL_SERVER_ERROR, [("Content-Type", "text/plain")], b"Sorry."
        if body:
            wire.response_bytes(status, headers, body)
        else:
            wire.response_empty(status, headers)


class Room:
    """So many bytes may be on their way at once."""

    def __init__(self, size: int) -> None:
        self.left = size


class Incoming:
    """Implements `hub.webhook.receiver.Request`."""

    def __init__(self, scope: Scope, wire: Wire, room: Room) -> None:
        self.method = scope.method
        self._scope, self._wire, self._room = scope, wire, room

    def headers(self) -> Pairs:
        return tuple(self._scope.headers.items())

    async def body(self, cap: int) -> bytes:
        get = self._scope.headers.get
        length = declared_length(get("content-encoding"), get("transfer-encoding"), get("content-length"), cap)
        if length == 0:
            return b""
        size = cap if length is None else length
        if size > self._room.left:
            raise Refused(answer.BUSY)
        self._room.left -= size
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await (self._wire() if length is not None else self._chunks(cap))
        except TimeoutError:
            raise Refused(answer.TOO_SLOW) from None
        except Refused:
            raise
        except Exception as error:  # the server's own for what a sender breaks
            raise Refused(answer.UNREADABLE) from error
        finally:
            self._room.left += size
        if length is not None and len(body) != length:
            raise Refused(answer.TRUNCATED)
        return body

    async def _chunks(self, cap: int) -> bytes:
        """Of a body that does not say how long it is: no more than one chunk beyond the cap is taken in."""
        chunks, total = [], 0
        async for chunk in self._wire:
            chunks.append(chunk)
            total += len(chunk)
            if total > cap:
                raise Refused(answer.TOO_LARGE)
        return b"".join(chunks)


def _give(wire: Wire, given: Answer) -> None:
    status = int(given.status[:3])
    if given.body:
        wire.response_bytes(status, list(given.headers), given.body)
    else:
        wire.response_empty(status, list(given.headers))


def environ_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """A WSGI environment (PEP 3333) for a request that was read."""
    server, client = urlsplit(f"//{scope.server}"), urlsplit(f"//{scope.client}")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server.hostname or "",
        "SERVER_PORT": str(server.port or ""),
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": client.hostname or "",
        "REMOTE_PORT": str(client.port or ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            continue  # it would pass for the header with dashes, which a proxy in front vouches for
        key = "HTTP_" + name.upper().replace("-", "_")
        known = environ.get(key)
        environ[key] = value if known is None else f"{known}{'; ' if name == 'cookie' else ','}{value}"
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        found = environ.pop(f"HTTP_{key}", None)
        if found is not None:
            environ[key] = found
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def called(app: WSGIApplication, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """What a WSGI application answers, as (status, headers, body)."""
    given: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        given[:] = [(status, headers)]
        return written.append

    chunks = app(environ, start_response)
    try:
        written.extend(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = given[0]
    return int(status.split(" ", 1)[0]), headers, b"".join(written)
