"""A connected socket that never waits past a deadline, and that knows whether any byte left."""

from __future__ import annotations

import select
import socket
import ssl
import time
from functools import lru_cache

import certifi

from hub.wire.address import Target
from hub.wire.call import NotSent, Unanswered

_CHUNK = 65536


@lru_cache(maxsize=16)
def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Built once per CA file: loading the certificates costs milliseconds."""
    context = ssl.create_default_context(cafile=ca_file or certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def dial(target: Target, addresses: list[str], ca_file: str | None, deadline: float) -> Channel:
    """Connects to one of the *judged* addresses, never to the name again. Raises `NotSent`."""
    reason = "no address"
    for address in addresses:
        try:
            sock = socket.create_connection((address, target.port), timeout=_left(deadline))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, ValueError) as error:
            reason = _name(error)
            continue
        return Channel(sock if target.scheme == "http" else _secure(sock, target, ca_file, deadline))
    raise NotSent(f"no connection to {target.host} port {target.port} ({reason})")


def _secure(sock: socket.socket, target: Target, ca_file: str | None, deadline: float) -> ssl.SSLSocket:
    try:
        sock.settimeout(_left(deadline))
        return tls_context(ca_file).wrap_socket(sock, server_hostname=target.host)
    except (OSError, ValueError) as error:
        sock.close()
        raise NotSent(f"TLS with {target.host} failed before anything was sent ({_name(error)})") from error


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("deadline")
    return left


def _name(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    return "timed out" if isinstance(error, TimeoutError) else type(error).__name__


class Channel:
    """One connection. Not for two threads. After any error it must be closed."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray()
        self._hung_up = False
        self.idle_since = time.monotonic()

    def close(self) -> None:
        self._sock.close()

    def __del__(self) -> None:
        """A thread that ends leaves its idle connections behind: they close with it."""
        self._sock.close()

    def reusable(self, idle_seconds: float) -> bool:
        """False when it has idled too long, or when the provider closed it (or spoke out of turn) meanwhile."""
        if self._hung_up or self._buffer or time.monotonic() - self.idle_since > idle_seconds:
            return False
        try:
            if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
                return False
            poll = select.poll()
            poll.register(self._sock, select.POLLIN | select.POLLERR | select.POLLHUP)
            return not poll.poll(0)
        except (OSError, ValueError):
            return False

    def send(self, data: bytes, deadline: float) -> None:
        """Raises `NotSent` only while not one byte can have left, `Unanswered` otherwise."""
        view = memoryview(data)
        sent = 0
        # A failed TLS write may have put whole records on the wire before it failed, and does not say.
        certain = not isinstance(self._sock, ssl.SSLSocket)
        try:
            while sent < len(data):
                self._sock.settimeout(_left(deadline))
                sent += self._sock.send(view[sent:])
        except OSError as error:
            if certain and not sent:
                raise NotSent(f"the connection broke before anything was sent ({_name(error)})") from error
            if not isinstance(error, BrokenPipeError):
                raise Unanswered(f"the connection broke while sending ({_name(error)})") from error
            # The provider may have answered early (413, 401) and hung up: a complete answer is still to be read.
            self._hung_up = True

    def line(self, limit: int, deadline: float) -> bytes:
        """Up to and without the next LF (and a CR before it)."""
        start = 0
        while (end := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            if start > limit:
                raise Unanswered("the answer's head is too long")
            if not self._fill(deadline):
                raise Unanswered("the provider closed the connection without a complete answer")
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line

    def exactly(self, count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            if not self._fill(deadline):
                raise Unanswered("the answer was cut short")
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def rest(self, limit: int, deadline: float) -> bytes:
        """Everything until the provider closes."""
        while self._fill(deadline):
            if len(self._buffer) > limit:
                raise Unanswered(f"the answer is larger than {limit} bytes")
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def _fill(self, deadline: float) -> bool:
        try:
            self._sock.settimeout(_left(deadline))
            data = self._sock.recv(_CHUNK)
        except TimeoutError as error:
            raise Unanswered("no complete answer within the deadline") from error
        except (OSError, ValueError) as error:
            raise Unanswered(f"the connection broke while reading the answer ({_name(error)})") from error
        self._buffer += data
        return bool(data)
