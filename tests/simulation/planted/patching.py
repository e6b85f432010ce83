"""Putting something else in the place of one function, wherever the hub knows it by."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from typing import Any

from hub.model.contract import Claim
from hub.store import rows
from hub.store.claims import Claims
from hub.store.tx import Tx

_ROOMS = ("hub.", "tests.simulation.")
_OURS = "tests.simulation.planted"

Patch = AbstractContextManager[None]


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """An attribute of a class or module is `value` inside."""
    before = owner.__dict__[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def everywhere(original: Callable[..., Any], value: Callable[..., Any]) -> Iterator[None]:
    """A function is another inside: under every name by which a module imported it, and in every module's tables.

    So a bug is planted in an idea, wherever the code that has it stands at the moment. Raises LookupError where nobody
    knows the function (any more): a bug that is planted nowhere would never be found.
    """
    places: list[tuple[dict[Any, Any], Any]] = []
    for module_name, module in list(sys.modules.items()):
        if not module_name.startswith(_ROOMS) or module_name.startswith(_OURS):
            continue
        names = vars(module)
        tables = [names] + [table for table in names.values() if isinstance(table, dict)]
        places += [(table, name) for table in tables for name, known in table.items() if known is original]
    if not places:
        raise LookupError(f"nobody knows {original!r}")
    for table, name in places:
        table[name] = value
    try:
        yield
    finally:
        for table, name in places:
            table[name] = original


def with_each_claim(statement: str) -> Patch:
    """Every step that is claimed has this done to its row: `:order`, `:step` and `:now` name what it is about."""
    original = Claims._steps

    def claimed(self: Claims, tx: Tx, limit: int, now: datetime, room: Any = None) -> list[Claim]:
        claims = original(self, tx, limit, now, room)
        tx.many(statement, [{"order": claim.order, "step": claim.step, "now": rows.micros(now)} for claim in claims])
        return claims

    return replaced(Claims, "_steps", claimed)


@contextmanager
def together(*patches: Patch) -> Iterator[None]:
    """Several places of one bug: what is wrong, and the second line of defence that would hide it."""
    with ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        yield
