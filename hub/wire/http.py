"""The transport under the manifests: one kept-alive HTTP/1.1 connection per thread and origin.

Written on sockets rather than on a client library for two reasons. A library cannot always say whether a failed call
had left the machine, and that is the one thing we must know. And the HTTP client is most of what an order costs: this
one is several times cheaper than a session library.

It does not retry, follow redirects, read proxies from the environment, keep cookies, or wait past the call's deadline.
"""

from __future__ import annotations

import threading
import time
import weakref

from hub.wire.address import Target, parse
from hub.wire.answer import Answer, read_answer
from hub.wire.call import Blocked, NotSent, Request, Response, header_fault
from hub.wire.channel import Channel, dial
from hub.wire.policy import Policy

USER_AGENT = "Crossdock"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_KEPT = 16  # idle connections a thread keeps, one per origin


class HttpTransport:
    """Carries calls under one connection's `Policy`. Safe for many threads: each has its own sockets."""

    def __init__(self, policy: Policy | None = None) -> None:
        self._policy = policy or Policy()
        self._local = threading.local()
        self._open: weakref.WeakSet[Channel] = weakref.WeakSet()

    def send(self, request: Request) -> Response:
        """One request, one answer of whatever status. Raises `NotSent` (or its `Blocked`) and `Unanswered` only."""
        started = time.monotonic()
        deadline = started + request.timeout.total
        target = parse(request.url)
        head = _head(request, target, self._policy.max_request_bytes)
        channel = self._channel(target, min(deadline, started + request.timeout.connect))
        try:
            channel.send(head + request.body, deadline)
            answer = read_answer(channel, request.method, self._policy.max_answer_bytes, deadline)
        except BaseException:
            channel.close()
            raise
        self._keep(target, channel, answer)
        return Response(answer.status, answer.headers, answer.body, time.monotonic() - started)

    def close(self) -> None:
        """Closes idle connections of all threads; a call under way then ends as `Unanswered`."""
        for channel in list(self._open):
            channel.close()

    def _channel(self, target: Target, deadline: float) -> Channel:
        kept = self._kept().pop(target.origin, None)
        if kept is not None:
            if kept.reusable(self._policy.idle_seconds):
                return kept
            kept.close()
        addresses = self._policy.addresses(target)
        if time.monotonic() > deadline:
            raise NotSent(f"resolving {target.host} took longer than the time to connect")
        channel = dial(target, addresses, self._policy.ca_file, deadline)
        self._open.add(channel)
        return channel

    def _keep(self, target: Target, channel: Channel, answer: Answer) -> None:
        kept = self._kept()
        if not answer.reusable or len(kept) >= _KEPT:
            channel.close()
            return
        channel.idle_since = time.monotonic()
        kept[target.origin] = channel

    def _kept(self) -> dict[tuple[str, str, int], Channel]:
        kept: dict[tuple[str, str, int], Channel] | None = getattr(self._local, "kept", None)
        if kept is None:
            kept = self._local.kept = {}
        return kept


def _head(request: Request, target: Target, limit: int) -> bytes:
    """The request line and headers. Headers that frame the message are ours alone."""
    if request.method not in _METHODS:
        raise Blocked("the request's method is not one that is sent")
    if len(request.body) > limit:
        raise Blocked(f"the request's body is larger than {limit} bytes")
    lines = [
        f"{request.method} {target.resource} HTTP/1.1",
        f"Host: {target.authority}",
        "Accept-Encoding: gzip",
    ]
    names = set()
    for name, value in request.headers:
        fault = header_fault(name, value)
        if fault or name.lower() in _OURS:
            raise Blocked(fault or f"the header {name} is not a caller's to set")
        names.add(name.lower())
        lines.append(f"{name}: {value}")
    if "user-agent" not in names:
        lines.append(f"User-Agent: {USER_AGENT}")
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(request.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
