"""The collector's settings: what is there is not looked at again, and what comes is still collected."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from hub.assembly import garbage


class Ring:
    """Refers to itself, and so only the collector ends it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    usual = gc.get_threshold()
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


def test_what_is_there_is_not_looked_at_again() -> None:
    garbage.settle()
    assert gc.get_freeze_count() > 10_000


def test_what_comes_is_collected_by_itself() -> None:
    garbage.settle()
    gone = weakref.ref(Ring())
    rings = 0
    while gone() is not None and rings < 10_000_000:
        Ring()
        rings += 1
    assert gone() is None
