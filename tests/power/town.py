"""What is outside of the hub and knows nothing of its power cuts: a shop that sends webhooks, and providers."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from hashlib import sha256
from typing import Any

from hub.model.contract import Call
from hub.model.message import Delivery, Entity
from hub.model.outcome import Outcome, Verdict
from tests.power.tape import Tape
from tests.power.witness import Executed, Left
from tests.unit.flow.papers import START, order
from tests.unit.flow.stage import Provider

_BODY_BYTES = (200, 900, 3_000, 9_000, 40_000)  # from within a page to many overflow pages
_LOST = 0.06  # of the calls each: executed and not heard of, and not executed


class Providers(Provider):
    """Those of the flow's own tests; some answers are lost, and each request that leaves is a promise (see `Left`).

    `ledger` outlives a power cut of the hub, so a life begins with what was executed before the cut.
    """

    def __init__(self, town: Town, tape: Tape, ledger: list[Executed]) -> None:
        super().__init__(lambda: town.now, source=town.source)
        self._tape, self._rng, self._lock = tape, random.Random(town.rng.random()), threading.Lock()
        for line in ledger:
            self.executed[line.capability].append(line.entry)

    def send(self, call: Call) -> Outcome:
        assert call.key is not None
        self._tape.say(Left(call.key, call.body))
        with self._lock:
            fate = self._rng.random()  # which thread comes first is the machine's choice, so a seed is no replay
            if fate < _LOST:
                return Outcome(Verdict.UNKNOWN, message="time-out")
            if fate < 2 * _LOST:
                return Outcome(Verdict.NOT_EXECUTED, message="refused")
            known = len(self.executed[call.capability])
            done = self._execute(call, json.loads(call.body))
            for entry in self.executed[call.capability][known:]:
                self._tape.say(Executed(call.capability, entry))
            return Outcome(Verdict.UNKNOWN, message="time-out") if fate > 1 - _LOST else done

    def read(self, connection: str, capability: str, inputs: Mapping[str, Any]) -> Outcome:
        with self._lock:
            return super().read(connection, capability, inputs)

    def _hits(self, capability: str, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What the warehouse was given it has shipped when it is asked."""
        hits = super()._hits(capability, inputs)
        for hit in hits if capability == "fulfillment.find" else ():
            lines = [{"sku": line["sku"], "quantity": line["quantity"]} for line in hit["lines"]]
            parcel = {"id": f"s-{hit['id']}", "status": "shipped", "tracking_number": f"T-{hit['id']}", "lines": lines}
            hit |= {"status": "shipped", "shipments": [parcel]}
        return hits


class Town:
    """The shop's orders and all that it posts about them, of which every delivery may come more than once."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.now = rng, START
        self.source: dict[str, Any] = {}  # as the shop itself would tell it
        self.deliveries: list[Delivery] = []

    def grow(self, orders: int, others: int) -> None:
        """New orders, and so many deliveries that are about none."""
        first, posted = len(self.source) + 1, len(self.deliveries)
        for number in range(first, first + orders):
            self.deliveries += self._of_order(str(number))
        self.deliveries += [self._other(posted + number) for number in range(others)]

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def posts(self, acknowledged: set[tuple[str, str]]) -> list[Delivery]:
        """What comes now: whatever was not acknowledged before, some of it twice, and a little of the rest again."""
        rng = self.rng
        missing = [d for d in self.deliveries if (d.delivery_id, d.body_digest) not in acknowledged]
        again = [d for d in self.deliveries if rng.random() < 0.08]
        clashes = [self._clash(d) for d in rng.sample(missing, len(missing) // 12)]
        coming = [*missing, *again, *clashes]
        rng.shuffle(coming)
        return coming

    def _of_order(self, number: str) -> list[Delivery]:
        """Placed, and perhaps edited: the note is what makes a body long."""
        versions = [order(number, "1", note=self._text())]
        if self.rng.random() < 0.4:
            versions.append(order(number, "2", note=self._text()))
        self.source[number] = [asdict(versions[-1])]
        return [self._delivery(f"o{number}-{entity.version}", [entity]) for entity in versions]

    def _delivery(self, name: str, entities: list[Entity]) -> Delivery:
        return _delivery(name, "order", json.dumps([asdict(entity) for entity in entities]).encode())

    def _other(self, number: int) -> Delivery:
        """A topic that the hub only keeps."""
        return _delivery(f"x{number}", "ignore", self.rng.randbytes(self.rng.choice(_BODY_BYTES)))

    def _clash(self, first: Delivery) -> Delivery:
        """Another body under the same id."""
        return _delivery(first.delivery_id, first.kind, first.body + b" ")

    def _text(self) -> str:
        return self.rng.randbytes(self.rng.choice(_BODY_BYTES) // 2).hex()


def _delivery(name: str, kind: str, body: bytes) -> Delivery:
    return Delivery("shop", "orders", name, kind, "m", (("X-Id", name),), body, sha256(body).hexdigest())


def doubled(ledger: list[Executed]) -> list[str]:
    """Each order of this shop is one payment and one parcel: what was executed for one of them more than once."""
    counts = Counter(
        (line.capability, str(line.entry["body"]["order"]["source_id"]))
        for line in ledger
        if line.capability in ("payment.capture", "fulfillment.create", "label.buy")
    )
    return [f"{capability} of {order} {count} times" for (capability, order), count in counts.items() if count > 1]
