"""Group commit: one thread takes what has queued up, commits it at once, and only then answers everybody."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from hub.model.contract import NotDurable
from hub.store.tx import Tx

T = TypeVar("T")

_BATCH = 256
_BESIDE = 4  # of the others, in a transaction of those who come first
_Work = tuple[Callable[[Tx], Any], "Future[Any]"]


class GroupWriter:
    """Implements `hub.store.tx.Writer`. Each moment has a savepoint of its own, so that one failure rolls back one.

    `transaction` begins and ends one; it raises NotDurable where nobody can tell that it was committed. `concerns_all`
    are errors of one moment after which the others cannot be kept either.
    """

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Tx]],
        *,
        concerns_all: tuple[type[Exception], ...],
        name: str = "crossdock-writer",
    ) -> None:
        self._transaction, self._concerns_all = transaction, concerns_all
        self._waiting: deque[_Work] = deque()
        self._first: deque[_Work] = deque()
        self._came = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def run(self, moment: Callable[[Tx], T]) -> T:
        return self.begin(moment).result()

    def begin(self, moment: Callable[[Tx], T]) -> Future[T]:
        return self._queued(self._waiting, moment)

    def begin_first(self, moment: Callable[[Tx], T]) -> Future[T]:
        """The same, in the next transaction: for short moments that somebody outside waits for."""
        return self._queued(self._first, moment)

    def _queued(self, line: deque[_Work], moment: Callable[[Tx], T]) -> Future[T]:
        future: Future[T] = Future()
        with self._came:
            if self._closed:
                raise NotDurable("the store is closed")
            line.append((moment, future))
            self._came.notify()
        return future

    def close(self) -> bool:
        """Finishes what is queued; False where it was closed before."""
        with self._came:
            if self._closed:
                return False
            self._closed = True
            self._came.notify()
        self._thread.join(timeout=30)
        return True

    def _loop(self) -> None:
        while batch := self._gather():
            self._commit(batch)

    def _gather(self) -> list[_Work]:
        """What is committed next: all who come first, or else some of the others. Empty at the end."""
        with self._came:
            while not (self._first or self._waiting or self._closed):
                self._came.wait()
            # Both lines go on, and whoever comes first waits for no more than a few of the others.
            batch = _taken(self._first, _BATCH)
            return batch + _taken(self._waiting, _BESIDE if batch else _BATCH)

    def _commit(self, batch: list[_Work]) -> None:
        answers: list[tuple[Future[Any], Any]] = []
        try:
            with self._transaction() as tx:
                for moment, future in batch:
                    self._one(tx, moment, future, answers)
        except BaseException as error:  # the disk is full or gone: nobody is told that anything was kept
            for _, future in batch:
                if not future.done():
                    future.set_exception(NotDurable(str(error)))
            return
        for future, answer in answers:
            future.set_result(answer)

    def _one(
        self, tx: Tx, moment: Callable[[Tx], Any], future: Future[Any], answers: list[tuple[Future[Any], Any]]
    ) -> None:
        tx.run("SAVEPOINT moment")
        try:
            answer = moment(tx)
        except self._concerns_all:
            raise
        except BaseException as error:
            tx.run("ROLLBACK TO SAVEPOINT moment")
            tx.run("RELEASE SAVEPOINT moment")
            future.set_exception(error)
            return
        tx.run("RELEASE SAVEPOINT moment")
        answers.append((future, answer))


def _taken(line: deque[_Work], most: int) -> list[_Work]:
    return [line.popleft() for _ in range(min(len(line), most))]


class First:
    """A `GroupWriter` for those who come first. Whoever owns the writer closes it."""

    def __init__(self, writer: GroupWriter) -> None:
        self._writer = writer

    def run(self, moment: Callable[[Tx], T]) -> T:
        return self.begin(moment).result()

    def begin(self, moment: Callable[[Tx], T]) -> Future[T]:
        return self._writer.begin_first(moment)

    def close(self) -> None:
        """The writer is another's."""
