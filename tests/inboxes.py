"""Stand-ins for the store at the front door."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime

from hub.model.message import Delivery, Kept


class EachAtOnce:
    """`keep_soon` of an inbox that keeps in memory: whoever asks need not wait."""

    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        raise NotImplementedError

    def keep_soon(self, deliveries: Sequence[tuple[Delivery, datetime]]) -> Future[Sequence[Kept]]:
        done: Future[Sequence[Kept]] = Future()
        try:
            done.set_result([self.keep(delivery, now) for delivery, now in deliveries])
        except Exception as error:
            done.set_exception(error)
        return done
