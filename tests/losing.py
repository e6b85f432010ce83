"""Database connections that are lost where it matters: in a transaction, right before its COMMIT, or right after.

Before it, the server has rolled everything back; after it, everything is there: and whoever asked for the COMMIT sees
the same. The server is the real one, and so is what the driver and the hub make of the loss.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from hub.store.tx import Tx

UNDONE, UNANSWERED = "undone", "unanswered"
_LOST = "server closed the connection unexpectedly"
_GONE_SECONDS = 5.0

Seen = Callable[["psycopg.Connection[Any]"], None]

_execute = psycopg.Connection.execute
_looking: list[Seen] = []  # told of each statement before it is sent


def lose(tx: Tx, how: str) -> None:
    """The connection that this transaction runs on will be lost at its COMMIT."""
    connection_of(tx).losing = how


def connection_of(tx: Tx) -> Any:
    """What a PostgresTx runs on."""
    return tx._connection  # type: ignore[attr-defined]


def _watched(self: psycopg.Connection[Any], query: Any, *args: Any, **options: Any) -> psycopg.Cursor[Any]:
    for seen in _looking:
        seen(self)
    how = self.__dict__.pop("losing", None) if query == "COMMIT" else None
    if how is None:
        return _execute(self, query, *args, **options)
    if how == UNANSWERED:
        _execute(self, query, *args, **options)
    else:
        terminate(self)
    self.close()
    raise psycopg.OperationalError(_LOST)


def terminate(victim: psycopg.Connection[Any]) -> None:
    """Ends the victim's session at the server, as an operator or a failover does; returns when it is gone."""
    pid = victim.info.backend_pid
    with psycopg.connect(victim.info.dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
        end = time.monotonic() + _GONE_SECONDS
        while connection.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
            assert time.monotonic() < end, "the server does not end a session"


def watch() -> None:
    """From now on, in this process."""
    psycopg.Connection.execute = _watched  # type: ignore[method-assign]


@contextmanager
def told(seen: Seen) -> Iterator[None]:
    """`seen` is called before each statement inside."""
    watch()
    _looking.append(seen)
    try:
        yield
    finally:
        _looking.remove(seen)
