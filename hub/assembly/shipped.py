"""Where the declarations that come with Crossdock are: the connectors, mappings, webhooks and flows it ships.

A checkout keeps them in folders beside `hub/`, where an integrator reads and writes them. A wheel carries the same
folders inside the package, as `hub/_shipped/`, so that an installed hub finds them from any working directory.
Everything that reads a shipped declaration asks here and nowhere else.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Shelf(StrEnum):
    """The four collections of declarations; the value is the folder's name."""

    CONNECTORS = "connectors"
    MAPPINGS = "mappings"
    WEBHOOKS = "webhooks"
    CONFIG = "config"


class ShippedMissing(Exception):
    """Neither a checkout nor an installed wheel surrounds the package: the installation is broken."""


def root(package: Path | None = None) -> Path:
    """The folder that holds the four shelves.

    `package` is the folder of the `hub` package, by default this one's own. Raises ShippedMissing if a shelf is absent.
    """
    package = package or Path(__file__).resolve().parent.parent
    # Inside a wheel first: beside an installed package lies site-packages, where anybody may have put a `config/`.
    inside, beside = package / "_shipped", package.parent
    found = inside if inside.is_dir() else beside
    absent = [shelf.value for shelf in Shelf if not (found / shelf.value).is_dir()]
    if absent:
        raise ShippedMissing(
            f"The shipped declarations are incomplete: no {', '.join(absent)} in {found}. Install Crossdock again."
        )
    return found


def folder(shelf: Shelf, package: Path | None = None) -> Path:
    """The folder of one shelf, for example `connectors/`; raises ShippedMissing."""
    return root(package) / shelf.value
