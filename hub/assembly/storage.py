"""Where an installation keeps its books: a file of its own, or a PostgreSQL database that many processes share."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hub.assembly.config import EMBEDDED, NO_QUEUE, HubConfig
from hub.assembly.home import Home
from hub.store import upgrade
from hub.store.moments import SqlStore
from hub.store.open import hold_lock, open_postgres, open_sqlite
from hub.vault.keys import InstallKey
from hub.vault.store import Vault

_MOST_CONNECTIONS = 12
_SPARE_CONNECTIONS = 6  # beside one for each worker: front door, claims, API and console


class Lock(Protocol):
    def close(self) -> None: ...


class Storage(Protocol):
    """`shared`: many processes may work over it at once, each under its own leases."""

    shared: bool

    def hold(self) -> Lock:
        """The right to run a hub over it, until it is closed. Raises Occupied."""
        ...

    def revision(self) -> str | None:
        """Of its schema; None where there is none yet."""
        ...

    def upgrade(self) -> tuple[str | None, str]:
        """Brings it to this version's schema: (before, now). Raises Newer, NotDurable."""
        ...

    def open(self, *, threaded: bool, workers: int) -> SqlStore:
        """`threaded`: for a process that serves. Raises NotDurable."""
        ...


@dataclass(frozen=True)
class Embedded:
    path: Path
    shared = False

    def hold(self) -> Lock:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return hold_lock(self.path)

    def revision(self) -> str | None:
        return upgrade.revision(self.path)

    def upgrade(self) -> tuple[str | None, str]:
        return upgrade.upgrade(self.path)

    def open(self, *, threaded: bool, workers: int) -> SqlStore:
        return open_sqlite(self.path, threaded=threaded)


@dataclass(frozen=True)
class Server:
    """`url` may hold a password: it is shown to nobody."""

    url: str
    shared = True

    def __repr__(self) -> str:
        return "Server(...)"

    def hold(self) -> Lock:
        return ExitStack()

    def revision(self) -> str | None:
        return upgrade.revision_postgres(self.url)

    def upgrade(self) -> tuple[str | None, str]:
        return upgrade.upgrade_postgres(self.url)

    def others(self) -> int:
        """How many connections of hubs, workers and commands are open to it. Raises NotDurable."""
        return upgrade.others_on(self.url)

    def open(self, *, threaded: bool, workers: int) -> SqlStore:
        return open_postgres(self.url, threaded=threaded, connections=_connections(workers) if threaded else 2)


def _connections(workers: int) -> int:
    """Most workers wait for a provider, and hold no connection then; a server has about a hundred for all processes."""
    return min(workers, _MOST_CONNECTIONS) + _SPARE_CONNECTIONS


def queue_of(config: HubConfig, home: Home, vault: Vault | None = None) -> str | None:
    """The URL of what `queue` in hub.yaml names; None for none. Raises SecretFault, or KeyFault."""
    if config.queue == NO_QUEUE:
        return None
    return resolved(config.queue, home, vault)


def resolved(told: str, home: Home, vault: Vault | None = None) -> str:
    """What a reference stands for, or the text itself. Raises SecretFault, or KeyFault."""
    if not told.startswith("$"):
        return told
    return (vault or Vault(home.secrets_file, InstallKey(home.key_file))).resolve(told)


def storage_of(config: HubConfig, home: Home, vault: Vault | None = None) -> Storage:
    """What `store` in hub.yaml names. Raises SecretFault, or KeyFault, where it refers to what cannot be had."""
    if config.store == EMBEDDED:
        return Embedded(home.database)
    return Server(resolved(config.store, home, vault))
