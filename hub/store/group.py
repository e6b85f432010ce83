"""Group commit: one thread takes what has queued up, commits it at once, and only then answers everybody."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from hub.model.contract import NotDurable
from hub.store.tx import Tx

T = TypeVar("T")

_DELIVERIES = 256  # moments of those who come first in one transaction
_SECONDS = 0.02  # so long moments join a transaction
_WITH_OTHERS = 0.006  # the same where somebody who comes first waits for its end
_Work = tuple[Callable[[Tx], Any], "Future[Any]"]


class GroupWriter:
    """Implements `hub.store.tx.Writer`. A moment that fails is rolled back alone: all but a transaction's first have
    savepoints.

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
        self._first: deque[_Work] = deque()
        self._waiting = Waiting()
        self._came = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    def run(self, moment: Callable[[Tx], T], of: str = "") -> T:
        return self.begin(moment, of).result()

    def begin(self, moment: Callable[[Tx], T], of: str = "") -> Future[T]:
        return self._queued(moment, lambda work: self._waiting.put(of, work))

    def begin_first(self, moment: Callable[[Tx], T]) -> Future[T]:
        """The same, in the next transaction: for short moments that somebody outside waits for."""
        return self._queued(moment, self._first.append)

    def _queued(self, moment: Callable[[Tx], T], put: Callable[[_Work], None]) -> Future[T]:
        future: Future[T] = Future()
        with self._came:
            if self._closed:
                raise NotDurable("the store is closed")
            put((moment, future))
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
        while self._some():
            self._commit()

    def _some(self) -> bool:
        """Waits until there is something to do; False at the end."""
        with self._came:
            while not (self._first or self._waiting or self._closed):
                self._came.wait()
            return bool(self._first or self._waiting)

    def _commit(self) -> None:
        begun: list[_Work] = []
        answers: list[tuple[Future[Any], Any]] = []
        try:
            with self._transaction() as tx:
                for moment, future in self._joining():
                    begun.append((moment, future))
                    (self._one if answers else self._first_one)(tx, moment, future, answers)
        except _Undone as undone:
            begun[0][1].set_exception(undone.error)
            return
        except BaseException as error:  # the disk is full or gone: nobody is told that anything was kept
            for _, future in begun or self._joining():
                if not future.done():
                    future.set_exception(NotDurable(str(error)))
            return
        for future, answer in answers:
            future.set_result(answer)

    def _joining(self) -> Iterator[_Work]:
        """What goes into one transaction: all who come first, then others in turn, for a while and at least one. Where
        several shops are among them, each has one turn: who has little to do waits for one moment of each, and not for
        as many as another has.
        """
        for _ in range(min(len(self._first), _DELIVERIES)):
            yield self._first.popleft()
        began, shops = time.monotonic(), set[str]()
        while True:
            with self._came:
                if len(shops) > 1 and self._waiting.next in shops:
                    return
                taken = self._waiting.take()
            if taken is None:
                return
            of, work = taken
            yield work
            if of:  # else the hub's own
                shops.add(of)
            if time.monotonic() - began > (_WITH_OTHERS if self._first else _SECONDS):
                return

    def _first_one(
        self, tx: Tx, moment: Callable[[Tx], Any], future: Future[Any], answers: list[tuple[Future[Any], Any]]
    ) -> None:
        """Nothing else is in the transaction yet: it is undone as a whole, and most need no savepoint."""
        try:
            answers.append((future, moment(tx)))
        except self._concerns_all:
            raise
        except BaseException as error:
            raise _Undone(error) from error

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


class _Undone(Exception):
    """The first moment of a transaction failed."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class Waiting:
    """What waits, by whom it is of: each of them has its turn, however many another has waiting."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[_Work]] = {}

    def __bool__(self) -> bool:
        return bool(self._lines)

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def put(self, of: str, work: _Work) -> None:
        self._lines.setdefault(of, deque()).append(work)

    @property
    def next(self) -> str | None:
        """Whose turn it is."""
        return next(iter(self._lines), None)

    def take(self) -> tuple[str, _Work] | None:
        """Whose turn it was, and what; whoever had it goes to the end of the row."""
        of = self.next
        if of is None:
            return None
        line = self._lines.pop(of)
        work = line.popleft()
        if line:
            self._lines[of] = line
        return of, work


class First:
    """A `GroupWriter` for those who come first. Whoever owns the writer closes it."""

    def __init__(self, writer: GroupWriter) -> None:
        self._writer = writer

    def run(self, moment: Callable[[Tx], T], of: str = "") -> T:
        return self.begin(moment).result()

    def begin(self, moment: Callable[[Tx], T], of: str = "") -> Future[T]:
        return self._writer.begin_first(moment)

    def close(self) -> None:
        """The writer is another's."""
