"""The ways a manifest may say that its requests are authorised. Templates here see `settings` and `secrets`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.connector.words import Duration, HeaderName, Part, Template


class NoAuth(Part):
    type: Literal["none"]
    when: Template = None


class Bearer(Part):
    type: Literal["bearer"]
    when: Template = None
    token: Template


class Basic(Part):
    type: Literal["basic"]
    when: Template = None
    username: Template
    password: Template = ""


class HeaderAuth(Part):
    """API keys and static tokens in headers of any name."""

    type: Literal["header"]
    when: Template = None
    headers: dict[HeaderName, Template] = Field(min_length=1)


class OAuth2(Part):
    """A token fetched, renewed before it expires, and renewed once when the provider refuses it."""

    type: Literal["oauth2_client_credentials", "oauth2_refresh"]
    when: Template = None
    token_url: str
    client_id: Template
    client_secret: Template
    refresh_token: Template = None
    scope: Template = None
    extra: dict[str, Template] = Field(default_factory=dict)
    credentials: Literal["body", "basic"] = "body"
    body: Literal["form", "json"] = "form"
    header: HeaderName = "Authorization"
    prefix: str = "Bearer "
    lifetime: Duration = 3600.0  # where the answer does not tell
    renew_before: Duration = 300.0


class Signed(Part):
    """An HMAC over parts of the request, in a header."""

    type: Literal["hmac"]
    when: Template = None
    key: Template
    key_encoding: Literal["utf8", "hex", "base64"] = "utf8"
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    message: Template
    encoding: Literal["hex", "base64"] = "hex"
    header: HeaderName
    prefix: str = ""
    timestamp: Literal["unix", "unix_ms", "rfc3339"] = "unix"
    headers: dict[HeaderName, Template] = Field(default_factory=dict)


Auth = Annotated[NoAuth | Bearer | Basic | HeaderAuth | OAuth2 | Signed, Field(discriminator="type")]
