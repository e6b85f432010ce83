"""Makes the folder of a new installation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub.assembly.config import FILE, HubConfig
from hub.assembly.edit import Page, edit
from hub.assembly.home import Home, Unfit
from hub.assembly.shipped import Shelf, folder
from hub.language.document import load, validate
from hub.vault.keys import InstallKey


@dataclass(frozen=True)
class Begun:
    """What was made, and what was there before and left alone."""

    home: Home
    made: tuple[Path, ...]
    kept: tuple[Path, ...]


def begin(directory: Path, public_url: str | None = None) -> Begun:
    """An installation that can be served at once. What exists stays: a second time nothing changes, but for a public
    URL that is given. Under https a proxy is in front, for the hub itself speaks no TLS. Raises Problems, Unfit."""
    directory = directory.resolve()
    made, kept = [], []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        config = directory / FILE
        if config.exists():
            kept.append(config)
        else:
            config.write_text((folder(Shelf.CONFIG) / FILE).read_text(encoding="utf-8"), encoding="utf-8")
            made.append(config)
        if public_url is not None:
            edit(config, lambda page: _publish(page, public_url))
        read = validate(load(config), HubConfig)
        home = Home(directory, read.hub.data, read.hub.vault)
        for private in (home.vault, home.data):
            if not private.is_dir():
                private.mkdir(parents=True, mode=0o700)
                made.append(private)
        (kept if home.key_file.exists() else made).append(home.key_file)
        InstallKey.load_or_create(home.key_file)
    except OSError as error:
        raise Unfit(f"{directory} cannot be made an installation: {error.strerror} ({error.filename})") from error
    return Begun(home, tuple(made), tuple(kept))


def _publish(page: Page, public_url: str) -> None:
    page.put(("hub", "public_url"), public_url)
    if public_url.startswith("https:"):
        page.put(("hub", "behind_proxy"), True)
