"""What must happen once: its identity, its key and the short name providers are shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache

_VERSION = b"crossdock-effect-1"
KEY_LENGTH = 40
REFERENCE_LENGTH = 26


@dataclass(frozen=True)
class Identity:
    """(order, capability, subject, generation), UNIQUE in the store.

    `order` is `connection:source_order_id`. The subject is a stable business id (`group:...`, `payment:...`,
    `refund:...`, `parcel:...`, `shipped:parcel:...`), never a step's name or position.
    """

    order: str
    capability: str
    subject: str
    generation: int = 1

    def _bytes(self) -> bytes:
        parts = (self.order, self.capability, self.subject, str(self.generation))
        return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


@lru_cache(maxsize=4096)
def _digest(install_key: bytes, purpose: bytes, identity: Identity) -> str:
    digest = hmac.digest(install_key, _VERSION + purpose + identity._bytes(), hashlib.sha256)
    return base64.b32encode(digest).decode("ascii").rstrip("=").lower()


def key_of(install_key: bytes, identity: Identity) -> str:
    """The idempotency key: 40 characters, the same for every try, never from body, attempt or time."""
    return _digest(install_key, b"key", identity)[:KEY_LENGTH]


def reference_of(install_key: bytes, identity: Identity) -> str:
    """Our name for the effect at the provider: hashed short (26 characters, 130 bits), never truncated by length rules.

    The install key and the order's storefront connection are inside, so neither two shops' #1001 nor two
    installs on one account can collide.
    """
    return "cd" + _digest(install_key, b"reference", identity)[: REFERENCE_LENGTH - 2]


def digest_of(body: bytes) -> str:
    """SHA-256, hex: how stored bodies and declarations are named."""
    return hashlib.sha256(body).hexdigest()
