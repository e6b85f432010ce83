"""gunicorn with one forked worker: the application, its threads and its locks live there alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from hub.server.serving import BACKLOG, Application, Terms

KEEPALIVE_SECONDS = 15


class _OneWorker(BaseApplication):  # type: ignore[misc]
    def __init__(self, app_factory: Callable[[], Application], terms: Terms) -> None:
        self._app_factory = app_factory
        self._terms = terms
        self._app: Application | None = None
        super().__init__()

    def load_config(self) -> None:
        terms = self._terms
        wanted: dict[str, Any] = {
            "bind": [f"[{terms.host}]:{terms.port}" if ":" in terms.host else f"{terms.host}:{terms.port}"],
            "workers": 1,
            "worker_class": "gthread",
            "threads": terms.threads,
            "backlog": BACKLOG,
            "keepalive": KEEPALIVE_SECONDS,
            "graceful_timeout": max(1, round(terms.grace_seconds)),
            "timeout": 0,  # no heartbeat: a worker that waits for the disk is not dead
            "loglevel": "error",
            "control_socket_disable": True,
            "post_worker_init": _stop_gently,
            "worker_exit": self._exit,
        }
        for name, value in wanted.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        self._app = self._app_factory()
        return self._app.wsgi

    def _exit(self, _arbiter: Any, _worker: Any) -> None:
        if self._app is not None:
            self._app.drain()


def _stop_gently(worker: Any) -> None:
    """SIGINT is for stopping as well as SIGTERM is. gunicorn's quick way ends the thread pool inside the signal's
    handler, where it can wait for a lock that the interrupted code holds."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, worker.handle_exit)


def run(app_factory: Callable[[], Application], terms: Terms) -> None:
    parent = os.getpid()
    try:
        _OneWorker(app_factory, terms).run()
    except SystemExit as stopped:
        # It ends by raising, in the worker as well, which must not go on with what the caller does next.
        if os.getpid() != parent or stopped.code:
            raise
