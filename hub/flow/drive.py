"""Threads that drive the workers: claim what is due, run it to its end, sleep until the next is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from hub.flow import chores, intake
from hub.flow.event import Happening, Wire
from hub.flow.intent import Sending
from hub.flow.rooms import Place, Rooms
from hub.flow.setting import Setting
from hub.flow.worker import work
from hub.model.contract import Chore, Claim, NotDurable
from hub.model.lane import Room
from hub.model.message import StoredMessage

_log = structlog.get_logger("crossdock.flow")

Clock = Callable[[], datetime]
Task = StoredMessage | Claim | Chore
Sweep = Callable[[Setting, Chore, datetime], tuple[datetime | None, dict[str, Any]]]

_IDLE = timedelta(seconds=0.5)
_SOON = timedelta(seconds=0.05)
_BATCH = 20
_IN_A_RUSH = 2
_AFTER_FAILURE_SECONDS = 1.0
_RUSH_SECONDS, _LET_EVERY_SECONDS = 0.05, 0.25


def drive(work_to_do: Generator[Happening, Any, Any], clock: Clock, place: Place | None = None) -> None:
    """Runs one worker to its end: every event it yields happens here. `place`: is told where it goes."""
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            happening = work_to_do.throw(error) if error is not None else work_to_do.send(answer)
        except StopIteration:
            return
        error = None
        try:
            answer = happening.act(clock()) if place is None else _placed(happening, clock, place)
        except Exception as raised:  # handed to the worker, which knows what it means
            error = raised


def _placed(happening: Happening, clock: Clock, place: Place) -> Any:
    if isinstance(happening, Wire):
        with place.calling(happening.connection):
            return happening.act(clock())
    answer = happening.act(clock())
    if isinstance(answer, Sending) and answer.goes_on:
        place.go_on(answer.call.connection)
    return answer


class Engine:
    """The embedded hub's pool: `threads` workers over one store. `stop` lets what is running finish."""

    def __init__(
        self,
        setting: Setting,
        clock: Clock,
        *,
        threads: int = 16,
        sweep: Sweep | None = None,
        rushing: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        """`rushing`: shops for which so much arrives that it is more urgent to accept it than to begin with it."""
        self._rushing, self._let_in_rush_at = rushing, 0.0
        self._rooms = Rooms(threads)
        self._room = Room(self._rooms.free, self._rooms.free_for)
        self._setting = replace(setting, may_go_on=self._may_go_on)
        self._clock, self._sweep = clock, sweep
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="crossdock-worker")
        self._free = threading.Semaphore(threads)
        self._threads = threads
        self._wake, self._woken_at = threading.Event(), time.monotonic()
        self._stopping = threading.Event()
        self._draining = threading.Lock()
        self._running = 0  # pieces of work that are not done
        self._counting = threading.Lock()
        self._claimer = threading.Thread(target=self._loop, name="crossdock-claimer", daemon=True)

    def start(self) -> None:
        self._claimer.start()

    def wake(self) -> None:
        """Something may be due now."""
        if not self._wake.is_set():
            self._woken_at = time.monotonic()
            self._wake.set()

    def stop(self, seconds: float = 30.0) -> None:
        self.finish()
        if self._claimer.is_alive():
            self._claimer.join(timeout=seconds)
        self._pool.shutdown(wait=True, cancel_futures=False)

    def drain(self, limit: int = 1000) -> int:
        """Instead of `start`: does what is due until nothing is, `limit` pieces were begun, or `finish` was called; and
        returns once these are done. Returns how many there were.
        """
        begun = 0
        with self._draining:
            while begun < limit and not self._stopping.is_set():
                try:
                    claimed = self._claim()
                except NotDurable as error:
                    _log.warning("store unavailable", error=str(error))
                    break
                begun += claimed
                if claimed:
                    continue
                if self._running == 0:
                    break
                self._wake.wait(self._patience())  # what is running may free more
                self._wake.clear()
            while self._running:
                self._wake.wait(_IDLE.total_seconds())
                self._wake.clear()
        return begun

    def finish(self) -> None:
        """Nothing more is begun; for a signal's handler."""
        self._stopping.set()
        self._wake.set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                claimed = self._claim()
            except NotDurable as error:
                _log.warning("store unavailable", error=str(error))
                claimed = 0
                self._stopping.wait(_AFTER_FAILURE_SECONDS)
            except Exception:  # nobody else would go on claiming
                _log.exception("the claimer met a defect")
                claimed = 0
                self._stopping.wait(_AFTER_FAILURE_SECONDS)
            if not claimed:
                if self._wake.wait(self._patience()):
                    self._rooms.ran_after(time.monotonic() - self._woken_at)
                self._wake.clear()

    def _patience(self) -> float:
        try:
            due = self._setting.store.next_due()
        except Exception:  # a reader's passing trouble: look again soon
            due = None
        wait = min((due - self._clock()) if due else _IDLE, _IDLE)
        # What is due and was not claimed has no place: one that becomes free wakes us.
        return max(wait, _SOON).total_seconds()

    def _claim(self) -> int:
        """Never claims more than free threads can start: a lease must not run out in a queue."""
        free = self._take(_BATCH)
        if free == 0:
            self._free.acquire()
            free = 1 + self._take(_BATCH - 1)
        claims: Sequence[Task] = ()
        rushing = self._rushing()
        try:
            room = self._room_beside(rushing) if rushing else self._room
            claims = self._setting.store.claim(free, self._clock(), room)
        finally:  # a store that fails keeps none of the threads
            for _ in range(free - len(claims)):
                self._free.release()
        with self._counting:
            self._running += len(claims)
        for claim in claims:
            place = self._rooms.enter(claim.connection if isinstance(claim, Claim) else "", _shop(claim))
            self._pool.submit(self._run, claim, place)
        if rushing and not claims:
            self._stopping.wait(_RUSH_SECONDS)  # each delivery of the rush says that there is something to do
        return len(claims)

    def _room_beside(self, rushing: frozenset[str]) -> Room:
        """Shops that are rushing have none. Sooner or later some of their work begins all the same."""
        now = time.monotonic()
        most = _IN_A_RUSH if now >= self._let_in_rush_at else 0
        if most:
            self._let_in_rush_at = now + _LET_EVERY_SECONDS

        def free_for(shop: str) -> int:
            free = self._rooms.free_for(shop)
            return min(free, most) if shop in rushing else free

        return Room(self._rooms.free, free_for)

    def _may_go_on(self, connection: str) -> bool:
        """Within the moment that settles a step: whether its worker may go on with one of this connection."""
        return not self._stopping.is_set() and self._rooms.promise(connection)

    def _take(self, most: int) -> int:
        taken = 0
        while taken < most and self._free.acquire(blocking=False):
            taken += 1
        return taken

    def _run(self, claim: Task, place: Place) -> None:
        kept = True
        try:
            self._do(claim, place)
        except NotDurable as error:
            kept = False
            _log.warning("store unavailable", error=str(error))
        except Exception:
            _log.exception("a worker met a defect", claim=_name(claim))
        finally:
            place.leave(kept=kept)
            self._free.release()
            with self._counting:
                self._running -= 1
            self.wake()

    def _do(self, claim: Task, place: Place) -> None:
        if isinstance(claim, Claim):
            drive(work(self._setting, claim), self._clock, place)
        elif isinstance(claim, StoredMessage):
            self._receive(claim, place)
        else:
            drive(chores.do(self._setting, claim, self._sweep), self._clock, place)

    def _receive(self, message: StoredMessage, place: Place) -> None:
        try:
            drive(intake.receive(self._setting, message), self._clock, place)
        except NotDurable:
            raise
        except Exception as error:
            _log.exception("a message met a defect", message=message.id)
            intake.fail(self._setting, message, error, self._clock())


def _shop(claim: Task) -> str:
    if isinstance(claim, Claim):
        return claim.order.partition(":")[0]
    return claim.delivery.connection if isinstance(claim, StoredMessage) else ""


def _name(claim: Task) -> str:
    if isinstance(claim, Claim):
        return f"{claim.order} {claim.step}"
    return str(claim.id) if isinstance(claim, StoredMessage) else f"{claim.kind} {claim.key}"
