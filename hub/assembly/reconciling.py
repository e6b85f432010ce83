"""One storefront's orders compared with the hub's, when a person asks for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hub.assembly.hub import Hub
from hub.reconcile.sweep import FIRST_LOOK, Count
from hub.reconcile.sweep import reconcile as compare


class NotAStorefront(Exception):
    """The connection cannot list orders; the words name those that can."""


def reconcile(hub: Hub, name: str, since: datetime | None, progress: Callable[[Count], None]) -> Count:
    """Reads every order changed since then (60 days ago) and keeps what was missed. Raises NotAStorefront,
    Unanswered."""
    source = hub.built.storefronts.get(name)
    if source is None:
        able = ", ".join(sorted(hub.built.storefronts)) or "none"
        raise NotAStorefront(f"no storefront is called {name!r}; there are: {able}")
    now = hub.clock()
    built = hub.built
    return compare(hub.store, built.connections, built.translator, source, since or now - FIRST_LOOK, now, progress)
