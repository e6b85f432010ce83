"""Two moments at once, statement by statement: whose turn it is, the seed says.

Each runs on a thread of its own and stops before every statement that it sends to the database. One of those that
stand there is let go; it runs to its next statement, to its end, or into a lock that another holds, which the server is
asked about: then another goes on. So two processes over one database take one path for one seed.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import psycopg

from tests import losing

_LOOK_SECONDS = 0.002
_PATIENCE_SECONDS = 20.0

Deed = Callable[[], Any]
_here = threading.local()


@dataclass
class _Runner:
    deed: Deed
    changed: threading.Condition
    state: Literal["waiting", "running", "done"] = "running"
    pid: int = 0
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    answer: Any = None
    error: Exception | None = None

    def run(self) -> None:
        _here.runner = self
        self.pause()
        try:
            self.answer = self.deed()
        except Exception as error:
            self.error = error
        self._is("done")

    def pause(self) -> None:
        self._is("waiting")
        self.go.acquire()

    def _is(self, state: Literal["waiting", "done"]) -> None:
        with self.changed:
            self.state = state
            self.changed.notify_all()


def _before_a_statement(connection: psycopg.Connection[Any]) -> None:
    runner: _Runner | None = getattr(_here, "runner", None)
    if runner is not None:
        runner.pid = connection.info.backend_pid
        runner.pause()


def together(url: str, rng: random.Random, deeds: Sequence[Deed]) -> list[tuple[Any, Exception | None]]:
    """What came of each: its answer, or what it raised."""
    changed = threading.Condition()
    runners = [_Runner(deed, changed) for deed in deeds]
    threads = [threading.Thread(target=runner.run, daemon=True) for runner in runners]
    with losing.told(_before_a_statement), psycopg.connect(url, autocommit=True) as eyes:
        for thread in threads:
            thread.start()
        while any(runner.state != "done" for runner in runners):
            _settle(runners, changed, eyes)
            waiting = [runner for runner in runners if runner.state == "waiting"]
            if waiting:
                chosen = rng.choice(waiting)
                chosen.state = "running"
                chosen.go.release()
        for thread in threads:
            thread.join()
    return [(runner.answer, runner.error) for runner in runners]


def _settle(runners: Sequence[_Runner], changed: threading.Condition, eyes: psycopg.Connection[Any]) -> None:
    """Returns when each stands before a statement, has ended, or is kept by the lock of one that stands."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while running := [runner for runner in runners if runner.state == "running"]:
        free = any(runner.state == "waiting" for runner in runners)
        if free and all(_is_kept(runner, eyes) for runner in running):
            return
        with changed:
            changed.wait(_LOOK_SECONDS)
        assert time.monotonic() < end, "two moments that run at once do not come to an end"


def _is_kept(runner: _Runner, eyes: psycopg.Connection[Any]) -> bool:
    row = eyes.execute("SELECT cardinality(pg_blocking_pids(%s))", (runner.pid,)).fetchone() if runner.pid else None
    return bool(row and row[0]) and runner.state == "running"
