"""Whether a connection's settings and secrets are what its connector asks for: said before anything is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.connector.load import Connector
from hub.connector.manifest import Setting
from hub.language.problem import suggestion


@dataclass(frozen=True)
class Misfit:
    """One fault of a connection; `path` is below it: ("settings", "shop") or ("secrets", "token")."""

    path: tuple[str, ...]
    what: str
    mend: str


def misfits(connector: Connector, settings: Mapping[str, Any], secrets: Iterable[str]) -> list[Misfit]:
    """Every way in which these settings, and secrets of these names, do not fit the connector."""
    manifest = connector.manifest
    found = [
        Misfit(("settings", name), f"{manifest.title} has no setting '{name}'", suggestion(name, manifest.settings))
        for name in settings
        if name not in manifest.settings
    ]
    for name, setting in manifest.settings.items():
        found += _setting(name, setting, settings.get(name, setting.default))
    return [*found, *_secrets(connector, set(secrets))]


def _setting(name: str, setting: Setting, value: Any) -> Iterator[Misfit]:
    path = ("settings", name)
    if value is None:
        if not setting.optional:
            yield Misfit(path, f"the setting '{name}' is missing ({setting.title})", setting.where or f"add '{name}:'")
        return
    wanted = _WANTED[setting.type]
    if not isinstance(value, wanted) or (isinstance(value, bool) and setting.type != "boolean"):
        yield Misfit(path, f"'{name}' is not of the type {setting.type}", _MENDS[setting.type])
    elif setting.choices is not None and value not in setting.choices:
        yield Misfit(path, f"'{value}' is not a choice of '{name}'", suggestion(str(value), setting.choices))
    elif setting.pattern is not None and not re.fullmatch(setting.pattern, str(value)):
        yield Misfit(path, f"'{name}' does not have the form {setting.pattern}", setting.where or "correct it")


def _secrets(connector: Connector, given: set[str]) -> Iterator[Misfit]:
    manifest = connector.manifest
    for name in sorted(given - set(manifest.secrets)):
        mend = suggestion(name, manifest.secrets)
        yield Misfit(("secrets", name), f"{manifest.title} has no secret '{name}'", mend)
    for name, secret in manifest.secrets.items():
        if name not in given and not secret.optional:
            mend = secret.where or f"add a reference: {name}: ${{secret:...}}"
            yield Misfit(("secrets", name), f"the secret '{name}' is missing ({secret.title})", mend)
    if not any(auth.secrets <= given for auth in connector.auths):
        ways = " or ".join(", ".join(sorted(auth.secrets)) for auth in connector.auths)
        yield Misfit(("secrets",), f"no way of authorising has all its secrets: {ways}", "give those of one way")


_WANTED: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "choice": str,
    "integer": int,
    "decimal": (int, Decimal),
    "boolean": bool,
    "table": dict,
    "list": list,
}
_MENDS = {
    "text": "write a text, in quotes if it looks like a number",
    "choice": "write one of the choices",
    "integer": "write a whole number",
    "decimal": "write a number",
    "boolean": "write true or false",
    "table": "write a mapping: KEY: VALUE lines",
    "list": "write a list: lines that begin with '- '",
}
