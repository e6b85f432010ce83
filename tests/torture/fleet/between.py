"""What lies between two machines: a TCP proxy in a process of its own that holds, cuts and forgets connections.

`python -m tests.torture.fleet.between PORT TARGET... [--postgres]` listens on PORT and carries each connection to the
first of the targets that answers. A line of JSON on stdin changes what it does, and is answered with its counts.

With --postgres it reads the server's side of the protocol: of so many COMMITs the answer is swallowed, and the
connection cut, once the server has given it; so many transactions are cut in their middle.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_CHUNK = 1 << 16
_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"
_IN_TRANSACTION = b"Z\x00\x00\x00\x05T"


class Cut(Exception):
    """From here on nothing passes."""


class Between:
    """`settings`: targets (ports), swallow and cut (shares), hold (nothing passes, nothing breaks off)."""

    def __init__(self, targets: list[int], *, postgres: bool) -> None:
        self._targets, self._postgres = targets, postgres
        self._swallow = self._cut = 0.0
        self._open = asyncio.Event()
        self._open.set()
        self._chance = random.Random("between")
        self._writers: set[asyncio.StreamWriter] = set()
        self.counts: Counter[str] = Counter()

    def obey(self, said: dict[str, Any]) -> None:
        """`then`, with an end of `hold`: what becomes of the connections that were held. "carry": what lay there
        arrives late; "cut": both sides hear of it; "forget": the caller never hears of it, as when a machine vanishes.
        """
        self._targets = said.get("targets", self._targets)
        self._swallow, self._cut = said.get("swallow", self._swallow), said.get("cut", self._cut)
        if said.get("hold") is True:
            self._open.clear()
        elif said.get("hold") is False:
            self._let_go(said.get("then", "carry"))
            self._open.set()

    def _let_go(self, then: str) -> None:
        if then == "cut":
            self.counts["connections_cut"] += len(self._writers)
            for writer in list(self._writers):
                writer.transport.abort()
        elif then == "forget":
            self.counts["connections_forgotten"] += len(self._writers)
            self._writers.clear()  # each pump sees that its connection is known no more, and goes on to hold it

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One caller's connection, from its beginning to its end."""
        await self._open.wait()
        there = await self._reached()
        if there is None:
            writer.transport.abort()
            return
        self.counts["connections"] += 1
        their_reader, their_writer = there
        mine = {writer, their_writer}
        self._writers |= mine
        judge = self._judge if self._postgres else None
        pumps = [
            asyncio.create_task(self._pump(reader, their_writer, None)),
            asyncio.create_task(self._pump(their_reader, writer, judge)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        forgotten = writer not in self._writers
        self._writers -= mine
        their_writer.transport.abort()
        if not forgotten:
            writer.transport.abort()
        for pump in pumps:
            pump.cancel()

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for target in list(self._targets):
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", target)
        self.counts["nobody_there"] += 1
        return None

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        judge: Callable[[bytes], None] | None,
    ) -> None:
        with suppress(OSError, Cut):
            while data := await reader.read(_CHUNK):
                await self._open.wait()
                if writer not in self._writers:
                    return
                if judge is not None:
                    judge(data)
                writer.write(data)
                await writer.drain()

    def _judge(self, data: bytes) -> None:
        """An answer comes in one piece, as one that is so short does. Raises Cut."""
        committed = data.find(_COMMITTED) >= 0
        self.counts["commits"] += committed
        if committed and self._chance.random() < self._swallow:
            self.counts["commit_answers_swallowed"] += 1
            raise Cut
        if data.endswith(_IN_TRANSACTION) and self._chance.random() < self._cut:
            self.counts["transactions_cut"] += 1
            raise Cut


async def _serve(between: Between, port: int) -> None:
    server = await asyncio.start_server(between.carry, "127.0.0.1", port, backlog=256)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with server:
        while line := await reader.readline():
            between.obey(json.loads(line))
            sys.stdout.write(json.dumps(between.counts) + "\n")
            sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.torture.fleet.between", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("targets", type=int, nargs="*")
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    asyncio.run(_main(asked))


async def _main(asked: argparse.Namespace) -> None:
    await _serve(Between(asked.targets, postgres=asked.postgres), asked.port)


if __name__ == "__main__":
    main()
