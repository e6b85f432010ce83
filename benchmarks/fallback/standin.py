"""The providers' stand-in for machines without a C compiler; `native/standin.c` says what it answers."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

STEPS = ("charge", "warehouse", "label", "mail")


@dataclass
class Order:
    """What one order's calls were."""

    calls: list[int] = field(default_factory=lambda: [0] * 4)
    first: dict[int, tuple[str, bytes]] = field(default_factory=dict)  # step -> key and body of its first call
    completed: float = 0.0


class Ledger:
    """Every call that came."""

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.counts: dict[str, Any] = {"complete": 0} | {k: [0] * 4 for k in ("calls", "doubled", "replayed")}
        self.counts |= {"early": 0, "other": 0}

    def count(self, step: int, number: int, key: str, body: bytes) -> None:
        order = self.orders.setdefault(number, Order())
        self.counts["calls"][step] += 1
        order.calls[step] += 1
        if order.calls[step] > 1:
            again = "replayed" if key and key == order.first[step][0] else "doubled"
            self.counts[again][step] += 1
            return
        order.first[step] = (key, body)
        self.counts["early"] += not all(order.calls[:step])
        if all(order.calls):
            order.completed = time.monotonic()
            self.counts["complete"] += 1

    def text(self) -> bytes:
        rows = (f"{n} {' '.join(map(str, o.calls))} {o.completed:.6f}\n" for n, o in sorted(self.orders.items()))
        return "".join(rows).encode()

    def found(self, step: int, number: int) -> bytes:
        order = self.orders.get(number)
        if order is None or step not in order.first:
            return b'{"hits": []}'
        sent = json.loads(order.first[step][1] or b"null")
        return json.dumps({"hits": [{"id": f"{STEPS[step]}-{number}", "sent": sent}]}).encode()


class Providers:
    """All four behind one port."""

    def __init__(self, delay_ms: float) -> None:
        self.delay = delay_ms / 1e3
        self.modes = ["ok"] * 4
        self.ledger = Ledger()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                method, path, _ = first.split(" ")
                status, answer = await self.answer(method, path[1:].split("/"), headers, body)
                writer.write(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n" % status)
                writer.write(b"Content-Length: %d\r\n\r\n" % len(answer) + answer)
                await writer.drain()
                if headers.get("connection", "").lower() == "close":
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def answer(self, method: str, path: list[str], headers: dict[str, str], body: bytes) -> tuple[bytes, bytes]:
        """Status and body of the answer."""
        match method, path:
            case "POST", [name, number] if name in STEPS:
                return await self.call(STEPS.index(name), int(number), headers.get("idempotency-key", ""), body)
            case "GET", ["counts"]:
                return b"200 OK", json.dumps(self.ledger.counts).encode()
            case "GET", ["ledger"]:
                return b"200 OK", self.ledger.text()
            case "GET", ["find", name, number] if name in STEPS:
                if (away := await self.away(STEPS.index(name), ("hang",))) is not None:
                    return away
                return b"200 OK", self.ledger.found(STEPS.index(name), int(number))
            case "POST", ["delay", ms]:
                self.delay = float(ms) / 1e3
            case "POST", ["reset"]:
                self.ledger = Ledger()
            case "POST", ["mode", name, mode] if name in STEPS:
                self.modes[STEPS.index(name)] = mode
            case _:
                self.ledger.counts["other"] += 1
                return b"404 Not Found", b"{}"
        return b"200 OK", b"{}"

    async def away(self, step: int, silent: tuple[str, ...]) -> tuple[bytes, bytes] | None:
        """What a provider answers that is not to be reached; `silent`: the modes in which it never does."""
        mode = self.modes[step]
        if mode != "503" and mode not in silent:
            return None
        self.ledger.counts["other"] += 1
        await asyncio.sleep(3600 if mode in silent else 0)
        return b"503 Service Unavailable", b"{}"

    async def call(self, step: int, number: int, key: str, body: bytes) -> tuple[bytes, bytes]:
        if (away := await self.away(step, ("hang", "stuck"))) is not None:
            return away
        self.ledger.count(step, number, key, body)
        if self.delay:
            await asyncio.sleep(self.delay)
        told = {"id": f"{STEPS[step]}-{number}", "status": "done", "tracking_number": f"T{number}"}
        return b"200 OK", json.dumps(told).encode()


async def main() -> None:
    """standin.py PORT DELAY_MS; the first line of the output is the port."""
    providers = Providers(float(sys.argv[2]))
    server = await asyncio.start_server(providers.serve, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
