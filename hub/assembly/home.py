"""The folder of one installation: where its configuration, its own declarations, its data and its secrets lie.

hub.yaml       what it does
vault/         the install key and the encrypted secrets (only its owner may enter)
data/          the database
connectors/ mappings/ webhooks/ flows/ templates/     its own declarations, where it has any
backups/       made by `crossdock upgrade`
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hub.assembly.config import FILE

VARIABLE = "CROSSDOCK_HOME"
KEY_FILE = "install.key"
SECRETS_FILE = "secrets.json"
DATABASE = "crossdock.db"


class NoHome(Exception):
    """There is no `hub.yaml` where it was looked for. The message says what to do."""


class Unfit(Exception):
    """What a command was given does not fit what is there; the message says what would."""


@dataclass(frozen=True)
class Home:
    """Paths of one installation. `data` and `vault` are what `hub.yaml` may move elsewhere."""

    folder: Path
    data_folder: str = "data"
    vault_folder: str = "vault"

    @property
    def config(self) -> Path:
        return self.folder / FILE

    @property
    def data(self) -> Path:
        return self.folder / self.data_folder

    @property
    def vault(self) -> Path:
        return self.folder / self.vault_folder

    @property
    def database(self) -> Path:
        return self.data / DATABASE

    @property
    def archive(self) -> Path:
        return self.data / "archive"

    @property
    def key_file(self) -> Path:
        return self.vault / KEY_FILE

    @property
    def secrets_file(self) -> Path:
        return self.vault / SECRETS_FILE

    @property
    def waterline(self) -> Path:
        return self.vault / "books.json"

    @property
    def backups(self) -> Path:
        return self.folder / "backups"


def find_home(named: Path | None = None) -> Path:
    """The installation's folder: the named one, else CROSSDOCK_HOME, else the nearest above that has a `hub.yaml`.

    Raises NoHome.
    """
    told = named or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if told is not None:
        folder = told.parent if told.name == FILE else told
        if not (folder / FILE).is_file():
            raise NoHome(f"There is no {FILE} in {folder}. Make an installation with: crossdock init {folder}")
        return folder.resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise NoHome(
        f"There is no {FILE} here or above. Make an installation with: crossdock init DIR, "
        f"and name it with --home DIR (or in {VARIABLE})."
    )
