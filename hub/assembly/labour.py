"""Who does what is due: this process by itself, or workers that it calls through a queue, or this process as one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from hub.flow.drive import Engine, Sweep
from hub.flow.setting import Setting
from hub.model.contract import Store

Clock = Callable[[], datetime]

_AT_ONCE = 200  # pieces of work for one token


class Labour(Protocol):
    def start(self) -> None: ...

    def wake(self) -> None:
        """Something may be due now."""
        ...

    def stop(self, seconds: float = 30.0) -> None:
        """Lets what is running finish."""
        ...


class Calling:
    """Enqueues tokens for `crossdock worker`s, wherever they run; this process does nothing that is due itself."""

    def __init__(self, store: Store, clock: Clock, url: str) -> None:
        from hub.queue.lookout import Lookout  # noqa: PLC0415 - loaded only where there is a queue
        from hub.queue.tokens import Tokens  # noqa: PLC0415

        self._tokens = Tokens(url)
        self._lookout = Lookout(store.next_due, clock, self._tokens.enqueue)

    def start(self) -> None:
        self._lookout.start()

    def wake(self) -> None:
        self._lookout.wake()

    def stop(self, seconds: float = 30.0) -> None:
        self._lookout.stop(seconds)
        self._tokens.close()


class Working:
    """A worker's: `work` waits for tokens; whatever no token tells of, its lookout finds in the database."""

    def __init__(self, engine: Engine, store: Store, clock: Clock, url: str) -> None:
        from hub.queue.lookout import Lookout  # noqa: PLC0415 - loaded only where there is a queue
        from hub.queue.tokens import Tokens  # noqa: PLC0415

        self.engine = engine
        self.tokens = Tokens(url)
        self._lookout = Lookout(store.next_due, clock, self.tokens.enqueue, self.drain)

    def begun(self) -> None:
        """A token is in hand."""
        self.tokens.begun()
        self.drain()

    def drain(self) -> None:
        """Does what is due. What is left after a while is another token's, so that other work gets its turn."""
        if self.engine.drain(_AT_ONCE) >= _AT_ONCE:
            self.tokens.enqueue()

    def start(self) -> None:
        self._lookout.start()

    def wake(self) -> None:
        self._lookout.wake()

    def stop(self, seconds: float = 30.0) -> None:
        self.engine.finish()
        self._lookout.stop(seconds)
        self.engine.stop(seconds)
        self.tokens.close()


def wait_for_tokens(url: str, current: Callable[[], Labour | None]) -> None:
    """Works until SIGTERM or SIGINT. `current`: the labour, which a reload replaces; one that works, or none."""
    from hub.queue.worker import work  # noqa: PLC0415 - loaded only where there is a queue

    def working() -> Working:
        labour = current()
        assert isinstance(labour, Working)
        return labour

    def begun() -> None:
        working().begun()

    def stop() -> None:
        working().engine.finish()

    work(url, begun, stop)


def labour_of(
    setting: Setting,
    clock: Clock,
    threads: int,
    sweep: Sweep,
    url: str | None,
    *,
    works: bool,
    rushing: Callable[[], frozenset[str]],
) -> Labour:
    """`url`: the queue's, None for none; `works`: this process is one of its workers; `rushing`: for which
    shops it accepts so many deliveries that their work begins more slowly.
    """
    if url is not None and not works:
        return Calling(setting.store, clock, url)
    engine = Engine(setting, clock, threads=threads, sweep=sweep, rushing=rushing)
    return engine if url is None else Working(engine, setting.store, clock, url)
