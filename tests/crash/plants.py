"""Planted bugs: what the judge must find, or it judges nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.store.sqlite import GroupWriter

Plant = Callable[[int, Path], None]


def new_key(process: int, database: Path) -> None:
    """After a crash, a call without an answer is taken for one that was never made, and made anew under a new key."""
    if process < 2:
        return
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute(
        "UPDATE steps SET state = 'ready', generation = generation + 1, first_sent = NULL, last_sent = NULL, "
        "unresolved = 0, next_at = due_at, lease_until = NULL WHERE state = 'intent'"
    )
    connection.close()


def answered_too_early(process: int, database: Path) -> None:
    """The writer answers before it has committed: what it said is durable with the next transaction, or never."""
    real = GroupWriter.run
    owed: list[Any] = []

    def run(self: GroupWriter, moment: Callable[[Any], Any]) -> Any:
        def both(tx: Any) -> Any:
            for late in owed:
                late(tx)
            owed.clear()
            return moment(tx)

        answers: list[Any] = []

        def tried(tx: Any) -> Any:
            answers.append(both_without_clearing(tx))
            raise _Undone

        def both_without_clearing(tx: Any) -> Any:
            for late in owed:
                late(tx)
            return moment(tx)

        if _is_intent(moment):
            try:
                real(self, tried)
            except _Undone:
                owed.append(moment)
                return answers[0]
        return real(self, both)

    GroupWriter.run = run  # type: ignore[method-assign, assignment]


class _Undone(Exception):
    pass


def _is_intent(moment: Any) -> bool:
    """Whether this transaction writes an intent: its closure holds the decision that `hub.flow.worker._do` made."""
    seen = [moment]
    while seen:
        function = seen.pop()
        if getattr(function, "__qualname__", "").startswith("_do.<locals>") and "plan" in function.__code__.co_freevars:
            return True
        cells = getattr(function, "__closure__", None) or ()
        seen += [cell.cell_contents for cell in cells if callable(cell.cell_contents)]
    return False


PLANTS: dict[str, Plant] = {"new key": new_key, "answered too early": answered_too_early}
