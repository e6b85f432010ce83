"""The encrypted store of secrets, and how declarations refer to them.

A declaration never holds a secret, only where it is: `${env:NAME}`, `${file:/path}` or `${secret:name}`.
"""

from __future__ import annotations

import json
import os
import re
import threading
from pathlib import Path

from hub.vault.files import locked, replace_private
from hub.vault.keys import InstallKey

MAX_SECRET_BYTES = 65536

_REFERENCE = re.compile(r"\$\{(env|file|secret):([^{}]+)\}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,127}")


class SecretFault(Exception):
    """A secret that cannot be had, or a reference that is none. The message never holds a value."""


class Vault:
    """Secrets by name, each encrypted in one private file. Many threads and processes may use it at once."""

    def __init__(self, path: Path, key: InstallKey) -> None:
        self._path = path
        self._key = key
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._sealed: dict[str, str] = {}
        self._opened: dict[str, str] = {}  # what was asked for, as long as the file stays as it is

    def resolve(self, reference: str) -> str:
        """The secret that `${env:X}`, `${file:/p}` or `${secret:name}` names. Raises `SecretFault`."""
        match = _REFERENCE.fullmatch(reference.strip())
        if match is None:
            raise SecretFault(
                "a secret is given by reference, not in clear: ${env:NAME}, ${file:/path} or ${secret:name}"
            )
        kind, name = match[1], match[2]
        value = {"env": _from_environment, "file": _from_file, "secret": self.get}[kind](name)
        if not value:
            raise SecretFault(f"the secret {kind}:{name} is empty")
        return value

    def get(self, name: str) -> str:
        with self._lock:
            self._refresh()
            sealed, opened = self._sealed.get(name), self._opened.get(name)
            if opened is not None:
                return opened
            if sealed is None:
                raise SecretFault(f"there is no secret named {name}; store it with `crossdock secret set {name}`")
            opened = self._opened[name] = self._key.unseal(bytes.fromhex(sealed)).decode()
            return opened

    def put(self, name: str, value: str) -> str:
        """Stores (or replaces) a secret and returns the reference to it."""
        if not _NAME.fullmatch(name):
            raise SecretFault("a secret's name is letters, digits and . _ : / - (at most 128)")
        if not value or len(value.encode()) > MAX_SECRET_BYTES:
            raise SecretFault(f"a secret has 1 to {MAX_SECRET_BYTES} bytes")
        sealed = self._key.seal(value.encode()).hex()
        with self._lock, locked(self._path):
            self._refresh()
            self._write({**self._sealed, name: sealed})
        return f"${{secret:{name}}}"

    def delete(self, name: str) -> bool:
        """True if there was one."""
        with self._lock, locked(self._path):
            self._refresh()
            if name not in self._sealed:
                return False
            self._write({key: value for key, value in self._sealed.items() if key != name})
            return True

    def names(self) -> list[str]:
        with self._lock:
            self._refresh()
            return sorted(self._sealed)

    def rotate(self) -> None:
        """Adds a sealing key and seals every secret with it. Readers go on; older keys still open older data."""
        self._key.add()
        with self._lock, locked(self._path):
            self._refresh()
            plain = {name: self._key.unseal(bytes.fromhex(sealed)) for name, sealed in self._sealed.items()}
            self._write({name: self._key.seal(value).hex() for name, value in plain.items()})

    def seal(self, data: bytes) -> bytes:
        """`data` encrypted for keeping at rest (bodies, transcripts)."""
        return self._key.seal(data)

    def unseal(self, sealed: bytes) -> bytes:
        return self._key.unseal(sealed)

    def _refresh(self) -> None:
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            self._stamp, self._sealed, self._opened = None, {}, {}
            return
        stamp = found.st_mtime_ns, found.st_ino
        if stamp == self._stamp:
            return
        self._opened = {}
        try:
            document = json.loads(self._path.read_bytes())
            self._sealed = {str(name): str(sealed) for name, sealed in document["secrets"].items()}
        except (ValueError, KeyError, AttributeError, TypeError):
            raise SecretFault(f"the secret store {self._path} is damaged; restore it from your backup") from None
        self._stamp = stamp

    def _write(self, sealed: dict[str, str]) -> None:
        document = {"version": 1, "secrets": dict(sorted(sealed.items()))}
        replace_private(self._path, json.dumps(document, indent=1).encode())
        self._stamp = None
        self._refresh()


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise SecretFault(f"the environment variable {name} is not set")
    return value


def _from_file(name: str) -> str:
    try:
        with open(name, "rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
        if len(data) > MAX_SECRET_BYTES:
            raise SecretFault(f"the secret file {name} is larger than {MAX_SECRET_BYTES} bytes")
        return data.decode().strip("\r\n")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise SecretFault(f"the secret file {name} cannot be read ({type(error).__name__})") from None
