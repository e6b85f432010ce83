"""A signature family bound to the header names of one source: from headers, body and keys to a Reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.webhook import secret
from hub.webhook.headers import Headers
from hub.webhook.secret import SecretForm
from hub.webhook.signature import FAMILIES, Family, Keys, Role, Scheme
from hub.webhook.verdict import Reason

# No honest signature header comes near it; the work on a forged one must stay small.
MAX_HEADER_CHARACTERS = 4096


@dataclass(frozen=True)
class Verifier:
    """`headers` are the header names, one for each of the family's roles and in their order."""

    family: Family
    headers: tuple[str, ...]
    secret_form: SecretForm

    @classmethod
    def of(cls, scheme: Scheme, headers: Mapping[Role, str], secret_form: SecretForm | None = None) -> Verifier:
        """`headers` maps each of the scheme's roles to a header name. Raises KeyError if one is missing."""
        family = FAMILIES[scheme]
        return cls(family, tuple(headers[role] for role in family.roles), secret_form or family.secret_form)

    def keys(self, secrets: Iterable[str]) -> tuple[bytes, ...]:
        """The signing keys of all active secrets. Raises UnusableSecret if one of them cannot be used."""
        return tuple(secret.key(self.secret_form, text) for text in secrets)

    def verify(self, headers: Headers, body: bytes, keys: Keys, now: int) -> Reason:
        """Never raises. `now` is in epoch seconds."""
        if not keys:
            return Reason.NO_KEY
        values = []
        for name in self.headers:
            found = headers.all(name)
            if not found or not found[0]:
                return Reason.HEADER_MISSING
            if len(found) > 1:
                return Reason.HEADER_REPEATED
            if len(found[0]) > MAX_HEADER_CHARACTERS:
                return Reason.HEADER_TOO_LONG
            values.append(found[0])
        return self.family.verify(keys, body, values, now)
