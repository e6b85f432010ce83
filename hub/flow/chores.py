"""Due work that is no step: reading one order, sweeping a storefront, letting a mended connection's steps go on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from typing import Any

from hub.flow import source
from hub.flow.event import Happening, Moment, Wire
from hub.flow.setting import Setting
from hub.model.contract import Chore

Work = Generator[Happening, Any, None]
Sweep = Callable[[Setting, Chore, datetime], tuple[datetime | None, dict[str, Any]]]

_RETRY_CAP_SECONDS = 600


def do(setting: Setting, chore: Chore, sweep: Sweep | None) -> Work:
    """One chore. `sweep` lists a storefront and keeps what it finds: (when again, what to remember)."""
    if chore.kind == "fetch":
        read: bool = yield from source.refresh(setting, chore.key)
        yield Moment("fetched", lambda now: setting.store.finish_chore(chore, None if read else _later(chore, now)))
    elif chore.kind == "sweep" and sweep is not None:
        again, detail = yield Wire("sweep", lambda now: sweep(setting, chore, now))
        yield Moment("swept", lambda now: setting.store.finish_chore(chore, again, detail))
    else:
        yield Moment("unknown chore", lambda now: setting.store.finish_chore(chore, None))


def _later(chore: Chore, now: datetime) -> datetime:
    return now + timedelta(seconds=min(2 ** min(chore.tries, 10), _RETRY_CAP_SECONDS))
