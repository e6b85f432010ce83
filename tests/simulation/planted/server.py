"""What only a database that many share can show: locks, claims side by side, COMMITs that nobody answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg

from hub.assembly.hub import Hub
from hub.model.book import Book
from hub.model.contract import NotDurable
from hub.store import books, claims, postgres
from hub.store.moments import SqlStore
from hub.store.postgres import PostgresTx
from hub.store.tx import Tx
from tests.simulation.planted.patching import Patch, everywhere, replaced
from tests.simulation.planted.registry import bug

_RACES: dict[str, Any] = {"races": 0.3, "workers": 4, "rate": 20.0}


@bug("claim-in-sight", "Two processes claim what both saw due: who comes second takes it from the first.",
     over_server=True, **_RACES)  # fmt: skip
def claim_in_sight() -> Patch:
    sql = claims._STEPS.replace("{skipping}", "").replace(" AND due_at <= :now\nRETURNING", "\nRETURNING")
    assert sql.count("due_at <= :now") == 1
    return replaced(claims, "_STEPS", sql)


@bug("order-unlocked", "A moment holds its order's steps, and not the order: it writes back what it read too early.",
     over_server=True, races=0.9, workers=8, rate=20.0, edits=True, notes=3)  # fmt: skip
def order_unlocked() -> Patch:
    return _unlocked(" FROM orders WHERE key")


@bug("steps-unlocked", "A moment holds its order, and not its steps, which a claim takes without the order.",
     over_server=True, races=0.6, freeze=0.06, workers=8)  # fmt: skip
def steps_unlocked() -> Patch:
    return _unlocked(" FROM steps WHERE order_key")


def _unlocked(read: str) -> Patch:
    original = PostgresTx._execute

    def execute(self: PostgresTx, sql: str, parameters: Mapping[str, Any]) -> psycopg.Cursor[tuple[Any, ...]]:
        if read in sql:
            sql = sql.removesuffix(PostgresTx.locking)
        return original(self, sql, parameters)

    return replaced(PostgresTx, "_execute", execute)


@bug("commit-believed", "A COMMIT that was not answered is taken for one that was done.", over_server=True,
     undurable=0.03)  # fmt: skip
def commit_believed() -> Patch:
    original = postgres.transaction

    @contextmanager
    def transaction(pool: postgres.Pool) -> Iterator[PostgresTx]:
        done = False
        try:
            with original(pool) as tx:
                yield tx
                done = True
        except NotDurable:
            if not done:
                raise

    return everywhere(original, transaction)


@bug("broken-off-believed", "A transaction that the server broke off is taken for one that had nothing to do.",
     over_server=True, retried=0.05)  # fmt: skip
def broken_off_believed() -> Patch:
    def change(self: SqlStore, order: str, decide: Callable[[Book], Any], now: datetime) -> Any:
        tries = [0]

        def once(tx: Tx) -> Any:
            tries[0] += 1
            return books.change(tx, order, decide, now) if tries[0] == 1 else None

        return self.writer.run(once)

    return replaced(SqlStore, "change", change)


@bug("leases-ended-at-start", "A process that starts ends the leases of those that are at work.", over_server=True,
     processes=3, restarts=6)  # fmt: skip
def leases_ended_at_start() -> Patch:
    original = Hub.settle

    def settle(self: Hub) -> None:
        self.store.expire_leases(self.clock())
        original(self)

    return replaced(Hub, "settle", settle)
