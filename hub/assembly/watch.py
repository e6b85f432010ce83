"""Beside a hub that runs: notices a changed `hub.yaml`, has it taken up, and marks how far the books have come."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import structlog

from hub.assembly.hub import Hub
from hub.assembly.waterline import Waterline

LOOK_SECONDS = 1.0

_log = structlog.get_logger("crossdock")


class Watch:
    """Looks at the file once a second. A change is taken up when the file has been the same for one look."""

    def __init__(self, hub: Hub, look_seconds: float = LOOK_SECONDS) -> None:
        self._hub, self._look_seconds = hub, look_seconds
        self._stop = threading.Event()
        self._stamp = _stamp(hub.home.config)
        self._waterline = Waterline(hub.store, hub.home.waterline)
        self._thread = threading.Thread(target=self._loop, name="crossdock-watch", daemon=True)

    def start(self) -> None:
        self._waterline.start()
        self._thread.start()

    def stop(self) -> None:
        """Before the hub is closed."""
        self._stop.set()
        self._waterline.stop()

    def _loop(self) -> None:
        seen = self._stamp
        while not self._stop.wait(self._look_seconds):
            now = _stamp(self._hub.home.config)
            if now != self._stamp and now == seen:
                self._stamp = now
                self._take_up()
            seen = now

    def _take_up(self) -> None:
        try:
            self._hub.reload()
        except Exception:  # a hub that runs goes on as it was
            _log.exception("the changed configuration could not be taken up")


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_ino, found.st_size
