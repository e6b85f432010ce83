"""The install key file: one identity that never changes, and the sealing keys, newest first, that do.

    # Crossdock install key. ...
    identity <43 characters>
    seal <44 characters>
    seal <44 characters>        an older one, kept to read what it sealed

The identity is separate because idempotency keys are derived from it: rotating the encryption must not change them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import stat
import threading
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hub.vault.files import create_private, locked, replace_private

_TITLE = (
    "# Crossdock install key. Whoever has it reads the stored secrets; without it they are lost.\n"
    "# Back it up apart from the database. It is never shown again.\n"
)


class KeyFault(Exception):
    """The key file is missing, readable by others, or damaged. The message says how to mend it."""


class InstallKey:
    """The keys of one installation, from a file only its owner may read. Another process's rotation is noticed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp = (0, 0)
        self._load()

    @classmethod
    def load_or_create(cls, path: Path) -> InstallKey:
        """The key at `path`; made, with mode 0600, when there is none."""
        identity = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
        # Losing the race to create it is fine: then the winner's file is read.
        create_private(path, _render(identity, [Fernet.generate_key().decode()]))
        return cls(path)

    @property
    def identity(self) -> bytes:
        """32 bytes that never change for this installation: what effect keys and references are derived from."""
        return self._identity

    def derive(self, purpose: str, message: bytes) -> bytes:
        """HMAC-SHA256 under the identity, separated by purpose. The same for the life of the installation."""
        key = hmac.digest(self._identity, purpose.encode(), hashlib.sha256)
        return hmac.digest(key, message, hashlib.sha256)

    def seal(self, data: bytes) -> bytes:
        """Encrypted and authenticated under the newest key: 57 to 72 bytes longer than `data`."""
        return base64.urlsafe_b64decode(self._ring.encrypt(data))

    def unseal(self, sealed: bytes) -> bytes:
        """The data, whichever of the keys sealed it. Raises `KeyFault` when none did, or when a bit was changed."""
        token = base64.urlsafe_b64encode(sealed)
        try:
            return self._ring.decrypt(token)
        except InvalidToken:
            pass
        self.refresh()  # perhaps another process rotated since
        try:
            return self._ring.decrypt(token)
        except InvalidToken:
            raise KeyFault(f"data was sealed by a key that {self._path.name} does not hold, or was damaged") from None

    def refresh(self) -> None:
        """Reads the file again if it changed."""
        if _stamp(self._path) != self._stamp:
            self._load()

    def add(self) -> None:
        """A fresh sealing key, first in line. Older ones stay to read with."""
        with self._lock, locked(self._path):
            self._load()
            self._write([Fernet.generate_key().decode(), *self._seals])

    def forget_old(self) -> None:
        """Drops all sealing keys but the newest. Only after everything was sealed again."""
        with self._lock, locked(self._path):
            self._load()
            self._write(self._seals[:1])

    def _write(self, seals: list[str]) -> None:
        identity = base64.urlsafe_b64encode(self._identity).rstrip(b"=").decode()
        replace_private(self._path, _render(identity, seals))
        self._load()

    def _load(self) -> None:
        try:
            mode = self._path.stat().st_mode
            found = _stamp(self._path)
            text = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            raise KeyFault(f"there is no install key at {self._path}; restore it from your backup") from None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyFault(f"the install key at {self._path} cannot be read ({type(error).__name__})") from None
        if stat.S_IMODE(mode) & 0o077:
            raise KeyFault(f"the install key may be read by others; run: chmod 600 {self._path}")
        self._identity, self._seals = _parse(text, self._path)
        self._ring = MultiFernet([Fernet(seal) for seal in self._seals])
        self._stamp = found


def _render(identity: str, seals: list[str]) -> bytes:
    return (_TITLE + f"identity {identity}\n" + "".join(f"seal {seal}\n" for seal in seals)).encode("ascii")


def _parse(text: str, path: Path) -> tuple[bytes, list[str]]:
    entries = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    identities = [words[1] for words in entries if len(words) == 2 and words[0] == "identity"]
    seals = [words[1] for words in entries if len(words) == 2 and words[0] == "seal"]
    try:
        identity = base64.urlsafe_b64decode(identities[0] + "==")
        for seal in seals:
            Fernet(seal)
    except (IndexError, ValueError):
        identity = b""
    if len(identity) != 32 or not seals or len(identities) + len(seals) != len(entries):
        raise KeyFault(f"the install key at {path} is damaged; restore it from your backup")
    return identity, seals


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino
