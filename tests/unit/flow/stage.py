"""A small stage for the flow engine: the real store on disk, the real flows, our own clock, scripted providers."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub.flow import chores, intake
from hub.flow.drive import drive
from hub.flow.manifest import Rule, load_flow
from hub.flow.setting import LIVE, Connection, Owners, Setting
from hub.flow.worker import work
from hub.model.book import Book
from hub.model.capability import Safety
from hub.model.contract import Call, Guarantee, Letter
from hub.model.flow import State
from hub.model.message import Delivery, Entity, Translation
from hub.model.outcome import Outcome, Verdict
from hub.model.step import Step
from hub.store.moments import SqlStore
from tests.unit.flow.papers import START, money, order

FLOWS = Path(__file__).parents[3] / "config" / "flows"
DONE, UNKNOWN, REFUSED, NOT_EXECUTED = Verdict.DONE, Verdict.UNKNOWN, Verdict.REFUSED, Verdict.NOT_EXECUTED

__all__ = ["START", "money", "order"]

Script = Callable[["Provider", str, Mapping[str, Any]], Outcome | None]

_SAFETY = {
    "payment.capture": Safety.KEY,
    "payment.void": Safety.KEY,
    "payment.refund": Safety.KEY,
    "fulfillment.create": Safety.UNIQUE,
    "fulfillment.cancel": Safety.LOOKUP,
    "shipment.create": Safety.REPEATABLE,
    "label.buy": Safety.LOOKUP,
    "label.refund": Safety.LOOKUP,
    "shipment.announce": Safety.LOOKUP,
    "notification.send": Safety.AT_LEAST_ONCE,
}
_FIND = {
    "payment.capture": "payment.find",
    "payment.void": "payment.find",
    "payment.refund": "payment.find",
    "fulfillment.create": "fulfillment.find",
    "fulfillment.cancel": "fulfillment.find",
    "label.buy": "shipment.find",
    "label.refund": "shipment.find",
    "shipment.announce": "shipment.announced",
}


@dataclass
class Provider:
    """Every connection at once: remembers what it executed, answers as scripted, else succeeds."""

    clock: Callable[[], datetime]
    executed: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    sent: list[tuple[str, str | None]] = field(default_factory=list)
    scripts: dict[str, list[Outcome | str]] = field(default_factory=lambda: defaultdict(list))
    source: dict[str, Any] = field(default_factory=dict)  # source id -> document, None for gone
    fetches: int = 0
    guarantees: dict[str, Guarantee] = field(default_factory=dict)
    lookups: bool = True

    def supports(self, connection: str, capability: str) -> bool:
        return True

    def declaration(self, connection: str) -> str:
        return "declared"

    def guarantee(self, connection: str, capability: str) -> Guarantee:
        known = self.guarantees.get(capability)
        return known or Guarantee(
            _SAFETY.get(capability, Safety.NONE),
            10,
            5,
            key_life_seconds=3600,
            find=_FIND.get(capability),
            complete=True,
        )

    def prepare(self, connection: str, capability: str, inputs: Mapping[str, Any]) -> bytes:
        return json.dumps(inputs, sort_keys=True).encode()

    def asks_first(self, connection: str, capability: str) -> bool:
        return False

    def send(self, call: Call) -> Outcome:
        self.sent.append((call.capability, call.key))
        script = self.scripts[call.capability]
        what = script.pop(0) if script else "done"
        if isinstance(what, Outcome):
            return what
        body = json.loads(call.body)
        if what in ("done", "lost after"):
            done = self._execute(call, body)
            return done if what == "done" else Outcome(UNKNOWN, message="time-out")
        return Outcome(UNKNOWN, message="time-out")  # "lost before"

    def _execute(self, call: Call, body: dict[str, Any]) -> Outcome:
        ledger = self.executed[call.capability]
        for entry in ledger:
            if entry["key"] == call.key:
                return Outcome(DONE, entry["result"], replayed=True)
            if entry["reference"] == body["reference"]:
                return Outcome(Verdict.DUPLICATE)
        number = len(ledger) + 1
        result = _result(call.capability, number, body)
        ledger.append({"key": call.key, "reference": body["reference"], "body": body, "result": result})
        return Outcome(DONE, result)

    def read(self, connection: str, capability: str, inputs: Mapping[str, Any]) -> Outcome:
        script = self.scripts[capability]
        if script:
            what = script.pop(0)
            assert isinstance(what, Outcome)
            return what
        if capability == "order.fetch":
            self.fetches += 1
            return Outcome(DONE, {"order": self.source.get(str(inputs["source_id"]))})
        if capability == "address.verify":
            return Outcome(DONE, {"verified": True, "destination": inputs["destination"], "problems": []})
        if capability == "tracking.get":
            return Outcome(DONE, {"status": "in_transit", "events": []})
        return Outcome(DONE, {"hits": self._hits(capability, inputs) if self.lookups else []})

    def _hits(self, capability: str, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        hits: list[dict[str, Any]] = []
        for done, find in _FIND.items():
            entries = self.executed[done] if find == capability else []
            ours = (entry for entry in entries if entry["reference"] == inputs["reference"])
            hits.extend({**entry["result"], "reference": entry["reference"]} for entry in ours)
        return hits


def _result(capability: str, number: int, body: dict[str, Any]) -> dict[str, Any]:
    base: dict[str, Any] = {"id": f"{capability}-{number}", "status": "ok"}
    if capability in ("payment.capture", "payment.refund"):
        base |= {"amount": body["amount"], "currency": body["currency"], "kind": capability.partition(".")[2]}
    if capability == "fulfillment.create":
        base |= {"lines": [{"sku": line["sku"], "quantity": line["quantity"]} for line in body["group"]["lines"]]}
    if capability == "shipment.create":
        base |= {"rates": [{"id": "r1", "carrier": "c", "service": "s", "amount": 500, "currency": "EUR"}]}
    if capability == "label.buy":
        base |= {"tracking_number": f"TRK{number}", "carrier": "c", "tracking_url": None, "label_url": None}
        base |= {"amount": 500, "currency": "EUR", "status": "purchased"}
    return base


class Letters:
    def render(self, kind: str, scope: Mapping[str, Any]) -> Letter:
        return Letter(kind, kind, kind)


class Verbatim:
    """The payload is the translation: a list of entities as JSON."""

    def translate(self, mapping: str, body: bytes, settings: Mapping[str, Any]) -> Translation:
        return self.translate_document(mapping, json.loads(body), settings)

    def translate_document(self, mapping: str, document: Any, settings: Mapping[str, Any]) -> Translation:
        return Translation(entities=tuple(Entity(**entity) for entity in document))


class Stage:
    """Turn the clock with `tick`, place orders with `receive`, and let everything due happen with `run`."""

    def __init__(self, store: SqlStore, **options: Any) -> None:
        self.now = START
        self.store = store
        self.provider = Provider(lambda: self.now)
        owners = Owners("hub", "hub", {"confirmation": "hub", "shipped": "hub"})
        shop = Connection("shop", "shop", True, LIVE, owners=owners, pull_mapping="m", capture="before_shipping")
        rest = {
            name: Connection(name, name, True, LIVE, collects_cash=True)
            for name in ("warehouse", "carrier", "mail", "pay")
        }
        self.setting = Setting(
            store=self.store,
            connectors=self.provider,
            translator=Verbatim(),
            notices=Letters(),
            connections={"shop": replace(shop, **options), **rest},
            flows={flow.name: flow for flow in map(load_flow, sorted(FLOWS.glob("*.yaml")))},
            install_key=b"k" * 32,
            mail="mail",
            providers={"stripe": "pay"},
            routing=(Rule("warehouse", "warehouse"),),
            shop={"sender": "shop@example.test"},
            jitter=random.Random(1),
        )
        self.store.set_standing("shop", self.now, act_from=START - timedelta(days=1))

    def clock(self) -> datetime:
        return self.now

    def receive(self, *entities: Entity, delivery: str | None = None, fetchable: bool = True) -> None:
        body = json.dumps([entity.__dict__ for entity in entities]).encode()
        for entity in entities:
            if fetchable and entity.kind == "order":
                self.provider.source[entity.source_order_id] = [entity.__dict__]
        name = delivery or f"d{random.getrandbits(64)}"
        self.store.keep(Delivery("shop", "orders", name, "order", "m", (), body, str(hash(body))), self.now)

    def run(self, limit: int = 500) -> int:
        """Everything that is due now, until nothing is. Returns how many pieces of work that was."""
        for done in range(limit):
            if not self.piece():
                return done
        raise AssertionError("it never comes to rest")

    def one_step_a_claim(self) -> None:
        """No worker goes on with what it has freed: a test takes an order's steps one by one."""
        self.setting = replace(self.setting, may_go_on=lambda connection: False)

    def piece(self) -> int:
        """One message, one step and one chore, where they are due. Returns how many there were."""
        claims: list[Any] = [
            *self.store.claim_messages(1, self.now),
            *self.store.claim_steps(1, self.now),
            *self.store.claim_chores(1, self.now),
        ]
        for claim in claims:
            if hasattr(claim, "delivery"):
                drive(intake.receive(self.setting, claim), self.clock)
            elif hasattr(claim, "step"):
                drive(work(self.setting, claim), self.clock)
            else:
                drive(chores.do(self.setting, claim, None), self.clock)
        return len(claims)

    def tick(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def settle(self, seconds: float = 3600.0) -> None:
        """Lets time pass, from due time to due time."""
        end = self.now + timedelta(seconds=seconds)
        self.run()
        while (due := self.store.next_due()) is not None and due <= end:
            self.now = max(due, self.now)
            self.run()
        self.now = end

    def book(self, source_id: str = "1") -> Book:
        book = self.store.read(f"shop:{source_id}")
        assert book is not None
        return book

    def step(self, name: str, source_id: str = "1") -> Step:
        return next(step for step in self.book(source_id).steps.values() if step.name == name)

    def state_or_none(self, name: str, source_id: str = "1") -> State | None:
        book = self.store.read(f"shop:{source_id}")
        return next((step.state for step in book.steps.values() if step.name == name), None) if book else None

    def state(self, name: str, source_id: str = "1") -> State:
        return self.step(name, source_id).state


def ship(stage: Stage, parcels: list[dict[str, int]], status: str = "shipped") -> None:
    """The warehouse says so at the next poll."""
    shipments = [
        {
            "id": f"s{number}",
            "status": "shipped",
            "tracking_number": f"T{number}",
            "lines": [{"sku": f"SKU-{line}", "quantity": quantity} for line, quantity in lines.items()],
        }
        for number, lines in enumerate(parcels, 1)
    ]
    stage.provider.scripts["fulfillment.find"].append(
        Outcome(DONE, {"hits": [{"status": status, "shipments": shipments}]})
    )


def counts(stage: Stage) -> dict[str, int]:
    return {name: len(ledger) for name, ledger in stage.provider.executed.items() if ledger}
