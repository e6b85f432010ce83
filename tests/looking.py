"""Looks into a store from outside, whichever database it is: `?` stands for the values, in their order."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from hub.store.moments import SqlStore


def look(store: SqlStore, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return store.readers.tx().tuples(_named(sql), **{f"v{place}": value for place, value in enumerate(values)})


@lru_cache(maxsize=1024)
def _named(sql: str) -> str:
    first, *rest = sql.split("?")
    return first + "".join(f":v{place}{part}" for place, part in enumerate(rest))
