"""A listener that nobody was ever told to call: whoever comes has followed a redirect."""

from __future__ import annotations

import socket
import threading


class Trap:
    """`with Trap() as trap:`; `visits` counts connections."""

    def __init__(self) -> None:
        self.visits = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, name="trap", daemon=True)

    def __enter__(self) -> Trap:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    @property
    def places(self) -> tuple[str, ...]:
        """Addresses that lead here."""
        return tuple(f"http://{host}:{self.port}/latest/meta-data/" for host in ("127.0.0.1", "localhost"))

    def _accept(self) -> None:
        while True:
            try:
                visitor, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            visitor.close()
