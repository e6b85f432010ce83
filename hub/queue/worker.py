"""The worker: RQ's own loop, dashboard and commands, in one process whose threads do what a token asks for.

RQ forks for each job and stops it by an exception that is thrown into whatever runs. Neither is right for a drain: its
threads share connections and what was read once, and a call that is under way must end. So jobs run in this process,
and nothing is thrown into them; SIGTERM lets what is running finish.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable

import redis
import structlog
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.timeouts import BaseDeathPenalty

from hub.queue.tokens import QUEUE, connected

_log = structlog.get_logger("crossdock.queue")

_AGAIN_SECONDS = 1.0
# RQ waits for a token for 15 seconds less than a worker may go without a sign of life, and for its answer 10 more: so
# long nobody hears that the queue's machine has vanished without a word. RQ's own 420 seconds are more than promised.
_LIFE_SECONDS = 20


class _NoPenalty(BaseDeathPenalty):
    """RQ's time limit for a job: a drain has none."""

    def setup_death_penalty(self) -> None:
        pass

    def cancel_death_penalty(self) -> None:
        pass


class _Drainer:
    """What a token's job finds in this process."""

    work: Callable[[], None] | None = None


def drain() -> None:
    """The job. Runs in a process that `work` was called in."""
    if _Drainer.work is None:
        raise RuntimeError("this process drains nothing: begin workers with `crossdock worker`")
    _Drainer.work()


class DrainWorker(SimpleWorker):
    """`crossdock worker`'s."""

    death_penalty_class = _NoPenalty
    max_connection_wait_time = 2.0
    stop: Callable[[], None]

    def handle_warm_shutdown_request(self) -> None:
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        self.stop()


def work(url: str, begun: Callable[[], None], stop: Callable[[], None]) -> None:
    """Waits for tokens, and calls `begun` for each, until SIGTERM or SIGINT: in its handler `stop` is called, after
    which `begun` must soon return.
    """
    stopped = threading.Event()

    def asked_to_stop(*_: object) -> None:
        stopped.set()
        stop()

    _Drainer.work = begun
    while not stopped.is_set():
        for asking in (signal.SIGTERM, signal.SIGINT):  # RQ's own are there only while its worker has its queue
            signal.signal(asking, asked_to_stop)
        connection = connected(url)  # which waits for tokens longer than any answer may take
        try:
            worker = DrainWorker([QUEUE], connection=connection, worker_ttl=_LIFE_SECONDS)
            worker.stop = asked_to_stop
            worker.work(logging_level="WARNING")
        except (redis.RedisError, OSError) as error:
            _log.warning("no tokens can be had", error=type(error).__name__)
        except StopRequested:  # it was asked while it was already on its way out
            pass
        finally:
            connection.close()
        with contextlib.suppress(StopRequested):
            stopped.wait(_AGAIN_SECONDS)
