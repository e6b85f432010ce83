"""What was held because nothing could read it is read again when what reads it has changed."""

from __future__ import annotations

from datetime import datetime

from hub.assembly.catalogue import kept
from hub.assembly.database import read_fact, write_fact
from hub.assembly.install import Install
from hub.model.effect import digest_of
from hub.store.moments import SqlStore

READERS_FACT = "readers"  # the hash of everything that decides how a payload is read
_CAUSES = ("unmappable", "unknown_mapping", "unknown_connection")


def readers_of(install: Install) -> str:
    """One hash over the configuration, the mappings and the webhooks in force."""
    hashes = sorted(one.hash for one in kept(install.catalogue) if one.kind in ("mapping", "webhook"))
    return digest_of("\0".join([install.document.hash, *hashes]).encode())


def read_again(store: SqlStore, readers: str, now: datetime) -> int:
    """Lets held messages be translated again, once for every change of their readers. Returns how many.

    Those that are still wrong are held again with today's words.
    """
    if read_fact(store, READERS_FACT) == readers:
        return 0
    released = sum(store.release_messages(now, cause) for cause in _CAUSES)
    write_fact(store, READERS_FACT, readers)
    return released
