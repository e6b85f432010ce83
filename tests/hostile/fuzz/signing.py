"""How each source signs, written down a second time from the vendors' own pages: what the oracles go by.

Nothing of `hub.webhook` is used here, so a fault there cannot excuse itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

WINDOW_SECONDS = 300
_DIGITS = frozenset("0123456789")

Headers = Mapping[str, list[str]]  # by lower-case name


@dataclass(frozen=True)
class Signer:
    """One source: its secret as it is pasted, and what is true of a delivery that it signed.

    `headers` makes the signature's headers for a body at a time; `valid` says whether a delivery is signed.
    """

    source: str
    secret: str
    headers: Callable[[bytes, int], dict[str, str]]
    valid: Callable[[Headers, bytes, int], bool]


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _one(headers: Headers, name: str) -> str | None:
    """The value of a header that is there exactly once."""
    found = headers.get(name, [])
    return found[0] if len(found) == 1 else None


def _in_time(text: str | None, now: int) -> bool:
    return bool(text) and set(text or "x") <= _DIGITS and abs(now - int((text or "0")[:40])) <= WINDOW_SECONDS


def _base64_of_the_body(source: str, header: str, secret: str, key: bytes) -> Signer:
    def value(body: bytes) -> str:
        return base64.b64encode(_mac(key, body)).decode()

    def valid(headers: Headers, body: bytes, now: int) -> bool:
        return _one(headers, header.lower()) == value(body)

    return Signer(source, secret, lambda body, now: {header: value(body)}, valid)


def _easypost() -> Signer:
    secret = "se\u0301same \u212b"
    key = unicodedata.normalize("NFKD", secret).encode()

    def value(body: bytes) -> str:
        return "hmac-sha256-hex=" + _mac(key, body).hex()

    def valid(headers: Headers, body: bytes, now: int) -> bool:
        return _one(headers, "x-hmac-signature") == value(body)

    return Signer("easypost", secret, lambda body, now: {"X-Hmac-Signature": value(body)}, valid)


def _stripe() -> Signer:
    secret = "whsec_of-the-fuzzer"

    def value(body: bytes, time: str) -> str:
        return _mac(secret.encode(), time.encode() + b"." + body).hex()

    def valid(headers: Headers, body: bytes, now: int) -> bool:
        header = _one(headers, "stripe-signature") or ""
        pairs = [part.split("=", 1) for part in header.split(",") if "=" in part]
        times = [text for name, text in pairs if name == "t"]
        if len(times) != 1 or not _in_time(times[0], now):
            return False
        return value(body, times[0]) in [text for name, text in pairs if name == "v1"]

    return Signer(
        "stripe", secret, lambda body, now: {"Stripe-Signature": f"t={now},v1={value(body, str(now))}"}, valid
    )


def _standard(source: str) -> Signer:
    key = b"the key of the fuzzer"

    def value(body: bytes, message: str, time: str) -> str:
        return base64.b64encode(_mac(key, f"{message}.{time}.".encode() + body)).decode()

    def valid(headers: Headers, body: bytes, now: int) -> bool:
        message, time = _one(headers, "webhook-id"), _one(headers, "webhook-timestamp")
        entries = (_one(headers, "webhook-signature") or "").split(" ")
        if not message or "." in message or not time or not _in_time(time, now):
            return False
        return f"v1,{value(body, message, time)}" in entries

    def made(body: bytes, now: int) -> dict[str, str]:
        signature = f"v1,{value(body, 'msg_1', str(now))}"
        return {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": signature}

    return Signer(source, "whsec_" + base64.b64encode(key).decode(), made, valid)


SIGNERS: dict[str, Signer] = {
    signer.source: signer
    for signer in (
        _base64_of_the_body("shopify", "X-Shopify-Hmac-Sha256", "client-secret", b"client-secret"),
        _base64_of_the_body("woocommerce", "X-WC-Webhook-Signature", "birch &amp; bark", b"birch & bark"),
        _stripe(),
        _easypost(),
        _standard("shipbob"),
        _standard("standard-webhooks"),
    )
}
