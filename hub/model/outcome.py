"""What a provider's answer means: a closed set. Only an explicit success is success."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """One word for an answer; the transition table says what each does to a step."""

    DONE = "done"  # the provider said so, in the way its manifest declares
    NOT_EXECUTED = "not_executed"  # certainly nothing happened: DNS, refused, TLS before send, 429
    BUSY = "busy"  # somebody, perhaps we, is executing the same request now
    REFUSED = "refused"  # a definitive no: another try of the same request will be refused again
    DUPLICATE = "duplicate"  # the provider holds an object with our reference: find it and compare
    UNKNOWN = "unknown"  # time-out, reset after bytes, 5xx, unreadable success
    AUTH = "auth"  # our credentials were refused: nothing happened, the connection must be mended
    HELD = "held"  # the connection is paused or its breaker is open: nothing was sent


@dataclass(frozen=True)
class Outcome:
    """A verdict with what the provider gave. `result` holds the fields that the capability names."""

    verdict: Verdict
    result: dict[str, Any] = field(default_factory=dict)
    code: str | None = None  # the provider's own word, safe to show
    message: str | None = None  # for a person; redacted
    retry_after_seconds: float | None = None
    replayed: bool = False  # the provider says this is a stored answer to an earlier request
    transcript: dict[str, Any] = field(default_factory=dict)  # redacted request and answer
