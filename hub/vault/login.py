"""Secrets of people and programs: passwords, session cookies, API tokens, the one-time setup token."""

from __future__ import annotations

import hashlib
import secrets
import threading
import zlib

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 256
TOKEN_PREFIX = "cdock_"  # noqa: S105 - what scanners for leaked tokens know ours by
SETUP_PREFIX = "setup_"

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz"
# argon2id, 19 MiB, two passes: what OWASP advises. At most two at once, so that logins cannot exhaust the memory.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_at_once = threading.BoundedSemaphore(2)
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$KUnV/uiF6svmYenI9hb31w$e8xyZQEfWL6+U/YDy8rT/UwPefRxa+FT4LKqlOYBSXo"


def hash_password(password: str) -> str:
    with _at_once:
        return _hasher.hash(password)


def verify_password(kept: str | None, password: str) -> bool:
    """Takes as long for a user that does not exist (`kept` None) as for one that does."""
    with _at_once:
        try:
            _hasher.verify(kept or _NOBODY, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def misfit(name: str, password: str) -> str | None:
    """Why a password will not do, in words; None where it does."""
    if len(password) < SHORTEST:
        return f"Choose a password of at least {SHORTEST} characters."
    if len(password) > LONGEST:
        return f"Choose a password of at most {LONGEST} characters."
    if name and name.casefold() in password.casefold():
        return "Choose a password without your name in it."
    if len(set(password)) < 5:
        return "Choose a password with more different characters."
    return None


def digest(secret: str) -> str:
    """How a secret of at least 128 random bits is kept: without it nobody can guess one."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_cookie() -> str:
    return secrets.token_urlsafe(32)


def new_token(prefix: str = TOKEN_PREFIX) -> str:
    """Prefix, 30 random characters (over 170 bits), and a checksum by which scanners know a real one."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(30))
    return f"{prefix}{body}{checksum(prefix + body)}"


def checksum(text: str) -> str:
    """Six characters of the CRC-32 of the text."""
    number, letters = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, place = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[place]
    return letters


def looks_real(token: str, prefix: str = TOKEN_PREFIX) -> bool:
    return token.startswith(prefix) and len(token) == len(prefix) + 36 and checksum(token[:-6]) == token[-6:]


def shown(token: str) -> str:
    """Enough of a token to tell it from others, and no more."""
    return f"{token[: len(TOKEN_PREFIX) + 4]}…{token[-4:]}"
