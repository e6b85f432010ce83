"""Serves a WSGI application until it is told to stop, and then lets it finish.

One process. granian's own way is a parent and a forked worker: a second process's memory, and a worker that keeps its
port and its locks when the parent alone is killed. Its thread worker runs in this process instead. gunicorn (gthread,
one forked worker) works too, for those who run it everywhere.

Stopping, on SIGTERM or SIGINT: nothing new is accepted, requests in flight are answered, then `drain` is called, then
`serve` returns. A sender that never finishes its request is given up after `grace_seconds`; it was not answered, so
nothing that was acknowledged is lost.
"""

from __future__ import annotations

import importlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from wsgiref.types import WSGIApplication

from hub.server.rsgi import Door

THREADS = 32
GRACE_SECONDS = 10.0
BACKLOG = 1024

_ENGINES = {"granian": "hub.server.under_granian", "gunicorn": "hub.server.under_gunicorn"}
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to knock, not where to listen
_KNOCK_SECONDS = 0.01
_KNOCKS = 1000


@dataclass(frozen=True)
class Application:
    """What is served, and how it finishes its work: `drain` is called once, after the last request was answered.

    `door`: what answers webhooks without holding a thread for each, where the engine can; `wsgi` answers them as well.
    """

    wsgi: WSGIApplication
    drain: Callable[[], None]
    door: Door | None = None


@dataclass(frozen=True)
class Terms:
    """Where and how to serve."""

    host: str
    port: int
    threads: int
    grace_seconds: float


class CannotServe(Exception):
    """The address cannot be listened on, or the server is not installed; the text says which and what to do."""


def serve(
    app_factory: Callable[[], Application],
    host: str = "127.0.0.1",
    port: int = 8480,
    threads: int = THREADS,
    *,
    engine: Literal["granian", "gunicorn"] = "granian",
    grace_seconds: float = GRACE_SECONDS,
    on_listening: Callable[[], None] | None = None,
) -> None:
    """Blocks until SIGTERM or SIGINT; to be called on the main thread. Raises CannotServe.

    `app_factory` is called once, in the process that serves, before it accepts anything; what it raises passes
    through. `on_listening` is called once, on a thread of its own, when connections are accepted.
    """
    check_free(host, port)
    try:
        # Loaded by name: gunicorn need not be installed, and neither engine costs the other's start.
        run = importlib.import_module(_ENGINES[engine]).run
    except ImportError as error:
        raise CannotServe(f"{engine} cannot be used here ({error}): install it, or another version of it") from error
    if on_listening is not None:
        threading.Thread(target=_announce, args=(host, port, on_listening), name="announce", daemon=True).start()
    run(app_factory, Terms(host, port, threads, grace_seconds))


def check_free(host: str, port: int) -> None:
    """Raises CannotServe if the address cannot be listened on, in good time: the engines share a port that is taken
    (SO_REUSEPORT), and two hubs would then each get some of the connections."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise CannotServe(f"{host}:{port} cannot be listened on: {error.strerror}. Choose another address.") from error


def _announce(host: str, port: int, on_listening: Callable[[], None]) -> None:
    for _ in range(_KNOCKS):
        try:
            with socket.create_connection((_ANYWHERE.get(host, host), port), timeout=1):
                break
        except OSError:
            time.sleep(_KNOCK_SECONDS)
    else:
        return
    on_listening()
