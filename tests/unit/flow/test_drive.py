"""The engine's threads: a store that fails for a while must not cost one of them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from hub.flow.drive import Engine
from hub.model.contract import NotDurable
from tests.unit.flow.stage import START, Stage, order

THREADS = 4
KEY = "shop:1"


class Failing:
    """The stage's store, whose claims fail so many times."""

    def __init__(self, store: Any, times: int, error: Exception) -> None:
        self._store, self._error = store, error
        self.left = times

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name != "claim":
            return found

        def fail(*given: Any) -> Any:
            if self.left > 0:
                self.left -= 1
                raise self._error
            return found(*given)

        return fail


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.flow.drive._AFTER_FAILURE_SECONDS", 0.01)


@contextmanager
def engine_over(stage: Stage, store: Any) -> Iterator[Engine]:
    engine = Engine(replace(stage.setting, store=store), lambda: START, threads=THREADS)
    engine.start()
    yield engine
    engine.stop(1.0)


@pytest.mark.parametrize("error", [NotDurable("database or disk is full"), sqlite3.OperationalError("disk I/O error")])
def test_claims_that_fail_cost_no_thread(stage: Stage, error: Exception) -> None:
    stage.receive(order())
    failing = Failing(stage.store, 3, error)  # one takes every thread there is
    with engine_over(stage, failing) as engine:
        end = time.monotonic() + 15
        while time.monotonic() < end and (failing.left or stage.store.read(KEY) is None):
            engine.wake()
            time.sleep(0.02)
    assert not failing.left
    assert stage.store.read(KEY) is not None, "the engine stands still"
