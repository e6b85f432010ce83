"""Runners in processes of their own, forked once everything is imported and read, and before any thread."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from multiprocessing.queues import SimpleQueue

from tests.crash import lodge as lodging
from tests.crash.lodge import Lodge
from tests.crash.point import Case
from tests.crash.runner import Ran, Runner
from tests.postgres import postgres_server

Effects = Mapping[str, int]
_GOES = 3  # on a machine that has no time, a call may run into its deadline before the fault that was meant for it

_runner: Runner


class Crew:
    """`with Crew(2) as crew:`; each of its runners has an installation of its own."""

    def __init__(self, jobs: int, workers: int = 1, *, postgres: bool = False) -> None:
        self._closing = ExitStack()
        server = self._closing.enter_context(postgres_server()) if postgres else None
        self._lodges = [lodging.make(workers, server) for _ in range(jobs)]
        gc.freeze()  # what is shared with the children stays shared
        self._expected: dict[str, Effects] = {}
        context = multiprocessing.get_context("fork")
        given: SimpleQueue[int] = context.SimpleQueue()
        self._pool = context.Pool(jobs, _begin, (self._lodges, given))
        for number in range(jobs):
            given.put(number)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.terminate()
        self._pool.join()
        for lodge in self._lodges:
            lodge.remove()
        self._closing.close()

    def expect(self, effects: Mapping[str, Effects]) -> None:
        """From now on a walk must leave this behind."""
        self._expected = dict(effects)

    def run(self, cases: Sequence[Case]) -> Iterator[Ran]:
        """As they are done."""
        return self._pool.imap_unordered(_run, [(case, self._expected.get(case.walk)) for case in cases])


def _begin(lodges: Sequence[Lodge], given: SimpleQueue[int]) -> None:
    global _runner  # noqa: PLW0603 - one for the life of a pool's process
    _runner = Runner(lodges[given.get()])


def _run(asked: tuple[Case, Effects | None]) -> Ran:
    case, expected = asked
    for _ in range(_GOES):
        ran = _runner.run(case, dict(expected) if expected is not None else None)
        if ran.failed or not ran.missed:
            break
    return ran
