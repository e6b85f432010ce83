"""What one shop's trouble costs the others: `python -m benchmarks.fairness`

Four shops send an order a second each. Measured is how long theirs take from the delivery to the last call, and how
much longer that is than when they are alone, when a fifth shop

    crowd    sends a hundred times as many as each of them
    hang     has five orders a second for a carrier that takes every request and never answers
    stuck    the same, but the carrier answers lookups
    down     has five orders a second for a carrier that answers 503
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.cases import Result, until_complete
from benchmarks.order import FIRST_ORDER
from benchmarks.sender import Sent, Storefront
from benchmarks.standin import StandIn
from benchmarks.systems.crossdock import Embedded, Scaled
from benchmarks.systems.system import Place
from hub.vault.store import Vault

SMALL = ("shop-a", "shop-b", "shop-c", "shop-d")
FIFTH = "shop"
PROVIDER_MS = 20
WARM = 20
_ROOM = 20_000  # order numbers of each shop
_ALIVE, _DEAD = "LARCH", "GRIEF"
# The fifth shop's orders a second, its articles, and how the dead carrier is dead.
SCENES = {
    "alone": (0, _ALIVE, "ok"),
    "crowd": (100, _ALIVE, "ok"),
    "hang": (5, _DEAD, "hang"),
    "stuck": (5, _DEAD, "stuck"),
    "down": (5, _DEAD, "503"),
}
_LABEL = """  - name: label
    capability: shipment.create
    connection: carrier
    per: group
    after: [warehouse]
"""
_LABELS = """  - name: label
    capability: shipment.create
    connection: carrier
    per: group
    after: [warehouse]
    when: "= !starts_with(order.line_items[0].item.sku, 'GRIEF-')"

  - name: label-of-the-dead
    capability: shipment.create
    connection: carrier-dead
    per: group
    after: [warehouse]
    when: "= starts_with(order.line_items[0].item.sku, 'GRIEF-')"
"""


class SharedHub(Embedded):
    """Five shops and a second carrier, at `dead`."""

    shops = (FIFTH, *SMALL)
    dead = ""

    def prepare(self) -> None:
        super().prepare()
        share(self.home.folder)

    def document(self, vault: Vault) -> dict[str, Any]:
        return with_dead_carrier(super().document(vault), self.dead)


class SharedHubs(SharedHub, Scaled):
    """The same on PostgreSQL."""


def share(folder: Path) -> None:
    """Some orders' labels are asked of the dead carrier."""
    flow = folder / "flows" / "fulfil-order.yaml"
    text = flow.read_text("utf-8")
    assert _LABEL in text
    changed = text.replace(_LABEL, _LABELS).replace("after: [label]", "after: [label, label-of-the-dead]")
    flow.write_text(changed, "utf-8")


def with_dead_carrier(document: dict[str, Any], url: str) -> dict[str, Any]:
    """hub.yaml with one connection more."""
    carrier = document["connections"]["carrier"]
    document["connections"]["carrier-dead"] = carrier | {"base_url": url, "private_targets": [urlsplit(url).netloc]}
    return document


_KINDS: dict[str, type[SharedHub] | type[SharedHubs]] = {"crossdock": SharedHub, "crossdock-postgres": SharedHubs}


def scene(name: str, system: str, seconds: float, limit: float) -> Result:
    """How long the four shops' orders take."""
    rate, sku, mode = SCENES[name]
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    with StandIn() as providers, StandIn() as dead:
        providers.reset(PROVIDER_MS)
        dead.reset(PROVIDER_MS)
        dead.mode("label", mode)
        hub = _KINDS[system](Place(folder, providers.url, 0))
        hub.dead = dead.url
        hub.prepare()
        try:
            hub.start()
            Storefront(folder, hub.port, WARM, first=6 * _ROOM).send(WARM, limit)
            until_complete(providers, WARM, limit)
            sent = _send(folder, hub.port, rate, sku, seconds)
            return _judge(providers, sent, limit) | {"fifth_complete": _complete(providers, 5 * _ROOM)}
        finally:
            hub.stop()
            hub.close()
            shutil.rmtree(folder, ignore_errors=True)


def _send(folder: Path, port: int, rate: float, sku: str, seconds: float) -> list[Sent]:
    """The four shops' sendings; the fifth's is at the same time, and begins a little earlier."""
    results: list[list[Sent]] = []
    with ExitStack() as open_for:
        if rate:
            count = int(rate * (seconds + 2))
            fifth = Storefront(folder, port, count, first=5 * _ROOM, path=f"/webhooks/{FIFTH}", sku=sku)
            open_for.enter_context(fifth.sending(count, seconds + 2, rate=rate))
            time.sleep(2)
        for at, name in enumerate(SMALL):
            shop = Storefront(folder, port, int(seconds), first=at * _ROOM, path=f"/webhooks/{name}")
            results.append(open_for.enter_context(shop.sending(int(seconds), seconds + 30, rate=1, connections=4)))
    return [result[0] for result in results]


def _judge(providers: StandIn, sent: list[Sent], limit: float) -> Result:
    """Waits until the four shops' orders are complete, or for so long."""
    orders = {number: at for one in sent for number, (at, _) in one.orders.items()}
    end = time.monotonic() + limit
    while True:
        ledger = providers.ledger()
        waits = sorted(ledger[n].completed - at for n, at in orders.items() if n in ledger and ledger[n].completed)
        if len(waits) == len(orders) or time.monotonic() > end:
            break
        time.sleep(0.5)
    waits += [limit] * (len(orders) - len(waits))  # at least
    done = sum(1 for wait in waits if wait < limit)
    return {
        "orders": len(orders), "complete": done, "p50_seconds": waits[len(waits) // 2],
        "p95_seconds": waits[len(waits) * 95 // 100], "worst_seconds": waits[-1],
    }  # fmt: skip


def _complete(providers: StandIn, first: int) -> int:
    """How many of a shop's orders are complete by now."""
    numbers = range(FIRST_ORDER + first, FIRST_ORDER + first + _ROOM)
    return sum(1 for number, entry in providers.ledger().items() if number in numbers and entry.completed)


def main() -> None:
    """Runs the scenes, and says each with its ratio to the four shops alone."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fairness", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--systems", nargs="+", choices=_KINDS, default=list(_KINDS), metavar="NAME")
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES), metavar="SCENE")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the shops send")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which an order counts as late as that")
    parser.add_argument("--json", type=Path, metavar="FILE")
    told = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    results: dict[str, dict[str, Result]] = {}
    for system in told.systems:
        mine = results.setdefault(system, {})
        for name in told.scenes:
            mine[name] = scene(name, system, told.seconds, told.limit)
            if "alone" in mine:
                mine[name]["x_alone"] = mine[name]["p95_seconds"] / mine["alone"]["p95_seconds"]
            sys.stderr.write(f"{system} {name}: {json.dumps(mine[name])}\n")
    if told.json:
        told.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
