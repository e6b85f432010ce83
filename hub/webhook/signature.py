"""The signature families: pure functions over raw bytes, one for each way that sources sign.

Every family gets the active keys, the body as it was received, its header values in the order of its roles, and the
time in epoch seconds. It answers with a Reason and raises nothing, whatever the headers hold. Comparison is constant
time and on bytes: the text comparison raises on a non-ASCII signature, which would turn a forgery into a 500.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hmac import compare_digest, digest
from typing import Literal

from hub.webhook.secret import SecretForm
from hub.webhook.verdict import Reason

Keys = Sequence[bytes]
Values = Sequence[str]
Role = Literal["signature", "id", "timestamp"]
Scheme = Literal["hmac_base64_body", "stripe_v1", "standard_webhooks", "easypost"]

TOLERANCE_SECONDS = 300
MAX_SIGNATURES = 16

_BASE64_SHA256 = re.compile(r"[A-Za-z0-9+/]{43}=")
_TIMESTAMP = re.compile(r"[0-9]{1,11}")  # ASCII digits alone: int() would take other scripts', signs and underscores
# The id is signed between dots and becomes a name in the store: no dot may shift the fields, no comma may join two.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_:|=+/-]{1,255}")


def hmac_base64_body(keys: Keys, body: bytes, values: Values, now: int) -> Reason:
    """Base64 of HMAC-SHA256 over the body alone. No timestamp is signed, so there is no replay window to check."""
    (signature,) = values
    if _BASE64_SHA256.fullmatch(signature) is None:
        return Reason.SIGNATURE_MALFORMED
    return _any_match((b64encode(digest(key, body, "sha256")) for key in keys), [signature])


def easypost(keys: Keys, body: bytes, values: Values, now: int) -> Reason:
    """``hmac-sha256-hex=`` and the hex of HMAC-SHA256 over the body; lower case only."""
    (signature,) = values
    scheme, _, hexadecimal = signature.partition("=")
    if scheme != "hmac-sha256-hex" or not hexadecimal:
        return Reason.SIGNATURE_MALFORMED
    return _any_match((_hex(key, body) for key in keys), [hexadecimal])


def stripe_v1(keys: Keys, body: bytes, values: Values, now: int) -> Reason:
    """``t=<seconds>,v1=<hex>[,v1=<hex>...]`` over ``<seconds>.<body>``; other schemes in the list count for nothing."""
    fields = [part.partition("=") for part in values[0].split(",", MAX_SIGNATURES + 2)]
    times = [value for name, _, value in fields if name == "t"]
    signatures = [value for name, _, value in fields if name == "v1"]
    if len(fields) - len(times) > MAX_SIGNATURES:
        return Reason.SIGNATURES_TOO_MANY
    if len(times) != 1:
        return Reason.TIMESTAMP_MALFORMED
    if not signatures:
        return Reason.SIGNATURE_MALFORMED
    off = judge_time(times[0], now)
    if off is not None:
        return off
    signed = b"%s.%s" % (times[0].encode(), body)
    return _any_match((_hex(key, signed) for key in keys), signatures)


def standard_webhooks(keys: Keys, body: bytes, values: Values, now: int) -> Reason:
    """Standard Webhooks 1.0.0: ``v1,<base64>`` entries, separated by spaces, over ``<id>.<timestamp>.<body>``."""
    signature, message_id, timestamp = values
    if _MESSAGE_ID.fullmatch(message_id) is None:
        return Reason.ID_MALFORMED
    entries = signature.split(" ", MAX_SIGNATURES)
    if len(entries) > MAX_SIGNATURES:
        return Reason.SIGNATURES_TOO_MANY
    signatures = [value for version, _, value in (entry.partition(",") for entry in entries) if version == "v1"]
    if not any(signatures):
        return Reason.SIGNATURE_MALFORMED
    off = judge_time(timestamp, now)
    if off is not None:
        return off
    signed = b"%s.%s.%s" % (message_id.encode(), timestamp.encode(), body)
    return _any_match((b64encode(digest(key, signed, "sha256")) for key in keys), signatures)


def judge_time(timestamp: str, now: int) -> Reason | None:
    """Why a signed timestamp is not acceptable, or None. The window has two sides: a delivery dated into the future
    could be replayed until then."""
    if _TIMESTAMP.fullmatch(timestamp) is None:
        return Reason.TIMESTAMP_MALFORMED
    age = now - int(timestamp)
    if age > TOLERANCE_SECONDS:
        return Reason.TIMESTAMP_STALE
    if age < -TOLERANCE_SECONDS:
        return Reason.TIMESTAMP_FUTURE
    return None


def _hex(key: bytes, signed: bytes) -> bytes:
    return digest(key, signed, "sha256").hex().encode()


def _any_match(expected: Iterable[bytes], presented: Sequence[str]) -> Reason:
    given = [signature.encode("utf-8", "replace") for signature in presented]
    matched = False
    for one in expected:
        for other in given:
            matched |= compare_digest(one, other)
    return Reason.VERIFIED if matched else Reason.SIGNATURE_MISMATCH


@dataclass(frozen=True)
class Family:
    """How a scheme is used: the header roles it reads, in order, and the form its secrets have unless declared."""

    verify: Callable[[Keys, bytes, Values, int], Reason]
    roles: tuple[Role, ...]
    secret_form: SecretForm


FAMILIES: dict[Scheme, Family] = {
    "hmac_base64_body": Family(hmac_base64_body, ("signature",), "text"),
    "easypost": Family(easypost, ("signature",), "nfkd"),
    "stripe_v1": Family(stripe_v1, ("signature",), "text"),
    "standard_webhooks": Family(standard_webhooks, ("signature", "id", "timestamp"), "base64"),
}
