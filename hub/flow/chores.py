"""Due work that is no step: reading one order, sweeping a storefront, letting a mended connection's steps go on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hub.flow import commands, source
from hub.flow.event import Happening, Moment, Wire
from hub.flow.setting import Setting
from hub.model.contract import Chore

Work = Generator[Happening, Any, None]
Sweep = Callable[[Setting, Chore, datetime], tuple[datetime | None, dict[str, Any]]]

_RETRY_CAP_SECONDS = 600
_MENDED_AT_ONCE = 25
_SOON = timedelta(seconds=2)


def do(setting: Setting, chore: Chore, sweep: Sweep | None) -> Work:
    """One chore. `sweep` lists a storefront and keeps what it finds, or files what is old: (when again, what to
    remember).
    """
    if chore.kind == "fetch":
        read: bool = yield from source.refresh(setting, chore.key)
        yield Moment("fetched", lambda now: setting.store.finish_chore(chore, None if read else _later(chore, now)))
    elif chore.kind == "mend":
        yield from _mend(setting, chore)
    elif chore.kind in ("sweep", "archive") and sweep is not None:
        again, detail = yield Wire(chore.kind, lambda now: sweep(setting, chore, now), chore.key)
        yield Moment("swept", lambda now: setting.store.finish_chore(chore, again, detail))
    else:
        yield Moment("unknown chore", lambda now: setting.store.finish_chore(chore, None))


def _mend(setting: Setting, chore: Chore) -> Work:
    """Steps that a failing connection held go on, a few at a time: the first of them tries the breaker. So do those
    that somebody held because it was paused, who had not heard yet that it is not any more.
    """
    causes = ("breaker",) if setting.store.standing(chore.key).paused else ("breaker", "paused")
    keys = setting.store.held_for(chore.key, causes, _MENDED_AT_ONCE)
    for key in keys:
        yield Moment("mend", partial(_resume, setting, key, causes, chore.key))
    more = len(keys) == _MENDED_AT_ONCE
    yield Moment("mended", lambda now: setting.store.finish_chore(chore, now + _SOON if more else None, {}))


def _resume(setting: Setting, order: str, causes: tuple[str, ...], connection: str, now: datetime) -> int:
    return commands.resume_held(setting, order, causes, connection, now)


def _later(chore: Chore, now: datetime) -> datetime:
    return now + timedelta(seconds=min(2 ** min(chore.tries, 10), _RETRY_CAP_SECONDS))
