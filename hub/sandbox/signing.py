"""How each provider signs its webhooks. One small function a family; all give header names and values."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import unicodedata

Headers = tuple[tuple[str, str], ...]


def shopify(body: bytes, secret: str) -> Headers:
    return (("X-Shopify-Hmac-Sha256", _base64_hmac(secret.encode(), body)),)


def woocommerce(body: bytes, secret: str) -> Headers:
    return (("X-WC-Webhook-Signature", _base64_hmac(secret.encode(), body)),)


def stripe(body: bytes, secret: str, now: float) -> Headers:
    stamp = str(int(now))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return (("Stripe-Signature", f"t={stamp},v1={signature}"),)


def standard(body: bytes, secret: str, identity: str, now: float) -> Headers:
    """Standard Webhooks; the secret is `whsec_` and base64."""
    stamp = str(int(now))
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = secret.encode()
    signature = _base64_hmac(key, f"{identity}.{stamp}.".encode() + body)
    return (("webhook-id", identity), ("webhook-timestamp", stamp), ("webhook-signature", f"v1,{signature}"))


def easypost(body: bytes, secret: str) -> Headers:
    key = unicodedata.normalize("NFKD", secret).encode()
    return (("X-Hmac-Signature", "hmac-sha256-hex=" + hmac.new(key, body, hashlib.sha256).hexdigest()),)


def _base64_hmac(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
