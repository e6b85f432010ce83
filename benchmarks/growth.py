"""How the hub does as its books grow: `python -m benchmarks.growth`

    --stored 1000 100000       throughput with so many finished orders in the store
    --due 1000 100000          throughput with so many steps due
    --minutes 5                memory while orders come steadily, by the order

From a hundred thousand on the copies are slim (see prefill.py): their rows and indexes are all there, their long texts
are not. Bytes by the order are those of whole copies.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import pstdev

from benchmarks.cases import Meter, Result, until_complete
from benchmarks.processes import memory_mb
from benchmarks.sender import Storefront
from benchmarks.standin import StandIn
from benchmarks.systems.crossdock import Embedded, Scaled
from benchmarks.systems.system import Place

SLIM_FROM = 100_000
WHOLE = 1_000  # copies by which the bytes of an order are told
_KINDS: dict[str, type[Embedded]] = {kind.name: kind for kind in (Embedded, Scaled)}
_FIRST = 20  # orders that the hub finishes itself; the first is what is copied
_LIMIT = 60.0


class Grown:
    """`with Grown(kind, providers) as hub:` an installation that has finished a few orders, and is stopped."""

    def __init__(self, kind: type[Embedded], providers: StandIn, finished: int = _FIRST) -> None:
        self._finished = finished
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self.system = kind(Place(self.folder, providers.url, 0))
        self.providers = providers

    def __enter__(self) -> Grown:
        self.providers.reset(0)
        self.system.prepare()
        try:
            self.system.start()
            self.send(self._finished)
            until_complete(self.providers, self._finished, _LIMIT)
        except BaseException:
            self.__exit__()
            raise
        self.system.stop()
        return self

    def __exit__(self, *_: object) -> None:
        self.system.stop()
        self.system.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, count: int, first: int = 0) -> None:
        """So many orders, as fast as they are acknowledged."""
        Storefront(self.folder, self.system.port, count, first=first).send(count, _LIMIT)

    def fill(self, count: int, *, due: bool) -> None:
        if count:
            self.system.fill(count, slim=count >= SLIM_FROM, due=due)
            os.sync()  # or the hub's first commits would pay for it

    def start(self) -> float:
        """Seconds until it answers."""
        began = time.monotonic()
        self.system.start()
        return time.monotonic() - began


def stored(kind: type[Embedded], providers: StandIn, count: int, orders: int) -> Result:
    """New orders beside so many that are finished."""
    with Grown(kind, providers) as hub:
        before = hub.system.stored_bytes()
        hub.fill(count, due=False)
        size = hub.system.stored_bytes() - before
        seconds = hub.start()
        hub.send(_FIRST, first=_FIRST)
        until_complete(providers, 2 * _FIRST, _LIMIT)
        storefront = Storefront(hub.folder, hub.system.port, orders, first=2 * _FIRST)
        began = time.monotonic()
        with Meter(hub.system) as meter:
            sent = storefront.send(orders, _LIMIT)
            until_complete(providers, 2 * _FIRST + orders, _LIMIT)
        ends = [entry.completed for entry in providers.ledger().values()]
        complete = sum(1 for at in ends if at > began)
        return {
            "stored": count, "start_seconds": seconds, "acks_per_second": sent.rate, "p99_ms": sent.p99_ms,
            "orders_per_second": complete / (max(ends) - began), "unfinished": orders - complete,
            "cpu_ms_per_order": sum(meter.cpu.values()) / max(complete, 1) * 1e3, "memory_mb": meter.memory,
            "stored_mb": size / 1e6,
        }  # fmt: skip


def due(kind: type[Embedded], providers: StandIn, count: int, seconds: float) -> Result:
    """So many steps are due from the start on: calls a second."""
    with Grown(kind, providers) as hub:
        hub.fill(count, due=True)
        start = hub.start()
        calls = sum(providers.counts()["calls"])
        began = time.monotonic()
        with Meter(hub.system) as meter:
            while time.monotonic() - began < seconds and providers.counts()["complete"] < count + _FIRST:
                time.sleep(0.25)
            made = sum(providers.counts()["calls"]) - calls
            spent = time.monotonic() - began
        return {
            "due": count, "start_seconds": start, "calls_per_second": made / spent,
            "cpu_ms_per_call": sum(meter.cpu.values()) / max(made, 1) * 1e3, "memory_mb": meter.memory,
        }  # fmt: skip


def whole(kind: type[Embedded], providers: StandIn) -> Result:
    """Bytes of the database by the order."""
    with Grown(kind, providers) as hub:
        before = hub.system.stored_bytes()
        hub.system.fill(WHOLE, slim=False, due=False)
        return {"bytes_per_order": (hub.system.stored_bytes() - before) / WHOLE}


def memory(kind: type[Embedded], providers: StandIn, minutes: float, rate: float) -> Result:
    """Resident memory while orders come steadily: what each added, by the line through the last two thirds."""
    count = int(minutes * 60 * rate)
    with Grown(kind, providers) as hub:
        hub.start()
        seen: list[tuple[int, float]] = []
        with Storefront(hub.folder, hub.system.port, count, first=_FIRST).sending(count, rate=rate):
            end = time.monotonic() + minutes * 60
            while time.monotonic() < end:
                time.sleep(2.0)
                seen.append((providers.counts()["complete"], memory_mb(hub.system.pids())))
        settled = seen[len(seen) // 3 :]
        return {
            "orders": seen[-1][0], "first_mb": settled[0][1], "last_mb": settled[-1][1],
            "kb_per_order": slope(settled) * 1024, "noise_mb": pstdev(mb for _, mb in settled),
        }  # fmt: skip


def slope(points: list[tuple[int, float]]) -> float:
    """Of the line through the points, by least squares."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def main() -> None:
    """Runs what was asked for, and says each result as it comes."""
    told = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    results: dict[str, list[Result]] = {}
    with StandIn() as providers:
        for name in told.systems:
            for work in _asked(_KINDS[name], told):
                found = work(providers)
                results.setdefault(name, []).append(found)
                sys.stderr.write(f"{name}: {json.dumps(found)}\n")
    if told.json:
        told.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def _asked(kind: type[Embedded], told: argparse.Namespace) -> Iterator[Callable[[StandIn], Result]]:
    """What is to be measured of one system."""
    yield partial(whole, kind)
    for count in told.stored:
        yield partial(stored, kind, count=count, orders=told.orders)
    for count in told.due:
        yield partial(due, kind, count=count, seconds=told.seconds)
    if told.minutes:
        yield partial(memory, kind, minutes=told.minutes, rate=told.rate)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--systems", nargs="+", choices=_KINDS, default=list(_KINDS), metavar="NAME")
    parser.add_argument("--stored", nargs="*", type=int, default=[0, 1_000, 100_000], metavar="N")
    parser.add_argument("--due", nargs="*", type=int, default=[1_000, 100_000], metavar="N")
    parser.add_argument("--orders", type=int, default=300, help="new orders beside the stored ones")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long what is due is worked off")
    parser.add_argument("--minutes", type=float, default=0.0, help="how long orders come steadily; 0: not at all")
    parser.add_argument("--rate", type=float, default=15.0, help="orders a second of these")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    main()
