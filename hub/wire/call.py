"""The shapes of one outbound call, and the only two ways it can go without an answer.

    WireError
    ├── NotSent          no byte of the request reached the provider: certainly not executed
    │   └── Blocked      our own guard refused the target or the request; trying again cannot help
    └── Unanswered       bytes left and no complete, readable answer came back: may have been executed

The difference decides whether money is asked for twice, so whatever is not *known* to be unsent is `Unanswered`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}")
_VISIBLE = re.compile(r"[\t\x20-\x7e]*")
MAX_HEADER_VALUE = 8192


class WireError(Exception):
    """A call that brought no answer. `what` is one plain sentence without secrets or personal data."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class NotSent(WireError):
    """Nothing was sent: DNS, refused, unreachable, TLS before the request. Certainly not executed."""


class Blocked(NotSent):
    """The guard refused the address, the URL or a header. Nothing was sent, and a retry would be refused as well."""


class Unanswered(WireError):
    """Bytes left, and no complete readable answer came. `status` is kept when at least that line was read."""

    def __init__(self, what: str, status: int | None = None) -> None:
        super().__init__(what)
        self.status = status


@dataclass(frozen=True)
class Timeout:
    """Seconds: `connect` covers DNS, TCP and TLS; `total` covers the whole call, reading included."""

    connect: float = 5.0
    total: float = 30.0


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    timeout: Timeout = Timeout()


@dataclass(frozen=True)
class Response:
    """`headers` are by lower-case name, repeated ones joined with ", ". `elapsed` is in seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float = 0.0


class Transport(Protocol):
    """Carries one request and brings one answer; raises `NotSent` or `Unanswered` and nothing else."""

    def send(self, request: Request) -> Response: ...


def header_fault(name: str, value: str) -> str | None:
    """What forbids this header, or None. Only visible ASCII passes: a wider character can be cut to CR or LF."""
    if not _TOKEN.fullmatch(name):
        return "a header name holds a character that HTTP does not allow"
    if not _VISIBLE.fullmatch(value):
        return f"the header {name} holds a control or non-ASCII character"
    if len(value) > MAX_HEADER_VALUE:
        return f"the header {name} is longer than {MAX_HEADER_VALUE} characters"
    return None
