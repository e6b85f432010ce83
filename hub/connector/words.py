"""The small types that manifests are written in."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from hub.language.problem import Mendable

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: object) -> float:
    """`500ms`, `30s`, `15m`, `24h`, `45d` in seconds."""
    if isinstance(value, float):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Mendable("this is not a duration", "write a number with its unit: 500ms, 30s, 15m, 24h or 45d")
    return float(match[1]) * _UNITS[match[2]]


def one_or_more(value: object) -> object:
    return value if isinstance(value, list) else [value]


def status(value: object) -> str:
    """A status as it is written, `402` or `5xx`."""
    text = str(value)
    if not re.fullmatch(r"[1-5]([0-9]{2}|xx)", text):
        raise Mendable(f"'{text}' is not an HTTP status", "write a status like 402, or a class of them like 5xx")
    return text


_DURATION_SCHEMA = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"}
_STATUS_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 100, "maximum": 599}, {"pattern": "^[1-5]xx$"}]}

Duration = Annotated[float, BeforeValidator(seconds), WithJsonSchema(_DURATION_SCHEMA)]
Status = Annotated[str, BeforeValidator(status), WithJsonSchema(_STATUS_SCHEMA)]
Template = Any
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$")]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
