"""One storefront's sweep, turn by turn, over a store of either kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hub.model.message import Entity, Translation
from hub.model.outcome import Outcome, Verdict
from hub.reconcile.sweep import Source, sweep
from hub.store.moments import SqlStore
from tests.looking import look
from tests.stores import MakeStore
from tests.unit.store.hand import NOW

SHOP = Source("shop", "order", every_seconds=300.0)
Memory = dict[str, Any]


class Shop:
    """Pages of documents {id, version}; fails where its list says so. Also the translator of what it lists."""

    def __init__(self, *pages: list[dict[str, Any]]) -> None:
        self.pages = list(pages)
        self.failing: list[bool] = []

    def read(self, connection: str, capability: str, inputs: Mapping[str, Any]) -> Outcome:
        if self.failing and self.failing.pop(0):
            return Outcome(Verdict.UNKNOWN, message="time-out")
        place = int(inputs["cursor"] or 0)
        following = str(place + 1) if place + 1 < len(self.pages) else None
        return Outcome(Verdict.DONE, {"orders": self.pages[place], "next": following})

    def translate_document(self, mapping: str, document: Any, settings: Mapping[str, Any]) -> Translation:
        return Translation((Entity("order", document["id"], document["id"], document["version"], document),))


def turn(store: SqlStore, shop: Any, memory: Memory, now: datetime = NOW) -> tuple[timedelta, Memory]:
    again, told = sweep(store, shop, shop, SHOP, memory, now)
    return again - now, told


def order(number: int, **said: Any) -> dict[str, Any]:
    return {"id": str(number), "version": "2026-05-12T09:00:00Z", **said}


def test_who_comes_no_further_waits_longer_and_longer_and_who_does_come_further_does_not(make_store: MakeStore) -> None:
    store, shop = make_store(), Shop(*([order(number)] for number in range(30)))
    memory: Memory = {}
    waits = []
    for failing in ([True], [True], [True], [False, False, True], [False, True], [True], [False] * 30):
        shop.failing = failing
        wait, memory = turn(store, shop, memory)
        waits.append(wait.total_seconds())
    assert waits == [2, 4, 8, 2, 2, 4, 0]
    wait, memory = turn(store, shop, memory)
    assert (wait.total_seconds(), look(store, "SELECT count(*) FROM messages")) == (300, [(30,)])


def test_what_is_known_already_is_kept_once_and_what_changed_within_a_second_again(make_store: MakeStore) -> None:
    store = make_store()
    first, then = order(1, quantity=2), order(1, quantity=1)
    for document in (first, first, then, then):
        turn(store, Shop([document]), {})
    assert look(store, "SELECT count(*) FROM messages") == [(2,)]
