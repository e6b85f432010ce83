"""What storefronts sell against what a warehouse has, and webhooks that are registered once: with accounts that are
scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from hub.assembly.comparing import compare, sold
from hub.assembly.registering import register, topics_of
from hub.connector.connection import Connection
from hub.mapping.load import Mapping as OrderMapping
from hub.mapping.load import load
from hub.model.outcome import Outcome, Verdict
from hub.webhook.load import load_source
from hub.webhook.source import Source


@dataclass
class Account:
    """A connection as far as comparing and registering go: answers by capability, and what was sent."""

    answers: Mapping[str, Callable[[Mapping[str, Any]], Outcome]]
    settings: dict[str, Any] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    def supports(self, capability: str) -> bool:
        return capability in self.answers

    def read(self, capability: str, inputs: Mapping[str, Any]) -> Outcome:
        return self.answers[capability](inputs)

    def prepare(self, capability: str, inputs: Mapping[str, Any]) -> bytes:
        return str(inputs["topic"]).encode()

    def send(self, capability: str, body: bytes, key: str | None) -> Outcome:
        self.sent.append(body.decode())
        return self.answers[capability]({"topic": body.decode()})

    def as_connection(self) -> Connection:
        return cast(Connection, self)


def done(**result: Any) -> Callable[[Mapping[str, Any]], Outcome]:
    return lambda inputs: Outcome(Verdict.DONE, result)


@pytest.fixture(scope="module")
def mapping(checkout: Path) -> OrderMapping:
    return load(checkout / "mappings" / "woocommerce-order.yaml")


@pytest.fixture(scope="module")
def payload(mapping: OrderMapping) -> dict[str, Any]:
    """A real-looking order: the mapping's own first example."""
    found: dict[str, Any] = mapping.manifest.examples[0].source
    return found


def test_what_is_sold_is_counted_from_every_page(mapping: OrderMapping, payload: dict[str, Any]) -> None:
    pages = {None: ([payload, {"not": "an order"}], "2"), "2": ([payload], None)}

    def listed(inputs: Mapping[str, Any]) -> Outcome:
        orders, following = pages[inputs["cursor"]]
        return Outcome(Verdict.DONE, {"orders": orders, "next": following})

    shop = Account({"order.list": listed})
    found = sold(shop.as_connection(), mapping, {"services": [{"id": "flat_rate", "name": "Flat rate"}]})
    assert (found.orders, found.unreadable) == (2, 1)
    assert all(count == 2 for count in found.skus.values())
    assert found.names["flat_rate"] == "Flat rate"


def test_services_are_matched_by_how_they_sound_and_skus_exactly(mapping: OrderMapping) -> None:
    shop = Account({"order.list": done(orders=[], next=None)})
    account = {
        "services": [{"id": "flat_rate:1", "name": "Two day"}, {"id": "local", "name": "Courier"}],
        "locations": [{"id": "9", "name": "Cicero, IL"}],
    }
    found = sold(shop.as_connection(), mapping, account)
    found.skus.update({"TEA-1": 3, "tea_2": 1, "CUP": 2})
    stock = done(items=[{"sku": "TEA-1"}, {"sku": "TEA-2"}, {"sku": "KETTLE"}], next=None)
    there = {
        "services": [{"id": "Two-Day", "name": "2 Day"}, {"id": "Standard", "name": "Ground"}],
        "locations": [{"id": "31", "name": "Cicero (IL)"}],
    }
    compared = compare(found, Account({"inventory.list": stock}).as_connection(), there)
    assert compared.services == {"flat_rate:1": "Two-Day"}
    assert compared.unmapped_services == ("local",)
    assert compared.locations == {"9": "31"}
    assert compared.unknown_skus == {"tea_2": "TEA-2", "CUP": None}
    assert (compared.orders_with_unknown_skus, compared.stocked) == (3, 3)


def test_a_warehouse_that_cannot_tell_its_stock_makes_no_sku_unknown(mapping: OrderMapping) -> None:
    found = sold(Account({"order.list": done(orders=[], next=None)}).as_connection(), mapping, None)
    found.skus["TEA"] = 1
    silent = Account({"inventory.list": lambda inputs: Outcome(Verdict.UNKNOWN)}).as_connection()
    assert compare(found, silent, None).unknown_skus == {}
    assert compare(found, Account({}).as_connection(), None).unknown_skus == {}


ADDRESS = "https://hub.example/webhooks/shop"


@pytest.fixture(scope="module")
def source(checkout: Path) -> Source:
    return load_source(checkout / "webhooks" / "woocommerce.yaml")


def test_only_missing_webhooks_are_registered(source: Source) -> None:
    hits = [
        {"topic": "order.created", "address": ADDRESS, "status": "active"},
        {"topic": "order.updated", "address": ADDRESS, "status": "disabled"},
        {"topic": "order.restored", "address": "https://else.example"},
    ]
    account = Account({"webhook.list": done(hits=hits), "webhook.register": done(id="1")})
    found = register(account.as_connection(), source, ADDRESS, "s")
    assert topics_of(source) == ["order.created", "order.updated", "order.restored", "order.deleted"]
    assert found.there == ["order.created"]
    assert account.sent == found.made == ["order.updated", "order.restored", "order.deleted"]


def test_a_lost_answer_is_settled_by_asking_again(source: Source) -> None:
    hits: list[dict[str, str]] = []

    def lost(inputs: Mapping[str, Any]) -> Outcome:
        if inputs["topic"] != "order.deleted":
            hits.append({"topic": str(inputs["topic"]), "address": ADDRESS})
        return Outcome(Verdict.UNKNOWN, message="no answer")

    account = Account({"webhook.list": done(hits=hits), "webhook.register": lost})
    found = register(account.as_connection(), source, ADDRESS, "s")
    assert found.there == ["order.created", "order.updated", "order.restored"]
    assert found.failed == {"order.deleted": "no answer"}


def test_a_refusal_is_told_in_the_providers_words(source: Source) -> None:
    refused = Account({"webhook.register": lambda inputs: Outcome(Verdict.REFUSED, code="42", message="not yours")})
    found = register(refused.as_connection(), source, ADDRESS, "s")
    assert set(found.failed.values()) == {"not yours"}
    duplicate = Account({"webhook.register": lambda inputs: Outcome(Verdict.DUPLICATE)})
    assert len(register(duplicate.as_connection(), source, ADDRESS, "s").there) == 4
