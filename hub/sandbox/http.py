"""The world on a socket: a small threaded HTTP/1.1 server that can also misbehave as networks do.

It is written by hand because a fault is a thing of the wire: a reset, a silence, an answer that breaks off.
"""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass
from http.client import responses
from typing import Protocol

from hub.sandbox.call import Answer

_LARGEST_HEAD = 64 * 1024
_LARGEST_BODY = 8 * 1024 * 1024
_IDLE_SECONDS = 60.0
_DRIP_SECONDS = 1.0


@dataclass(frozen=True)
class Asked:
    """One request as read from a socket: `target` is the path with its query, still quoted; header names lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Answerer(Protocol):
    def __call__(self, asked: Asked) -> Answer: ...


class HttpServer:
    """Serves one answerer on loopback, a thread a connection, connections kept alive."""

    def __init__(self, answerer: Answerer, host: str = "127.0.0.1", port: int = 0) -> None:
        self._answerer = answerer
        self._listener = socket.create_server((host, port), backlog=512)
        self.host, self.port = self._listener.getsockname()[:2]
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, name="sandbox-http", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Closes the door and every connection; what is being held is let go."""
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in list(self._open):
            _shut(each)
        self._thread.join(5)

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(_IDLE_SECONDS)
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        reader = _Reader(connection)
        try:
            while not self._stopping.is_set():
                asked = reader.request()
                if asked is None:
                    return
                if not self._reply(connection, self._answerer(asked)):
                    return
                if asked.headers.get("connection", "").lower() == "close":
                    return
        except (OSError, ValueError):
            return  # the client went away, or spoke something that is not HTTP
        finally:
            self._open.discard(connection)
            connection.close()

    def _reply(self, connection: socket.socket, answer: Answer) -> bool:
        """Sends the answer as its ending says; False where the connection is over."""
        if answer.hold and self._stopping.wait(answer.hold):
            return False
        if answer.ending == "hang":
            return False
        if answer.ending == "reset":
            # Lingering for no time makes close() send RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if answer.ending == "short":
            connection.sendall(_head(answer) + answer.body[: len(answer.body) // 2])
            return False
        if answer.ending == "drip":
            return self._drip(connection, _head(answer) + answer.body)
        connection.sendall(answer.body if answer.ending == "wire" else _head(answer) + answer.body)
        return True

    def _drip(self, connection: socket.socket, data: bytes) -> bool:
        """A byte a second until all is sent, the client has gone, or the world ends."""
        for place in range(len(data)):
            if self._stopping.wait(_DRIP_SECONDS):
                return False
            connection.sendall(data[place : place + 1])
        return True


class _Reader:
    """Reads requests off one connection, keeping what came too early."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._kept = bytearray()

    def request(self) -> Asked | None:
        """None where the client closed. Raises ValueError on what is not HTTP/1.1."""
        while (end := self._kept.find(b"\r\n\r\n")) < 0:
            if len(self._kept) > _LARGEST_HEAD:
                raise ValueError("the head is too long")
            if not self._more():
                return None
        lines = bytes(self._kept[:end]).decode("latin-1").split("\r\n")
        del self._kept[: end + 4]
        method, target, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Asked(method, target, headers, self._body(headers))

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        length = int(headers.get("content-length") or 0)
        if length > _LARGEST_BODY:
            raise ValueError("the body is too long")
        return self._exactly(length)

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            while b"\r\n" not in self._kept:
                if not self._more():
                    raise ValueError("a chunk broke off")
            line, _, _ = bytes(self._kept).partition(b"\r\n")
            del self._kept[: len(line) + 2]
            size = int(line.split(b";")[0], 16)
            body += self._exactly(size)
            self._exactly(2)
            if size == 0:
                return bytes(body)

    def _exactly(self, length: int) -> bytes:
        while len(self._kept) < length:
            if not self._more():
                raise ValueError("the body broke off")
        body = bytes(self._kept[:length])
        del self._kept[:length]
        return body

    def _more(self) -> bool:
        got = self._connection.recv(65536)
        self._kept += got
        return bool(got)


def _head(answer: Answer) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {responses.get(answer.status, 'Unknown')}"]
    lines.extend(f"{name}: {value}" for name, value in answer.headers)
    lines.append(f"Content-Length: {len(answer.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed by its own thread meanwhile
