"""Tokens: jobs in RQ that carry nothing and mean "drain what is due". Losing one costs a moment, never an order.

What is due stands in the database. A token is enqueued when something has become due, at most one that nobody has
begun; who begins one drains until nothing is due, or gives way after a while by enqueuing another. So everything in
Valkey may be lost at any moment: the next look into the database enqueues again.
"""

from __future__ import annotations

import contextlib
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue

_log = structlog.get_logger("crossdock.queue")

QUEUE = "crossdock"
DRAIN = "hub.queue.worker.drain"  # by its name, so that who enqueues need not have what drains
_PENDING = "crossdock:pending"
_PENDING_SECONDS = 10  # of a token that nobody begins: its worker died with it in hand, or it was lost
_ANSWER_SECONDS = 2.0


def connected(url: str, **terms: Any) -> Any:
    """A connection that asks nothing again by itself: whoever has to end must not wait for each try."""
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **terms)


class Tokens:
    """Enqueues tokens at `url` (redis://, rediss://, unix://). Never raises for a server that does not answer."""

    def __init__(self, url: str) -> None:
        self.connection = connected(url, socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=_ANSWER_SECONDS)
        self.queue = Queue(QUEUE, connection=self.connection, default_timeout=-1)
        self._away = False

    def enqueue(self) -> bool:
        """Sees to it that a token lies there that nobody has begun. False where the server cannot be reached."""
        try:
            if self.connection.set(_PENDING, b"1", nx=True, ex=_PENDING_SECONDS):
                self.queue.enqueue(DRAIN, result_ttl=0, failure_ttl=0)
        except (redis.RedisError, OSError) as error:
            if not self._away:
                _log.warning("the queue is away; workers ask the database themselves", error=type(error).__name__)
            self._away = True
            return False
        if self._away:
            _log.info("the queue is there again")
        self._away = False
        return True

    def begun(self) -> None:
        """The token that lay there is in hand: from now on another may be enqueued."""
        with contextlib.suppress(redis.RedisError, OSError):
            self.connection.delete(_PENDING)

    def close(self) -> None:
        with contextlib.suppress(redis.RedisError, OSError):
            self.connection.close()
