"""The bounds: a bare ASGI app that verifies and commits many deliveries at once to SQLite, and, where it is told to
(BENCH_CALLS), makes the four calls afterwards with aiohttp. Nothing of the calls is durable: what is under way when the
process ends is lost."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import work

PARALLEL = int(os.environ.get("BENCH_CALLS", "0"))
_ANSWERS = {status: [{"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]},
                     {"type": "http.response.body", "body": b""}] for status in (200, 401)}  # fmt: skip


class Inbox:
    """Deliveries that arrive while one commit is synced share the next."""

    def __init__(self) -> None:
        self._writer = ThreadPoolExecutor(1)
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing = False
        self._db = sqlite3.connect("inbox.db", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, body BLOB)")

    async def keep(self, body: bytes) -> None:
        """Returns when the body is on the disk."""
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((body, kept))
        if not self._writing:
            self._writing = True
            await self._write_all()
        await kept

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await asyncio.get_running_loop().run_in_executor(self._writer, self._commit, [b for b, _ in batch])
                for _, kept in batch:
                    kept.set_result(None)
        finally:
            self._writing = False

    def _commit(self, bodies: list[bytes]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT INTO messages (body) VALUES (?)", [(body,) for body in bodies])
        self._db.execute("COMMIT")


class Calls:
    """So many orders in hand at once; each call is tried again after a 5xx."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._places = asyncio.Semaphore(PARALLEL)
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, body: bytes) -> None:
        task = asyncio.create_task(self._make(work.canonical(body)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _make(self, order: dict) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        async with self._places:
            for step in work.STEPS:
                while not await self._call(self._session, step, order):
                    await asyncio.sleep(1)

    async def _call(self, session: aiohttp.ClientSession, step: str, order: dict) -> bool:
        url, headers = f"{work.PROVIDERS}/{step}/{order['id']}", work.headers_of(step, order)
        async with session.post(url, json=work.body_of(step, order), headers=headers) as answer:
            await answer.json()
            return answer.status < 500


_parts: list = []


async def app(scope: dict, receive: Callable[[], Awaitable[dict]], send: Callable[[dict], Awaitable[None]]) -> None:
    """The whole program."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            break
    if not _parts:
        _parts[:] = [Inbox(), Calls()]
    inbox, calls = _parts
    signature = next((value for name, value in scope["headers"] if name == b"x-wc-webhook-signature"), b"")
    status = 200 if work.signed(signature.decode("latin-1"), body) else 401
    if status == 200:
        await inbox.keep(body)
    for part in _ANSWERS[status]:
        await send(part)
    if status == 200 and PARALLEL:
        calls.begin(body)
