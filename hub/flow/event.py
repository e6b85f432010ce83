"""What a worker yields: the only places where anything outside it happens, and so where it may be crashed or frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Moment:
    """A durable event: `act(now)` is one transaction (or one read) of the store."""

    name: str
    act: Callable[[datetime], Any]


@dataclass(frozen=True)
class Wire:
    """An event on the wire: `act(now)` talks to the provider of a connection."""

    name: str
    act: Callable[[datetime], Any]
    connection: str


Happening = Moment | Wire
