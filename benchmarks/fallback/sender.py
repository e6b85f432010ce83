"""The storefront for machines without a C compiler; `native/sender.c` says what it reads and writes."""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from pathlib import Path

AGAIN_AFTER = 0.1
_ENTRY = 52


class Plan:
    """The request, and what differs from order to order."""

    def __init__(self, file: Path) -> None:
        raw = file.read_bytes()
        length, self._signature_at, patches, self.requests = struct.unpack_from("<4I", raw)
        self._places = struct.unpack_from(f"<{patches}I", raw, 16)
        start = 16 + 4 * patches
        self._text, self._entries = raw[start : start + length], raw[start + length :]

    def request(self, index: int) -> bytes:
        entry = self._entries[index * _ENTRY : (index + 1) * _ENTRY]
        made = bytearray(self._text)
        for place in self._places:
            made[place : place + 8] = entry[:8]
        made[self._signature_at : self._signature_at + 44] = entry[8:]
        return bytes(made)


class Storefront:
    """Sends the orders of a plan in turn, over as many connections as `work` is called."""

    def __init__(self, plan: Plan, port: int, first: int, count: int, seconds: float, rate: float) -> None:
        self._plan, self._port, self._rate = plan, port, rate
        self._first, self._next, self._end = first, first, min(first + count, plan.requests)
        self.began = time.monotonic()
        self._ends = self.began + seconds if seconds else float("inf")
        self.records: list[tuple[int, int, float, float]] = []
        self.failures = 0

    async def work(self) -> None:
        """One connection."""
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while self._next < self._end and time.monotonic() < self._ends:
            index, self._next = self._next, self._next + 1
            if self._rate:
                await asyncio.sleep(self.began + (index - self._first) / self._rate - time.monotonic())
            sent, failed = time.monotonic(), 0
            while time.monotonic() < self._ends:
                try:
                    streams = streams or await asyncio.open_connection("127.0.0.1", self._port)
                    if await self._exchange(*streams, self._plan.request(index)):
                        self.records.append((index, failed, sent, time.monotonic()))
                        break
                except (OSError, asyncio.IncompleteReadError):
                    pass
                streams, failed = None, failed + 1
                self.failures += 1
                await asyncio.sleep(AGAIN_AFTER)

    @staticmethod
    async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
        await reader.readexactly(int(length or b"0"))
        return head[9:12] == b"200"


async def main() -> None:
    """sender.py PLAN PORT CONNECTIONS FIRST COUNT SECONDS RATE OUT"""
    plan, port, connections, first, count, seconds, rate, out = sys.argv[1:]
    storefront = Storefront(Plan(Path(plan)), int(port), int(first), int(count), float(seconds), float(rate))
    await asyncio.gather(*(storefront.work() for _ in range(int(connections))))
    records = storefront.records
    Path(out).write_bytes(b"".join(struct.pack("<IIdd", *record) for record in records))
    waits = sorted(acknowledged - sent for _, _, sent, acknowledged in records) or [0.0]
    last = max((acknowledged for *_, acknowledged in records), default=storefront.began)
    summary = {"acknowledged": len(records), "failures": storefront.failures, "began": storefront.began}
    summary |= {"seconds": last - storefront.began, "p50_ms": waits[len(waits) // 2] * 1e3}
    sys.stdout.write(json.dumps(summary | {"p99_ms": waits[len(waits) * 99 // 100] * 1e3}) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
