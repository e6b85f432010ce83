"""Python's collector of cyclic garbage, in the processes that carry orders.

They make a million objects a minute, nearly all of which end by themselves. Left to its defaults the collector looks
at the young ones after every 700 and, again and again, at all that was made at the start and never ends: 7% of the
processor's time, and a pause for everybody each time.
"""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 10_000, 20, 20


def settle() -> None:
    """For a process that has just opened its hub: what is there stays, and what comes is looked at seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
