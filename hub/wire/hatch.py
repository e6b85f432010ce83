"""What a hatch (a connector's `operations.py`) is given to work with: the connection, and the guarded way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import requests

from hub.model.outcome import Outcome
from hub.wire.call import Timeout, Transport
from hub.wire.policy import Policy


class HatchContext(Protocol):
    """One call's surroundings. A hatch keeps nothing of it after `send` returns."""

    @property
    def base_url(self) -> str:
        """The connection's base URL; "" where the manifest has none."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]: ...

    @property
    def timeout(self) -> Timeout:
        """The operation's time to connect and in all, in seconds. Whatever the SDK does must end within it."""
        ...

    @property
    def key(self) -> str | None:
        """The idempotency key of the effect."""
        ...

    @property
    def policy(self) -> Policy:
        """For a hatch that opens sockets of its own: which targets are allowed (see `hub.wire.reach`)."""
        ...

    @property
    def transport(self) -> Transport: ...

    def secret(self, name: str) -> str:
        """A secret by its name in the manifest."""
        ...

    def session(self) -> requests.Session:
        """For SDKs on requests: every call goes through `transport` within `timeout`; no retries, no redirects."""
        ...

    def request(self, method: str, path: str, body: Any = None) -> Outcome:
        """One JSON request below `base_url` with the connection's credentials, judged by the operation's table.

        For providers without an SDK whose request YAML cannot say. `send` makes at most one.
        """
        ...

    def judge(self, status: int, headers: Mapping[str, str], body: bytes) -> Outcome:
        """What the operation's outcome table makes of an answer. `headers` by lower-case name."""
        ...
