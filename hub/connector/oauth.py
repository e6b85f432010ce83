"""OAuth2 tokens: fetched when first needed, renewed before they expire, and once more when the provider refuses one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from hub.connector import encode
from hub.connector.auth import (
    AuthFault,
    CompiledAuth,
    Draft,
    Headers,
    Keyring,
    basic,
    checked,
)
from hub.connector.authspec import OAuth2
from hub.connector.compiled import plain
from hub.connector.decode import Unreadable, decode
from hub.model.outcome import Verdict
from hub.wire.call import NotSent, Request, Response, Timeout, Transport, WireError

TOKEN_TIMEOUT = Timeout(5.0, 15.0)

# name of the secret in the manifest, new value: a provider that rotates refresh tokens gives a new one each time
Keep = Callable[[str, str], None]


class Tokens:
    """One connection's access token, shared by its threads. A refused one is fetched anew once, not for ever."""

    def __init__(
        self,
        auth: CompiledAuth,
        keyring: Keyring,
        transport: Transport,
        clock: Callable[[], float],
        keep: Keep | None = None,
        base_url: str = "",
    ) -> None:
        self._auth, self._keyring, self._transport, self._base_url = auth, keyring, transport, base_url
        self._clock, self._keep = clock, keep
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0
        self._proven = False  # the token has opened the door before

    @property
    def _spec(self) -> OAuth2:
        assert isinstance(self._auth.spec, OAuth2)
        return self._auth.spec

    def headers(self, draft: Draft) -> Headers:
        with self._lock:
            if self._token is None or self._clock() >= self._renew_at:
                self._fetch()
            return checked([(self._spec.header, f"{self._spec.prefix}{self._token}")])

    def accepted(self) -> None:
        """The provider took the token."""
        self._proven = True

    def renew(self) -> bool:
        """Drops a refused token. True if it had been good before, so that a fresh one may help."""
        with self._lock:
            had, self._token, self._proven = self._proven, None, False
            return had

    def _fetch(self) -> None:
        try:
            answer = self._transport.send(self._request())
        except WireError as error:
            # Nobody was asked for anything yet: the step's own request certainly was not executed.
            verdict = Verdict.NOT_EXECUTED
            kind = "not reached" if isinstance(error, NotSent) else "silent"
            raise AuthFault(f"the token endpoint was {kind}: {error.what}", "token_unavailable", verdict) from error
        self._read(answer)

    def _read(self, answer: Response) -> None:
        if answer.status >= 500 or answer.status in (408, 429):
            what = f"the token endpoint answered {answer.status}"
            raise AuthFault(what, "token_unavailable", Verdict.NOT_EXECUTED)
        try:
            value = decode(answer.body, "json")
        except Unreadable:
            value = None
        token = value.get("access_token") if isinstance(value, dict) else None
        if answer.status >= 300 or not isinstance(token, str) or not token:
            raise AuthFault(f"the provider gave no token (status {answer.status})", "token_refused")
        self._keyring.used.add(token)
        lifetime = self._lifetime(value.get("expires_in"))
        self._token, self._proven = token, False
        self._renew_at = self._clock() + max(lifetime - self._spec.renew_before, lifetime / 2)
        self._rotated(value.get("refresh_token"))

    def _lifetime(self, told: Any) -> float:
        try:
            return max(float(told), 1.0)
        except (TypeError, ValueError):
            return self._spec.lifetime

    def _rotated(self, fresh: Any) -> None:
        """Keeps a new refresh token, where the manifest takes it from one secret."""
        names = [name for name in self._auth.secrets if "refresh" in name]
        if isinstance(fresh, str) and fresh and self._keep and self._spec.refresh_token and len(names) == 1:
            self._keyring.used.add(fresh)
            if fresh != self._keyring.text(self._auth, "refresh_token"):
                self._keep(names[0], fresh)

    def _request(self) -> Request:
        spec, keyring = self._spec, self._keyring
        fields: dict[str, Any] = {
            "grant_type": "refresh_token" if spec.type == "oauth2_refresh" else "client_credentials",
            "refresh_token": keyring.render(self._auth, "refresh_token"),
            "scope": keyring.render(self._auth, "scope"),
            **(keyring.render(self._auth, "extra") or {}),
        }
        headers = [("Accept", "application/json")]
        client, word = keyring.text(self._auth, "client_id"), keyring.text(self._auth, "client_secret")
        if spec.credentials == "basic":
            headers.append(("Authorization", basic(client, word)))
        else:
            fields |= {"client_id": client, "client_secret": word}
        fields = {name: value for name, value in fields.items() if value is not None}
        if spec.body == "json":
            kind, body = encode.JSON, encode.json_text(fields)
        else:
            kind, body = encode.FORM, encode.form_text([(n, plain(v, n) or "") for n, v in fields.items()])
        headers.append(("Content-Type", kind))
        assert self._auth.token_url is not None
        url = self._auth.token_url.render({"settings": dict(keyring.settings)}, str)
        if url.startswith("/"):  # on the connection's own host, wherever that is
            url = self._base_url.rstrip("/") + url
        return Request("POST", url, checked(headers), body.encode(), TOKEN_TIMEOUT)
