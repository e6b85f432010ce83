"""A disk that fails now and then: before anything was written, or after, when nobody can tell any more."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from hub.model.contract import NotDurable
from hub.store.tx import AtOnce, Tx, Writer

T = TypeVar("T")


class FlakyWriter(AtOnce):
    def __init__(self, inner: Writer, befalls: Callable[[], bool], rng: random.Random) -> None:
        self._inner, self._befalls, self._rng = inner, befalls, rng

    def run(self, moment: Callable[[Tx], T], of: str = "") -> T:
        if not self._befalls():
            return self._inner.run(moment)
        if self._rng.random() < 0.5:
            raise NotDurable("disk I/O error")
        self._inner.run(moment)
        raise NotDurable("disk I/O error")

    def close(self) -> None:
        self._inner.close()
