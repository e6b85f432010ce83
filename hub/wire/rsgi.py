"""A request as a server that speaks RSGI hands it over, and its body, within bounds of size, of room and of time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, Protocol

from hub.wire.body import BadBody, BodyFault, declared_length

_LOOK_SECONDS = 1.0


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


def give(wire: Wire, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
    """The whole answer."""
    if body:
        wire.response_bytes(status, list(headers), body)
    else:
        wire.response_empty(status, list(headers))


class BodyRoom:
    """So many bytes may be on their way at once, each body for so long.

    One look a second ends those that are late: a timer for each request costs more than all else that is done for it
    here.
    """

    def __init__(self, size: int, seconds: float) -> None:
        self._left, self._seconds = size, seconds
        self._coming: dict[asyncio.Task[Any], float] = {}  # by when it must be there
        self._looking = False

    def take(self, size: int) -> asyncio.Task[Any]:
        """To be given to `leave`. Raises BadBody where there is no room."""
        if size > self._left:
            raise BadBody(BodyFault.BUSY)
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        if not self._looking:
            self._looking = True
            loop.call_later(_LOOK_SECONDS, self._look, loop)
        self._left -= size
        self._coming[task] = loop.time() + self._seconds
        return task

    def awaits(self, task: asyncio.Task[Any]) -> bool:
        """False once its time was over, and it was cancelled for that."""
        return task in self._coming

    def leave(self, task: asyncio.Task[Any], size: int) -> None:
        self._left += size
        self._coming.pop(task, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task in [task for task, until in self._coming.items() if until < now]:
            del self._coming[task]
            task.cancel()
        self._looking = bool(self._coming)
        if self._looking:
            loop.call_later(_LOOK_SECONDS, self._look, loop)


class Incoming:
    """A request whose body is not read yet. `pairs`: its headers, names in lower case."""

    def __init__(self, scope: Scope, wire: Wire, room: BodyRoom) -> None:
        self.method, self._headers = scope.method, scope.headers
        self.pairs: tuple[tuple[str, str], ...] = tuple(scope.headers.items())
        self._wire, self._room = wire, room

    async def body(self, cap: int) -> bytes:
        """The raw body, of at most `cap` bytes. Raises BadBody."""
        of = self._headers.get
        length = declared_length(of("content-encoding"), of("transfer-encoding"), of("content-length"), cap)
        if length == 0:
            return b""
        size = cap if length is None else length
        task = self._room.take(size)
        try:
            body = await (self._wire() if length is not None else self._chunks(cap))
        except asyncio.CancelledError:
            if self._room.awaits(task):
                raise
            task.uncancel()  # it is only late
            raise BadBody(BodyFault.TOO_SLOW) from None
        except BadBody:
            raise
        except Exception as error:  # the server's own for what a sender breaks
            raise BadBody(BodyFault.UNREADABLE) from error
        finally:
            self._room.leave(task, size)
        if length is not None and len(body) != length:
            raise BadBody(BodyFault.TRUNCATED)
        return body

    async def _chunks(self, cap: int) -> bytes:
        """Of a body that does not say how long it is: no more than one chunk beyond the cap is taken in."""
        chunks, total = [], 0
        async for chunk in self._wire:
            chunks.append(chunk)
            total += len(chunk)
            if total > cap:
                raise BadBody(BodyFault.TOO_LARGE)
        return b"".join(chunks)
