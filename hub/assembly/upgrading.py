"""Brings an installation to this version: first a backup that a person can go back to, then the database's
migrations."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.assembly.reading import config_of, home_of
from hub.assembly.storage import storage_of
from hub.store import upgrade as store
from hub.vault.files import replace_private


@dataclass(frozen=True)
class Upgraded:
    """`before` is None where there was no database yet. `backup` is the folder of what was kept, None if nothing
    was."""

    before: str | None
    now: str
    backup: Path | None
    files: tuple[Path, ...]


def upgrade(folder: Path, now: datetime, *, only_backup: bool = False) -> Upgraded:
    """Backs up the database, the install key, the secrets and `hub.yaml`, then migrates. No embedded hub may be
    running: Occupied. A PostgreSQL database is backed up by its own means, and migrated while hubs run.

    Raises Problems, Newer, NotDurable, OSError where there is no room for the backup: then nothing was changed.
    """
    home = home_of(folder)
    storage = storage_of(config_of(folder), home)
    with closing(storage.hold()):
        before = storage.revision()
        target = home.backups / f"{now:%Y%m%dT%H%M%SZ}"
        files: list[Path] = []
        if before is not None:
            target.mkdir(parents=True, mode=0o700)
            if not storage.shared:
                files.append(store.backup(home.database, target, now))
            files += _copied(target, (home.key_file, home.secrets_file, home.config))
        if only_backup:
            return Upgraded(before, before or store.HEAD, target if files else None, tuple(files))
        before, after = storage.upgrade()
        return Upgraded(before, after, target if files else None, tuple(files))


def _copied(target: Path, sources: tuple[Path, ...]) -> list[Path]:
    made = []
    for source in sources:
        if source.exists():
            replace_private(target / source.name, source.read_bytes())
            made.append(target / source.name)
    return made
