"""The systems by name, in the order of the table."""

from __future__ import annotations

from benchmarks.systems.crossdock import Embedded
from benchmarks.systems.system import System

SYSTEMS: dict[str, type[System]] = {kind.name: kind for kind in (Embedded,)}
