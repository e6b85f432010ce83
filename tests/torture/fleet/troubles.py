"""What is done to the database, the queue and the ways to them: each trouble in a thread of its own, by the seed."""

from __future__ import annotations

import random
import subprocess
import threading
from collections import Counter
from collections.abc import Callable

from tests.torture.fleet.database import Database
from tests.torture.fleet.terms import Terms
from tests.torture.fleet.wire import Line
from tests.torture.terms import Span
from tests.valkey import Valkey


class Trouble:
    """Befalls every so often, until it is `over`; what it began it ends."""

    name = ""

    def __init__(self, terms: Terms, every: Span, counts: Counter[str]) -> None:
        self._terms, self._every, self._counts = terms, every, counts
        self._chance = random.Random(f"{self.name} {terms.seed}")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=f"trouble: {self.name}", daemon=True)
        self.now = ""  # what goes on at this moment
        self.failed: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Returns when nothing of it is left."""
        self._over.set()
        self._thread.join(120)
        if self.failed is not None:
            raise self.failed

    def befall(self) -> None:
        raise NotImplementedError

    def _loop(self) -> None:
        first = min(1.0, self._terms.seconds / 600 + 0.2)  # so that a short run has some of everything
        try:
            while not self._over.wait(self._between(self._every) * first):
                first = 1.0
                self.befall()
                self.now = ""
        except BaseException as error:
            self.failed = error

    def _between(self, span: Span) -> float:
        return self._chance.uniform(*span)

    def _last(self, span: Span) -> None:
        """So long it goes on, or until everything is over."""
        self._over.wait(self._between(span))

    def _count(self, what: str, more: int = 1) -> None:
        self._counts[what] += more


class Stopped(Trouble):
    """The database is stopped and started again, or stands still."""

    name = "database"

    def __init__(self, terms: Terms, counts: Counter[str], database: Database) -> None:
        super().__init__(terms, terms.database_every, counts)
        self._database = database

    def befall(self) -> None:
        kind = self._chance.choice(("immediate", "fast", "still"))
        self.now = f"database {kind}"
        if kind == "still":
            self._count("database_stood_still")
            self._database.freeze()
            try:
                self._last(self._terms.database_still)
            finally:
                self._database.thaw()
            return
        self._count(f"database_stopped_{kind}")
        try:
            self._database.stop(kind)
        except subprocess.SubprocessError:  # a session that stands still keeps a fast stop from its end
            self._database.stop("immediate")
        self._last(self._terms.database_away)
        self._database.start()


class Terminated(Trouble):
    """Sessions of the hub are ended, whatever they are at."""

    name = "sessions"

    def __init__(self, terms: Terms, counts: Counter[str], database: Database) -> None:
        super().__init__(terms, terms.terminate_every, counts)
        self._database = database

    def befall(self) -> None:
        self._count("sessions_terminated", self._database.terminate(self._terms.terminated))


class Partitioned(Trouble):
    """Nothing passes between the hub and its database; then what was sent arrives late, or both sides hear of it."""

    name = "partition"

    def __init__(self, terms: Terms, counts: Counter[str], way: Line) -> None:
        super().__init__(terms, terms.partition_every, counts)
        self._way = way

    def befall(self) -> None:
        self.now = "database partitioned"
        self._count("database_partitions")
        self._way.tell(hold=True)
        self._last(self._terms.partition_for)
        self._way.tell(hold=False, then=self._chance.choice(("carry", "cut")))


class Queue(Trouble):
    """The queue loses everything, is started anew, or cannot be reached: and callers may not even hear of that."""

    name = "queue"

    def __init__(self, terms: Terms, counts: Counter[str], queue: Valkey, way: Line) -> None:
        super().__init__(terms, terms.queue_every, counts)
        self._queue, self._way = queue, way
        self._deeds: list[Callable[[], None]] = []

    def befall(self) -> None:
        if not self._deeds:  # each in its turn, so that none is left out
            self._deeds = [self._flush, self._restart, self._partition]
            self._chance.shuffle(self._deeds)
        self._deeds.pop()()

    def _flush(self) -> None:
        self._count("queue_flushes")
        self._queue.flush()

    def _restart(self) -> None:
        self.now = "queue stopped"
        self._count("queue_restarts")
        self._queue.stop()
        self._last(self._terms.queue_away)
        self._queue.start()

    def _partition(self) -> None:
        self.now = "queue partitioned"
        then = self._chance.choice(("carry", "cut", "forget"))
        self._count("queue_partitions")
        self._way.tell(hold=True)
        self._last(self._terms.queue_away)
        self._way.tell(hold=False, then=then)
