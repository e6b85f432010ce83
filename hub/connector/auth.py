"""Puts a connection's credentials on a request at the last moment: they are never part of what is stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from hub.connector.authspec import Auth, Basic, Bearer, HeaderAuth, OAuth2, Signed
from hub.connector.compiled import (
    Compiler,
    Fault,
    Line,
    Place,
    Shape,
    expressions,
    mentions,
    plain,
)
from hub.model.outcome import Verdict
from hub.wire.call import header_fault

Headers = tuple[tuple[str, str], ...]

SEEN = {"settings", "secrets"}
SIGNED = SEEN | {"method", "path", "query", "url", "body", "body_sha256", "timestamp", "nonce"}


class AuthFault(Exception):
    """No credentials could be put on the request. Nothing was sent. `verdict` says what that means for the step."""

    def __init__(self, what: str, code: str, verdict: Verdict = Verdict.AUTH) -> None:
        super().__init__(what)
        self.what, self.code, self.verdict = what, code, verdict


@dataclass(frozen=True)
class CompiledAuth:
    """One way of authorising; `shapes` by the name of the key they were written under."""

    spec: Auth
    shapes: Mapping[str, Shape]
    token_url: Line | None
    secrets: frozenset[str]  # which it needs


@dataclass(frozen=True)
class Draft:
    """The request to be authorised."""

    method: str
    url: str
    path: str
    query: str
    body: bytes


class Secrets(Protocol):
    """A connection's secrets by their names in the manifest."""

    def get(self, name: str) -> str: ...

    def names(self) -> Iterable[str]: ...


class Authorizer(Protocol):
    """Makes the headers; `renew` drops what can be fetched anew and tells whether that may help."""

    def headers(self, draft: Draft) -> Headers: ...

    def accepted(self) -> None: ...

    def renew(self) -> bool: ...


def compile_auth(compiler: Compiler, spec: Auth, place: Place) -> CompiledAuth:
    names = SIGNED if isinstance(spec, Signed) else SEEN
    nodes = {key: value for key, value in spec if key in _TEMPLATES and value is not None}
    shapes = {key: compiler.shape(node, (*place, key), names if key in _LATE else SEEN) for key, node in nodes.items()}
    url = compiler.line(spec.token_url, (*place, "token_url"), {"settings"}) if isinstance(spec, OAuth2) else None
    needed = secrets_read({key: node for key, node in nodes.items() if key != "when"})
    return CompiledAuth(spec, shapes, url, frozenset(needed))


_TEMPLATES = frozenset(
    {
        "when", "token", "username", "password", "headers", "client_id", "client_secret", "refresh_token", "scope",
        "extra", "key", "message",
    }
)  # fmt: skip
_LATE = frozenset({"message", "headers"})  # of a signed request: they see the request


def secrets_read(node: Any) -> set[str]:
    """The secrets that a template names."""
    return {match[1] for _, text in expressions(node) for match in mentions(text, "secrets") if match[1]}


@dataclass
class Keyring:
    """What auth templates see: the settings, and those secrets that are asked for."""

    settings: Mapping[str, Any]
    secrets: Secrets
    used: set[str] = field(default_factory=set)  # values that were resolved, to keep out of every transcript

    def scope(self, names: Iterable[str]) -> dict[str, Any]:
        held = set(self.secrets.names())
        found = {name: self.secrets.get(name) for name in names if name in held}
        self.used.update(found.values())
        return {"settings": dict(self.settings), "secrets": found}

    def render(self, auth: CompiledAuth, key: str, more: Mapping[str, Any] | None = None) -> Any:
        shape = auth.shapes.get(key)
        if shape is None:
            return None
        try:
            return shape.render({**self.scope(auth.secrets), **(more or {})})
        except Fault as fault:
            raise AuthFault(f"the credentials cannot be put together: {fault.what}", "credentials") from None

    def text(self, auth: CompiledAuth, key: str, more: Mapping[str, Any] | None = None) -> str:
        value = plain(self.render(auth, key, more), key)
        if value is None:
            raise AuthFault(f"the connection has no {key}", "credentials")
        return value


class Plain:
    """Bearer, basic, fixed headers, or nothing."""

    def __init__(self, auth: CompiledAuth, keyring: Keyring) -> None:
        self._auth, self._keyring = auth, keyring

    def headers(self, draft: Draft) -> Headers:
        spec, keyring = self._auth.spec, self._keyring
        if isinstance(spec, Bearer):
            return checked([("Authorization", f"Bearer {keyring.text(self._auth, 'token')}")])
        if isinstance(spec, Basic):
            return checked([("Authorization", basic(*(keyring.text(self._auth, k) for k in ("username", "password"))))])
        if isinstance(spec, HeaderAuth):
            return checked((name, str(value)) for name, value in keyring.render(self._auth, "headers").items())
        return ()

    def accepted(self) -> None:
        """Nothing is remembered."""

    def renew(self) -> bool:
        return False


class Signer:
    """An HMAC over the parts of the request that the manifest names."""

    def __init__(self, auth: CompiledAuth, keyring: Keyring, now: Callable[[], datetime]) -> None:
        self._auth, self._keyring, self._now = auth, keyring, now

    def headers(self, draft: Draft) -> Headers:
        spec = self._auth.spec
        assert isinstance(spec, Signed)
        seen = self._seen(draft, spec)
        key = _key_bytes(self._keyring.text(self._auth, "key"), spec.key_encoding)
        message = self._keyring.text(self._auth, "message", seen).encode()
        digest = hmac.digest(key, message, getattr(hashlib, spec.algorithm))
        text = digest.hex() if spec.encoding == "hex" else base64.b64encode(digest).decode()
        more = self._keyring.render(self._auth, "headers", seen) or {}
        return checked([(spec.header, spec.prefix + text), *((name, str(value)) for name, value in more.items())])

    def accepted(self) -> None:
        """Nothing is remembered."""

    def renew(self) -> bool:
        return False

    def _seen(self, draft: Draft, spec: Signed) -> dict[str, Any]:
        now = self._now()
        stamps: dict[str, int | str] = {
            "unix": int(now.timestamp()),
            "unix_ms": int(now.timestamp() * 1000),
            "rfc3339": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return {
            "method": draft.method,
            "url": draft.url,
            "path": draft.path,
            "query": draft.query,
            "body": draft.body.decode("utf-8", "replace"),
            "body_sha256": hashlib.sha256(draft.body).hexdigest(),
            "timestamp": stamps[spec.timestamp],
            "nonce": random.token_hex(16),
        }


def choose(auths: Iterable[CompiledAuth], keyring: Keyring) -> CompiledAuth:
    """The first way whose `when` holds and whose secrets the connection has."""
    held = set(keyring.secrets.names())
    for auth in auths:
        when = auth.shapes.get("when")
        if auth.secrets <= held and (when is None or when.holds({"settings": dict(keyring.settings), "secrets": {}})):
            return auth
    raise AuthFault("the connection lacks the secrets that any way of authorising needs", "secret_missing")


def checked(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers, if they may travel. A fault never repeats the value."""
    made = tuple(headers)
    for name, value in made:
        if header_fault(name, value):
            raise AuthFault(f"the credential for the header {name} holds a character that HTTP forbids", "credentials")
    return made


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _key_bytes(text: str, encoding: str) -> bytes:
    try:
        if encoding == "hex":
            return bytes.fromhex(text)
        return base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
    except ValueError:
        raise AuthFault(f"the signing key is not {encoding}", "credentials") from None
