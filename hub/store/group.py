"""Group commit: one thread takes what has queued up, commits it at once, and only then answers everybody."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from hub.model.contract import NotDurable
from hub.store.tx import Tx

T = TypeVar("T")

_BATCH = 256
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
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._closed = False
        self._last = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def run(self, moment: Callable[[Tx], T]) -> T:
        future: Future[T] = Future()
        with self._last:  # nothing is queued behind the end, where nobody would ever answer it
            if self._closed:
                raise NotDurable("the store is closed")
            self._queue.put((moment, future))
        return future.result()

    def close(self) -> bool:
        """Finishes what is queued; False where it was closed before."""
        with self._last:
            if self._closed:
                return False
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout=30)
        return True

    def _loop(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, last = self._gather(first)
            self._commit(batch)
            if last:
                break
        self._refuse_rest()

    def _gather(self, first: _Work) -> tuple[list[_Work], bool]:
        batch = [first]
        while len(batch) < _BATCH:
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                break
            if work is None:
                return batch, True
            batch.append(work)
        return batch, False

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

    def _refuse_rest(self) -> None:
        while True:
            try:
                work = self._queue.get_nowait()
            except queue.Empty:
                return
            if work is not None:
                work[1].set_exception(NotDurable("the store is closed"))
