"""What can be said of a delivery's authenticity: a closed set, so that counters and tests can name every member."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    VERIFIED = "verified"
    PING = "ping"  # an unsigned handshake, answered and stored nowhere
    NO_KEY = "no_key"  # nothing to verify with: refused, never waved through
    HEADER_MISSING = "header_missing"
    HEADER_REPEATED = "header_repeated"
    HEADER_TOO_LONG = "header_too_long"
    SIGNATURE_MALFORMED = "signature_malformed"
    SIGNATURES_TOO_MANY = "signatures_too_many"
    SIGNATURE_MISMATCH = "signature_mismatch"
    TIMESTAMP_MALFORMED = "timestamp_malformed"
    TIMESTAMP_STALE = "timestamp_stale"
    TIMESTAMP_FUTURE = "timestamp_future"
    ID_MALFORMED = "id_malformed"
    BINDING_MISMATCH = "binding_mismatch"  # an unsigned header, or the body, names another shop than the endpoint's
    TOPIC_CONTRADICTED = "topic_contradicted"  # the unsigned topic is not what the signed body can be

    @property
    def verified(self) -> bool:
        """True for VERIFIED alone: whatever else is added here later fails closed."""
        return self is Reason.VERIFIED
