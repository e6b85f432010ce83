"""Reads what the commands need of an installation that may have something wrong elsewhere in it."""

from __future__ import annotations

from pathlib import Path

from hub.assembly.config import FILE, HubConfig
from hub.assembly.home import Home
from hub.language.document import load, validate


def config_of(folder: Path) -> HubConfig:
    """`hub.yaml` alone, without the declarations that it names. Raises Problems."""
    return validate(load(folder / FILE), HubConfig)


def home_of(folder: Path) -> Home:
    """Where the installation keeps its data and its secrets. Raises Problems."""
    hub = config_of(folder).hub
    return Home(folder, hub.data, hub.vault)


def secret_uses(folder: Path) -> dict[str, list[str]]:
    """Reference -> what in `hub.yaml` uses it (`shop.secrets.token`). Raises Problems."""
    uses: dict[str, list[str]] = {}
    for name, part in config_of(folder).connections.items():
        for secret, reference in part.secrets.items():
            uses.setdefault(reference, []).append(f"{name}.secrets.{secret}")
        for reference in part.webhook.secrets if part.webhook else ():
            uses.setdefault(reference, []).append(f"{name}.webhook")
    return uses
