"""What the store must know of the files: declarations by hash, and from when each connection acts."""

from __future__ import annotations

from datetime import datetime

from hub.assembly.catalogue import kept
from hub.assembly.database import CONFIG_FACT, write_fact
from hub.assembly.install import Install
from hub.assembly.mending import read_again, readers_of
from hub.store.moments import SqlStore


def write_down(store: SqlStore, install: Install, now: datetime) -> None:
    """Once for each reading of the files. A message that a mended declaration can read by now is read again."""
    write_fact(store, CONFIG_FACT, install.document.hash)
    for one in kept(install.catalogue):
        if store.declaration(one.hash) is None:
            store.store_declaration(one.kind, one.name, one.content(), now)
    for name, part in install.config.connections.items():
        known = store.standing(name).act_from
        if part.act_from is not None and part.act_from != known:
            store.set_standing(name, now, act_from=part.act_from)
        elif known is None:
            store.set_standing(name, now, act_from=now)
    read_again(store, readers_of(install), now)
