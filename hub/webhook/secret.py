"""From the secret a merchant pastes to the bytes a source really signs with. Each form is one small function."""

from __future__ import annotations

import binascii
import re
import unicodedata
from base64 import b64decode
from collections.abc import Callable
from typing import Literal

# What WordPress decodes before WooCommerce signs, in one pass; other entities stay as they are.
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "39": "'", "60": "<", "62": ">", "38": "&", "34": '"'}
_ENTITIES |= {"x27": "'", "x26": "&", "x22": '"'}
_ENTITY = re.compile(r"&(lt|gt|amp|quot|#0*(?:34|38|39|60|62)|#[xX]0*(?:22|26|27));")


class UnusableSecret(ValueError):
    """The secret cannot be a key of this form. The message never quotes it."""


def text(secret: str) -> bytes:
    """The characters as typed, in UTF-8."""
    return secret.encode()


def wordpress(secret: str) -> bytes:
    """WooCommerce undoes WordPress's HTML escaping first, so the typed and the stored spelling are one secret."""
    return _ENTITY.sub(_decode_entity, secret).encode()


def nfkd(secret: str) -> bytes:
    """EasyPost normalises before it encodes: a composed and a decomposed accent are one secret."""
    return unicodedata.normalize("NFKD", secret).encode()


def base64(secret: str) -> bytes:
    """Standard Webhooks: strict base64, with or without its ``whsec_`` prefix."""
    try:
        return b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnusableSecret("the secret is not base64 (it is shown as whsec_ and base64 characters)") from error


SecretForm = Literal["text", "wordpress", "nfkd", "base64"]
FORMS: dict[SecretForm, Callable[[str], bytes]] = {"text": text, "wordpress": wordpress, "nfkd": nfkd, "base64": base64}


def key(form: SecretForm, secret: str) -> bytes:
    """The signing key. Raises UnusableSecret for one that is empty or cannot be of this form."""
    found = FORMS[form](secret)
    if not found:
        raise UnusableSecret("the secret is empty: anybody could sign with it")
    return found


def _decode_entity(match: re.Match[str]) -> str:
    name = match[1]
    if not name.startswith("#"):
        return _ENTITIES[name]
    digits = name[1:].lower()
    if digits.startswith("x"):
        return _ENTITIES["x" + digits[1:].lstrip("0")]
    return _ENTITIES[digits.lstrip("0")]
