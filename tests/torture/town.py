"""The installation that is tortured: the demo's, with the room in its timing that real providers leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from hub.assembly.demo_files import write
from hub.assembly.home import Home

# What a sweep looks back must be more than a clock can be wrong, and a key must outlive that too: the world keeps
# keys for 900 s, the clock errs within 590 s.
_OVERLAP_SECONDS = 650.0
_TIMING: dict[str, Any] = {"key_life_seconds": 300.0, "max_tries": 100, "breaker_failures": 60}
_POLL_SECONDS = 5.0
_WORKERS = 24


def install(home: Home, accounts: Mapping[str, Mapping[str, Any]], bind: str, sweep_every: float) -> None:
    """Writes `hub.yaml` and the secrets."""
    sweep = {"every_seconds": sweep_every, "overlap_seconds": _OVERLAP_SECONDS}
    write(home, accounts, bind, storefront={"sweep": sweep})
    yaml = YAML()
    yaml.representer.ignore_aliases = lambda *_: True  # what two connections share is written out
    document = yaml.load(home.config)
    document["hub"]["workers"] = _WORKERS
    for connection in document["connections"].values():
        connection["timing"] |= _TIMING
        if "poll_seconds" in connection:
            connection["poll_seconds"] = _POLL_SECONDS
    with home.config.open("w", encoding="utf-8") as file:
        yaml.dump(document, file)
