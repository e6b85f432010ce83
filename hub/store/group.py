"""Group commit: one thread takes what has queued up, commits it at once, and only then answers everybody."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, TypeVar

from hub.model.contract import NotDurable
from hub.store.tx import Tx

T = TypeVar("T")

_DELIVERIES = 256  # moments of those who come first in one transaction
_SECONDS, _AWAITED_SECONDS = 0.02, 0.006
_BESIDE_SECONDS = 10.0
_AHEAD = 8  # moments of shops with little to do that go before one of a busy shop
_Work = tuple[Callable[[Tx], Any], "Future[Any]"]


class GroupWriter:
    """Implements `hub.store.tx.Writer`. A moment that fails takes no other along: those are done again. It is seldom,
    and a savepoint for each would be two statements more, at which the thread loses the interpreter to others.

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
            self._commit(self._joining())

    def _some(self) -> bool:
        """Waits until there is something to do; False at the end."""
        with self._came:
            while not (self._first or self._waiting or self._closed):
                self._came.wait()
            return bool(self._first or self._waiting)

    def _commit(self, joining: Iterator[_Work]) -> None:
        begun: list[_Work] = []
        answers: list[Any] = []
        try:
            with self._transaction() as tx:
                for work in joining:
                    begun.append(work)
                    answers.append(self._answer(tx, work[0]))
        except _Undone as undone:  # what was with it is done again, each alone
            *others, (_, failed) = begun
            failed.set_exception(undone.error)
            for other in others:
                self._commit(iter([other]))
            return
        except BaseException as error:  # the disk is full or gone: nobody is told that anything was kept
            for _, future in begun or joining:
                future.set_exception(NotDurable(str(error)))
            return
        for (_, future), answer in zip(begun, answers, strict=True):
            future.set_result(answer)

    def _answer(self, tx: Tx, moment: Callable[[Tx], Any]) -> Any:
        try:
            return moment(tx)
        except self._concerns_all:
            raise
        except BaseException as error:
            raise _Undone(error) from error

    def _joining(self) -> Iterator[_Work]:
        """What goes into one transaction: all who come first, then others in turn, for a while and at least one. Of
        several shops each has one moment, and one that has little to do waits for no busy one's behind its own.
        """
        for _ in range(min(len(self._first), _DELIVERIES)):
            yield self._first.popleft()
        began, shops, sparse, own = time.monotonic(), set[str](), False, False
        while True:
            with self._came:
                turn = self._waiting.turn()
                if turn is None or (turn.of in shops and len(shops) > 1):
                    return
                if sparse and turn.busy and turn.of not in shops:
                    return
                work = self._waiting.take(turn)
            yield work
            if turn.of:
                shops.add(turn.of)
                sparse = sparse or not turn.busy
            else:
                own = True
            if time.monotonic() - began > self._seconds(awaited=own or bool(self._first)):
                return

    def _seconds(self, *, awaited: bool) -> float:
        """So long moments join. `awaited`: somebody waits for the end who comes first, or the hub for its own."""
        if not awaited:
            return _SECONDS
        return 0.0 if self._waiting.beside else _AWAITED_SECONDS


class _Undone(Exception):
    """A moment failed, and with it its transaction."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class Turn(NamedTuple):
    """Who is next. `busy`: it has had more waiting than could be taken at once; `of`: empty for the hub itself."""

    of: str
    busy: bool


class Waiting:
    """What waits, by whom it is of. The hub's own is short, and comes first; then those who had nothing waiting, and
    those who are kept busy, each in turn. So often in a row the former go before the latter, as packets of sparse flows
    do in a fair queue (RFC 8290).
    """

    def __init__(self) -> None:
        self._own: deque[_Work] = deque()
        self._fresh: dict[str, deque[_Work]] = {}
        self._busy: dict[str, deque[_Work]] = {}
        self._ahead = 0  # went before somebody busy, one after the other
        self._last, self._other_at = "", -_BESIDE_SECONDS

    def __bool__(self) -> bool:
        return bool(self._own or self._fresh or self._busy)

    def __len__(self) -> int:
        return len(self._own) + sum(map(len, (*self._fresh.values(), *self._busy.values())))

    def put(self, of: str, work: _Work) -> None:
        if not of:
            self._own.append(work)
            return
        if of != self._last:
            self._other_at = time.monotonic() if self._last else self._other_at
            self._last = of
        if of in self._busy:
            self._busy[of].append(work)
        else:
            self._fresh.setdefault(of, deque()).append(work)

    @property
    def beside(self) -> bool:
        """Whether there were several shops lately."""
        return time.monotonic() - self._other_at < _BESIDE_SECONDS

    def turn(self) -> Turn | None:
        """Whose it is; None where nothing waits."""
        if self._own:
            return Turn("", busy=False)
        if self._fresh and not (self._busy and self._ahead >= _AHEAD):
            return Turn(next(iter(self._fresh)), busy=False)
        return Turn(next(iter(self._busy)), busy=True) if self._busy else None

    def take(self, turn: Turn) -> _Work:
        """What has its turn; whoever has more waiting goes to the end of the row of the busy."""
        if not turn.of:
            return self._own.popleft()
        self._ahead = self._ahead + 1 if self._busy and not turn.busy else 0
        line = (self._busy if turn.busy else self._fresh).pop(turn.of)
        work = line.popleft()
        if line:
            self._busy[turn.of] = line
        return work


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
