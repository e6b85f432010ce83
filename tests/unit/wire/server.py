"""A raw TCP server that plays one provider, byte for byte, so that every way to fail is a real one."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Script = Callable[[socket.socket, "Seen"], None]


@dataclass
class Seen:
    """What reached the server."""

    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


def read_request(sock: socket.socket, seen: Seen) -> bytes:
    """Head and body (by Content-Length) of one request; b"" when the client went away."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = sock.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += sock.recv(65536)
    seen.requests.append(head + b"\r\n\r\n" + body)
    return seen.requests[-1]


def reset(sock: socket.socket) -> None:
    """Closes with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def reply(status: str = "200 OK", body: bytes = b"{}", *headers: str, length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def answering(data: bytes, close: bool = False) -> Script:
    """Answers every request of a connection with the same bytes."""

    def script(sock: socket.socket, seen: Seen) -> None:
        while read_request(sock, seen):
            sock.sendall(data)
            if close:
                return

    return script


@contextlib.contextmanager
def serving(script: Script, wrap: Callable[[socket.socket], socket.socket] | None = None) -> Iterator[tuple[int, Seen]]:
    """Runs `script` for each connection on a loopback port; yields (port, what was seen)."""
    seen = Seen()
    listener = socket.create_server(("127.0.0.1", 0))

    def one(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock if wrap is None else wrap(sock) as wrapped:
            script(wrapped, seen)

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            seen.connections += 1
            threading.Thread(target=one, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], seen
    finally:
        seen.stop.set()
        listener.close()


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
