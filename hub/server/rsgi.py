"""The hub under a server that speaks RSGI: webhooks on its event loop, everything else by WSGI on threads."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from hub.wire.body import MAX_BODY_BYTES, BadBody
from hub.wire.problem import CONTENT_TYPE, document
from hub.wire.rsgi import BodyRoom, Incoming, Scope, Wire, give

BODY_SECONDS = 20.0
BODIES_BYTES = 64 * 1024 * 1024  # of bodies that are on their way, all together

Door = Callable[[Scope, Wire, Incoming], Awaitable[bool]]

_PROBLEM = [("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store")]

_log = logging.getLogger(__name__)


class Desk:
    """Answers every request. `door` has the first look, and says whether it answered; `threads`: so many are with the
    WSGI application at once.
    """

    def __init__(self, wsgi: WSGIApplication, door: Door | None, threads: int) -> None:
        self._wsgi, self._door = wsgi, door
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._room = BodyRoom(BODIES_BYTES, BODY_SECONDS)

    async def answer(self, scope: Scope, wire: Wire) -> None:
        """The RSGI application."""
        incoming = Incoming(scope, wire, self._room)
        if self._door is not None and await self._door(scope, wire, incoming):
            return
        try:
            environ = environ_of(scope, incoming.pairs, await incoming.body(MAX_BODY_BYTES))
        except BadBody as bad:
            give(wire, bad.fault.status, _PROBLEM, document(bad.fault.status, bad.fault.detail))
            return
        call = asyncio.get_running_loop().run_in_executor(self._threads, called, self._wsgi, environ)
        try:
            status, headers, body = await call
        except Exception:
            _log.exception("a request failed")
            status, headers, body = HTTPStatus.INTERNAL_SERVER_ERROR, [("Content-Type", "text/plain")], b"Sorry."
        give(wire, status, headers, body)


def environ_of(scope: Scope, pairs: tuple[tuple[str, str], ...], body: bytes) -> dict[str, Any]:
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
    for name, value in pairs:
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
