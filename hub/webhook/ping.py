"""Unsigned pings: recognised only when method, content type, headers and the whole body are exactly as declared."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.webhook.headers import Headers
from hub.webhook.manifest import Ping

_MAX_BODY_BYTES = 400


@dataclass(frozen=True)
class PingRule:
    content_type: str
    body: re.Pattern[bytes]
    absent: frozenset[str]
    absent_prefixes: tuple[str, ...]

    @classmethod
    def of(cls, ping: Ping) -> PingRule:
        literal = (re.escape(part) for part in ping.body.split("{digits}"))
        names = [name.lower() for name in ping.without_headers]
        return cls(
            content_type=ping.content_type,
            body=re.compile("[0-9]{1,20}".join(literal).encode()),
            absent=frozenset(name for name in names if not name.endswith("*")),
            absent_prefixes=tuple(name[:-1] for name in names if name.endswith("*")),
        )

    def matches(self, headers: Headers, body: bytes) -> bool:
        """The caller has made sure of the method: only what is posted is ever read."""
        return (
            len(body) <= _MAX_BODY_BYTES
            and self.body.fullmatch(body) is not None
            and _media_types(headers) == [self.content_type]
            and not any(headers.all(name) for name in self.absent)
            and not any(headers.any_with_prefix(prefix) for prefix in self.absent_prefixes)
        )


def _media_types(headers: Headers) -> list[str]:
    return [value.partition(";")[0].strip().lower() for value in headers.all("content-type")]
