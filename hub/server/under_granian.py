"""granian in this very process: there is no second process to lose.

It speaks RSGI with us. Webhooks are answered on its event loop, so that those which wait for a commit hold no thread,
and everything else by threads of the WSGI application's.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mt import MTServer

from hub.server.rsgi import Desk
from hub.server.serving import BACKLOG, Application, Terms

HEADERS_MILLISECONDS = 15_000
HEADERS_BYTES = 64 * 1024
NATIVES_SECONDS = 2.0
SIGNAL_SECONDS = 0.5
CONNECTIONS = 512  # those beyond wait in the kernel's queue

_log = logging.getLogger(__name__)


class _OneProcess(MTServer):
    """The worker that granian keeps on a thread. Its request handling is the same code in every build."""

    def __init__(self, terms: Terms, ending: _Ending) -> None:
        super().__init__(
            "crossdock",
            address=terms.host,
            port=terms.port,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            backlog=BACKLOG,
            backpressure=CONNECTIONS,
            websockets=False,
            http1_settings=HTTP1Settings(header_read_timeout=HEADERS_MILLISECONDS, max_buffer_size=HEADERS_BYTES),
            log_level=LogLevels.error,
        )
        self._ending = ending
        self.main_loop_interrupt = _Heard()

    def _check_gil(self) -> None:
        """granian offers this worker to free-threaded builds alone; with the GIL it does what its process worker does,
        on a thread."""

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        self._ending.begin()
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]


class _Heard(threading.Event):
    """The kernel may hand a signal to any thread (it does to another where the first has just been continued), and its
    handler runs once the main thread runs: which must not wait for it without an end.
    """

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None:
            return super().wait(timeout)
        while not super().wait(SIGNAL_SECONDS):
            pass
        return True


def run(app_factory: Callable[[], Application], terms: Terms) -> None:
    app = app_factory()
    ending = _Ending(app.drain, terms.grace_seconds)
    desk = Desk(app.wsgi, app.door, terms.threads)
    try:
        _OneProcess(terms, ending).serve(target_loader=lambda: desk.answer, wrap_loader=False)
    finally:
        ending.finish()
        _wait_for_natives()


def _wait_for_natives() -> None:
    """A thread of the server's own that still lets go of something of ours while the interpreter ends would abort the
    whole process: they are waited for, where the system tells of them.
    """
    tasks, until = Path("/proc/self/task"), time.monotonic() + NATIVES_SECONDS
    while tasks.exists() and time.monotonic() < until:
        ours = {thread.native_id for thread in threading.enumerate()}
        if all(int(task.name) in ours for task in tasks.iterdir()):
            return
        time.sleep(0.01)


class _Ending:
    """Calls `drain` exactly once: when the server has stopped, or when it has not within the grace."""

    def __init__(self, drain: Callable[[], None], grace_seconds: float) -> None:
        self._drain = drain
        self._grace_seconds = grace_seconds
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._watch = threading.Thread(target=self._give_up, name="stop-grace", daemon=True)

    def begin(self) -> None:
        """The first signal starts the grace; more of them change nothing."""
        if self._watch.ident is None:
            self._watch.start()

    def finish(self) -> None:
        self._stopped.set()
        with self._lock:
            self._drain()

    def _give_up(self) -> None:
        if self._stopped.wait(self._grace_seconds):
            return
        with self._lock:
            if self._stopped.is_set():
                return
            _log.warning("some requests were still unfinished after the grace: stopping without them")
            self._drain()
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            # A thread that waits for a sender cannot be interrupted, and would keep the process for as long.
            os._exit(0)
