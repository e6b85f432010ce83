"""Deliveries that come while others are being committed are committed together, next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime

from hub.model.contract import Inbox, NotDurable
from hub.model.message import Delivery, Kept

_MOST = 128  # in one commit: so many bodies of usual size are written in a few milliseconds

_Waiting = tuple[Delivery, datetime, "asyncio.Future[Kept]"]
_Told = Future[Sequence[Kept]]
_Then = Callable[[asyncio.AbstractEventLoop, list[_Waiting], _Told], None]


class Gathering:
    """For coroutines of one event loop. One commit is under way at a time, so that the next is worth its sync."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._waiting: list[_Waiting] = []
        self._committing = False

    async def keep(self, delivery: Delivery, now: datetime) -> Kept:
        """Returns once the delivery is on stable storage. Raises NotDurable and keeps nothing otherwise."""
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[Kept] = loop.create_future()
        self._waiting.append((delivery, now, kept))
        if not self._committing:
            self._committing = True
            loop.call_soon(self._commit, loop)  # whoever is ready in this turn of the loop goes along
        return await kept

    def _commit(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        self._keep(loop, batch, self._committed)

    def _keep(self, loop: asyncio.AbstractEventLoop, batch: list[_Waiting], then: _Then) -> None:
        try:
            begun = self._inbox.keep_soon([(delivery, now) for delivery, now, _ in batch])
        except Exception as error:
            begun = Future()
            begun.set_exception(error)
        begun.add_done_callback(lambda done: loop.call_soon_threadsafe(then, loop, batch, done))

    def _committed(self, loop: asyncio.AbstractEventLoop, batch: list[_Waiting], done: _Told) -> None:
        if self._waiting:
            self._commit(loop)
        else:
            self._committing = False
        self._tell(loop, batch, done)

    def _tell(self, loop: asyncio.AbstractEventLoop, batch: list[_Waiting], done: _Told) -> None:
        error = done.exception()
        if error is not None and len(batch) > 1 and not isinstance(error, NotDurable):
            for one in batch:  # one of them cannot be kept: the others are not refused for it
                self._keep(loop, [one], self._tell)
            return
        told = done.result() if error is None else ()
        for number, (_, _, kept) in enumerate(batch):
            if kept.done():  # nobody waits any more
                continue
            if error is None:
                kept.set_result(told[number])
            else:
                kept.set_exception(error)
