"""When to try again: pure."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from hub.model.contract import Guarantee

RETRY_AFTER_CAP_SECONDS = 3600.0


def backoff(
    guarantee: Guarantee, tries: int, jitter: random.Random, retry_after_seconds: float | None = None
) -> timedelta:
    """The wait before try `tries + 1`: exponential with full jitter on its upper half, at least what the provider
    asked for.
    """
    ceiling = min(guarantee.backoff_seconds * 2 ** min(max(tries - 1, 0), 20), guarantee.backoff_cap_seconds)
    seconds = ceiling * (0.5 + jitter.random() / 2)
    if retry_after_seconds is not None:
        seconds = max(seconds, min(max(retry_after_seconds, 0.0), RETRY_AFTER_CAP_SECONDS))
    return timedelta(seconds=seconds)


def exhausted(guarantee: Guarantee, tries: int, began_at: datetime | None, now: datetime) -> bool:
    """Whether a step that surely was not executed should stop trying."""
    if tries >= guarantee.max_tries:
        return True
    return began_at is not None and now - began_at > timedelta(seconds=guarantee.max_age_seconds)


def quarantine_ends(guarantee: Guarantee, last_sent: datetime) -> datetime:
    """Until then an execution of the last send may still become visible."""
    return last_sent + timedelta(seconds=guarantee.deadline_seconds + guarantee.settles_within_seconds)


def key_is_alive(guarantee: Guarantee, first_sent: datetime, now: datetime) -> bool:
    """Whether the provider surely still remembers the key: 0.9 of its declared life, from the first send."""
    life = guarantee.key_life_seconds or 0.0
    return now - first_sent < timedelta(seconds=0.9 * life)
