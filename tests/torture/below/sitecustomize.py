"""Read by every Python that starts with this folder on its path, before anything of the hub: the machine below it.

CROSSDOCK_TORTURE_CLOCK names a file with one number of eight bytes: so many seconds the machine's wall clock is wrong.
It may be rewritten at any moment; the monotonic clock stays what it is, as it does on a real machine. An hour that a
provider asks for passes in CROSSDOCK_TORTURE_HOUR seconds, because the sandbox's hours do.
"""

from __future__ import annotations

import importlib.machinery
import mmap
import os
import struct
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from types import ModuleType
from typing import Any

_real_time = time.time


def _error_of_the_clock(path: str) -> Callable[[], float]:
    with open(path, "rb") as file:
        memory = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    return lambda: float(struct.unpack_from("<d", memory)[0])


class _Wrong(datetime):
    """A datetime whose `now` is the wrong clock's; what it gives is a plain datetime."""

    error: Callable[[], float]

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.fromtimestamp(_real_time() + cls.error(), tz)


class _Mending:
    """Finds a module as everybody does, and changes it as soon as it is loaded."""

    def __init__(self, changes: Mapping[str, Callable[[ModuleType], None]]) -> None:
        self._changes = changes

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        change = self._changes.get(name)
        if change is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            change(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _begin(clock: str, hour: str | None) -> None:
    error = _error_of_the_clock(clock)
    _Wrong.error = staticmethod(error)
    time.time = lambda: _real_time() + error()

    def wrong(module: ModuleType) -> None:
        module.datetime = _Wrong  # type: ignore[attr-defined]

    def short(module: ModuleType) -> None:
        module.LONGEST_RETRY_AFTER = float(hour or 3600)  # type: ignore[attr-defined]

    names = ("hub.assembly.clock", "hub.assembly.desk", "hub.connector.connection")
    sys.meta_path.insert(0, _Mending(dict.fromkeys(names, wrong) | {"hub.connector.verdict": short}))


if os.environ.get("CROSSDOCK_TORTURE_CLOCK"):
    _begin(os.environ["CROSSDOCK_TORTURE_CLOCK"], os.environ.get("CROSSDOCK_TORTURE_HOUR"))
