"""What is done to each system, and what is counted meanwhile."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import cpu_seconds, machine_seconds, memory_mb
from benchmarks.sender import Storefront
from benchmarks.standin import StandIn
from benchmarks.systems.system import Place, System

KILL_AFTER_SECONDS = 5.0
DOWN_SECONDS = 2.0
RECOVERY_SECONDS = 100.0  # what is still unfinished then is called so: leases of a minute have ended
_LOOK_SECONDS = 0.25
Result = dict[str, Any]


@dataclass
class Terms:
    """How long and how much. `orders`: instead of what each system says of itself; `pause`: seconds between the start
    of a system and its load, for whoever wants to look at its processes."""

    seconds: float = 5.0
    limit: float = 60.0
    orders: int | None = None
    parallel: int | None = None
    pause: float = 0.0
    say: Callable[[str], None] = field(default=lambda text: None)


class Meter:
    """`with Meter(system) as meter:` CPU seconds and the most memory of its processes and services meanwhile.

    `foreign`: the part of the machine's CPU that went to what is no part of the benchmark, which is this process and
    all that it has started. On a quiet machine it is near nothing; where it is not, only CPU by the order says much.
    """

    def __init__(self, system: System) -> None:
        self._groups = {"app": system.pids(), **system.services()}
        self._began = self._cpu()
        self._machine = machine_seconds()
        self._ours = self._our_cpu()
        self.foreign = 0.0
        self._most = dict.fromkeys(self._groups, 0.0)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.cpu: dict[str, float] = {}
        self.memory: dict[str, float] = {}

    def _cpu(self) -> dict[str, float]:
        return {name: cpu_seconds(pids) for name, pids in self._groups.items()}

    def _our_cpu(self) -> float:
        """The benchmark's, with services that are nobody's children."""
        return cpu_seconds({os.getpid(), *(pid for pids in self._groups.values() for pid in pids)})

    def _watch(self) -> None:
        while not self._ending.wait(1.0):
            self._look()

    def _look(self) -> None:
        for name, pids in self._groups.items():
            self._most[name] = max(self._most[name], memory_mb(pids))

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self._look()
        now = self._cpu()
        self.cpu = {name: now[name] - was for name, was in self._began.items()}
        self.memory = dict(self._most)
        spent, whole = (at - was for at, was in zip(machine_seconds(), self._machine, strict=True))
        self.foreign = max(0.0, spent - (self._our_cpu() - self._ours)) / whole if whole else 0.0


def run(kind: type[System], case: str, terms: Terms, providers: StandIn, folder: Path) -> Result:
    """One case of one system, in a folder of its own."""
    delay, work = CASES[case]
    parallel = terms.parallel if terms.parallel is not None else (kind.in_hand if delay else 0)
    system = kind(Place(folder, providers.url, parallel))
    providers.reset(delay)
    system.prepare()
    try:
        system.start()
        terms.say(f"{system.name} runs as {' '.join(map(str, system.pids()))} on port {system.port}")
        time.sleep(terms.pause)
        return work(system, terms, providers, folder)
    finally:
        system.stop()
        system.close()


def acks(system: System, terms: Terms, providers: StandIn, folder: Path) -> Result:
    """A flood for some seconds: how many deliveries are acknowledged, and how soon."""
    storefront = Storefront(folder, system.port, int(terms.seconds * 6000) + 100)
    storefront.send(100, terms.limit)
    with Meter(system) as meter:
        sent = storefront.send(storefront.count - 100, terms.seconds)
    return {
        "acks_per_second": sent.rate, "p50_ms": sent.p50_ms, "p99_ms": sent.p99_ms, "refused": sent.failures,
        "cpu_ms_per_ack": sum(meter.cpu.values()) / sent.acknowledged * 1e3, "memory_mb": meter.memory,
        "foreign": meter.foreign,
    }  # fmt: skip


def orders(system: System, terms: Terms, providers: StandIn, folder: Path) -> Result:
    """So many orders, from the first delivery to the last of their calls."""
    count = terms.orders or system.orders
    warm = min(20, count)
    storefront = Storefront(folder, system.port, count + warm)
    storefront.send(warm, terms.limit)
    until_complete(providers, warm, terms.limit)
    with Meter(system) as meter:
        with storefront.sending(count, 2 * terms.limit) as result:
            until_complete(providers, warm + count, terms.limit)
        sent = result[0]
    ledger = providers.ledger()
    ends = sorted(ledger[number].completed for number in sent.orders if number in ledger and ledger[number].completed)
    complete = len(ends)
    seconds = (ends[-1] - sent.began) if complete == count else terms.limit
    cpu = {name: spent / max(complete, 1) * 1e3 for name, spent in meter.cpu.items()}
    return {
        "orders": count, "unfinished": count - complete, "orders_per_second": complete / seconds,
        "acks_per_second": sent.rate, "p50_ms": sent.p50_ms, "p99_ms": sent.p99_ms,
        "cpu_ms_per_order": sum(cpu.values()), "cpu_ms": cpu, "memory_mb": meter.memory, "foreign": meter.foreign,
        **_calls(providers),
    }  # fmt: skip


def kill(system: System, terms: Terms, providers: StandIn, folder: Path) -> Result:
    """Every process is killed in the middle and started again; the storefront repeats what was not acknowledged.

    Orders come for ten seconds, no faster than the system works them off: it has all kinds of work in hand when it is
    killed after five.
    """
    count = max(40, (terms.orders or system.orders) // 2)
    storefront = Storefront(folder, system.port, count)
    with storefront.sending(count, 10 * terms.limit, rate=count / (2 * KILL_AFTER_SECONDS)) as result:
        time.sleep(KILL_AFTER_SECONDS)
        system.kill()
        time.sleep(DOWN_SECONDS)
        system.start()
        again = time.monotonic()
        until_complete(providers, count, max(terms.limit, RECOVERY_SECONDS))
    ledger = providers.ledger()
    ends = [ledger[number].completed for number in result[0].orders if number in ledger and ledger[number].completed]
    return {
        "orders": count, "unfinished": count - len(ends), "resent": result[0].failures,
        "settled_seconds": max(ends, default=again) - again, **_calls(providers),
    }  # fmt: skip


def _calls(providers: StandIn) -> Result:
    """What the ledger says beside the complete: a call that came a second time, and what was never asked for."""
    counts = providers.counts()
    return {
        "doubled": sum(counts["doubled"]), "doubled_mail": counts["doubled"][3], "replayed": sum(counts["replayed"]),
        "early": counts["early"],
        "calls": counts["calls"], "other_calls": counts["other"],
    }  # fmt: skip


def until_complete(providers: StandIn, count: int, limit: float) -> None:
    """Waits for so many complete orders; gives up after `limit` seconds in which no call came."""
    known, since = -1, time.monotonic()
    while (counts := providers.counts())["complete"] < count:
        if sum(counts["calls"]) != known:
            known, since = sum(counts["calls"]), time.monotonic()
        elif time.monotonic() - since > limit:
            return
        time.sleep(_LOOK_SECONDS)


Case = Callable[[System, Terms, StandIn, Path], Result]
CASES: dict[str, tuple[float, Case]] = {
    "acks": (0, acks),
    "orders0": (0, orders),
    "orders50": (50, orders),
    "kill": (50, kill),
}
