"""How many workers may be busy with one connection, or for one shop: whoever has trouble must not keep them all."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STUCK_SECONDS = 2.0  # a call that lasts longer counts against its connection
_BESIDE_SECONDS = 10.0  # so long a shop that had something to do counts as one beside the others
_LATE_SECONDS = 0.004  # who was woken, and ran so much later: others had the processor
_LEAST = 2  # workers of a shop beside others


class Rooms:
    """Three quarters of the workers at most ask one connection, and a quarter where an eighth are stuck there. Half of
    them at most work for one shop while there are others, and fewer while the processor is what they wait for: more of
    them would only stand in the others' way.
    """

    def __init__(self, workers: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._workers, self._half = workers, max(workers // 2, 1)
        self._share, self._lateness = float(self._half), 0.0
        self._shops: dict[str, float] = {}  # when each had something to do last
        self._most = max(workers - workers // 4, 1)
        self._few, self._alarming = max(workers // 4, 1), max(workers // 8, 1)
        self.monotonic = monotonic
        self.lock = threading.Lock()
        self.places: set[Place] = set()
        self.promised: Counter[str] = Counter()

    def free(self, connection: str) -> int:
        """How many more may ask this connection."""
        with self.lock:
            return self._free(connection)

    def free_for(self, shop: str) -> int:
        """How many more may work for this shop, which has something to do."""
        now = self.monotonic()
        with self.lock:
            self._shops[shop] = now
            beside = any(at > now - _BESIDE_SECONDS for other, at in self._shops.items() if other != shop)
            return (int(self._share) if beside else self._workers) - sum(place.shop == shop for place in self.places)

    def ran_after(self, seconds: float) -> None:
        """A thread of this process that was woken ran only so much later."""
        self._lateness += (seconds - self._lateness) / 16
        if self._lateness > _LATE_SECONDS:
            self._share = max(self._share * 0.97, min(_LEAST, self._half))
        else:
            self._share = min(self._share + 0.05, self._half)

    def promise(self, connection: str) -> bool:
        """Keeps a place for a worker that is about to go on there; False where there is none."""
        with self.lock:
            if self._free(connection) <= 0:
                return False
            self.promised[connection] += 1
            return True

    def enter(self, connection: str, shop: str = "") -> Place:
        """A worker begins with a step of this connection (`""`: of none), for this shop."""
        place = Place(self, connection, shop)
        with self.lock:
            self.places.add(place)
        return place

    def _free(self, connection: str) -> int:
        here = [place for place in self.places if place.at == connection]
        began = self.monotonic() - _STUCK_SECONDS
        stuck = sum(place.since is not None and place.since < began for place in here)
        most = self._few if stuck >= self._alarming else self._most
        return most - len(here) - self.promised[connection]


class Place:
    """Where one worker is. Its own thread moves it."""

    def __init__(self, rooms: Rooms, at: str, shop: str) -> None:
        self._rooms, self.at, self.shop = rooms, at, shop
        self.since: float | None = None  # when the call that it makes began

    def go_on(self, connection: str) -> None:
        """It was promised this place."""
        with self._rooms.lock:
            self._rooms.promised[connection] = max(self._rooms.promised[connection] - 1, 0)
            self.at = connection

    @contextmanager
    def calling(self, connection: str) -> Iterator[None]:
        self.at, self.since = connection, self._rooms.monotonic()
        try:
            yield
        finally:
            self.since = None

    def leave(self, *, kept: bool = True) -> None:
        """`kept`: False where the store failed, so that what was promised in it may never be asked for."""
        with self._rooms.lock:
            self._rooms.places.discard(self)
            if not (kept and self._rooms.places):  # whoever was promised one was in another
                self._rooms.promised.clear()
