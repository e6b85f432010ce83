"""Secrets in declarations are references, never values."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from hub.language.problem import Mendable

_REFERENCE = re.compile(r"\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:[^}\x00-\x1f]+|secret:[A-Za-z0-9_.:/-]+)\}")

# The shapes in which providers hand out credentials. A match means somebody pasted one; the shapes are long enough
# that no prose meets them by accident.
_LEAKED = re.compile(
    r"\b(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{6,}"
    r"|\bwhsec_[0-9A-Za-z+/=]{16,}"
    r"|\bshp(?:at|ss|ca|pa)_[0-9A-Fa-f]{16,}"
    r"|\bc[ks]_[0-9a-f]{32,}"
    r"|\bEZ[AT]K[0-9A-Za-z]{32,}"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[0-9A-Za-z]{30,}"
    r"|\bxox[abprs]-[0-9A-Za-z-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----",
    re.ASCII,
)

REFERENCE_MEND = "put the secret into the store and write ${secret:NAME}, or use ${env:NAME} or ${file:/path}"


def is_reference(text: str) -> bool:
    """Whether ``text`` is exactly one ``${env:X}``, ``${file:/p}`` or ``${secret:name}``."""
    return _REFERENCE.fullmatch(text) is not None


def looks_leaked(text: str) -> bool:
    """Whether ``text`` contains something shaped like a provider's credential."""
    return _LEAKED.search(text) is not None


def _reference(text: str) -> str:
    if not is_reference(text):
        raise Mendable("a secret stands here in plain text or as an unknown reference", REFERENCE_MEND)
    return text


SecretReference = Annotated[str, AfterValidator(_reference)]
"""The type of every field of a document that holds a credential."""
