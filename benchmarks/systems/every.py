"""The systems by name, in the order of the table."""

from __future__ import annotations

from benchmarks.systems.crossdock import Embedded, Scaled, ScaledFour, ScaledOne
from benchmarks.systems.peers import Bare, Celery, DbosPostgres, DbosSqlite, Dramatiq, RqFork, RqSimple, Undurable
from benchmarks.systems.system import System

_KINDS: tuple[type[System], ...] = (
    Bare, Undurable, Embedded, Scaled, Dramatiq, Celery, DbosPostgres, DbosSqlite, RqSimple, RqFork,
)  # fmt: skip
USUAL = [kind.name for kind in _KINDS]
_KINDS += (ScaledOne, ScaledFour)
SYSTEMS: dict[str, type[System]] = {kind.name: kind for kind in _KINDS}
