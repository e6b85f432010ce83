"""Everything that people look at and act through: what the console, the API and the commands are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hub.assembly.acts import Acts
from hub.flow.setting import Setting
from hub.store.accounts import Accounts
from hub.store.moments import SqlStore
from hub.store.views import Views


def _clock() -> datetime:
    return datetime.now(UTC)


def _nothing_wrong() -> Sequence[str]:
    return ()


def _nothing_counted() -> Mapping[tuple[str, str], int]:
    return {}


@dataclass(frozen=True)
class Desk:
    """`faults` says in words what keeps the hub from working;
    `received`, the front door's totals by (connection, outcome).

    `public_url` is how people reach the console from elsewhere, None where they do not; `behind_proxy`, whether
    a proxy that speaks TLS stands in front and says for whom it asks.
    """

    views: Views
    accounts: Accounts
    acts: Acts
    mode: str
    now: Callable[[], datetime] = _clock
    faults: Callable[[], Sequence[str]] = _nothing_wrong
    received: Callable[[], Mapping[tuple[str, str], int]] = _nothing_counted
    public_url: str | None = None
    behind_proxy: bool = False
    data: Path | None = None  # where the one-time setup token is left as a file
    connections: Mapping[str, str] = field(default_factory=dict)  # name -> connector


def desk_of(
    store: SqlStore,
    setting: Setting,
    *,
    now: Callable[[], datetime] = _clock,
    faults: Callable[[], Sequence[str]] = _nothing_wrong,
    received: Callable[[], Mapping[tuple[str, str], int]] = _nothing_counted,
    public_url: str | None = None,
    behind_proxy: bool = False,
    data: Path | None = None,
) -> Desk:
    """The desk of an opened store and an assembled setting."""
    views = Views(store.readers)
    return Desk(
        views=views,
        accounts=Accounts(store.writer, store.readers),
        acts=Acts(setting, store, views, now),
        mode=setting.mode,
        now=now,
        faults=faults,
        received=received,
        public_url=public_url,
        behind_proxy=behind_proxy,
        data=data,
        connections={name: found.connector for name, found in setting.connections.items()},
    )
