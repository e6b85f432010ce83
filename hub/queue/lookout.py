"""Looks into the database for what has become due, and has it done: whatever tokens were lost, nothing waits long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

_log = structlog.get_logger("crossdock.queue")

_LONGEST_SECONDS = 1.0
_PAUSE_SECONDS = 0.2  # after something was enqueued: its worker needs a moment to begin


class Lookout:
    """A thread. `enqueue` says whether somebody will hear of it; where nobody does, `otherwise` is called."""

    def __init__(
        self,
        next_due: Callable[[], datetime | None],
        clock: Callable[[], datetime],
        enqueue: Callable[[], bool],
        otherwise: Callable[[], None] = lambda: None,
    ) -> None:
        self._next_due, self._clock, self._enqueue, self._otherwise = next_due, clock, enqueue, otherwise
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._loop, name="crossdock-lookout", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something may be due now."""
        self._woken.set()

    def stop(self, seconds: float = 30.0) -> None:
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout=seconds)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            woken = self._woken.is_set()
            self._woken.clear()
            try:
                wait = 0.0 if woken else self._until_due()
                if wait <= 0 and not self._enqueue():
                    self._otherwise()
                    wait = 0.0
            except Exception:  # the database is away, or a defect: nobody else would go on looking
                _log.exception("the lookout could not look")
                wait = _LONGEST_SECONDS
            self._woken.wait(max(wait, _PAUSE_SECONDS) if not woken else 0.0)

    def _until_due(self) -> float:
        due = self._next_due()
        seconds = (due - self._clock()).total_seconds() if due is not None else _LONGEST_SECONDS
        return min(seconds, _LONGEST_SECONDS)
