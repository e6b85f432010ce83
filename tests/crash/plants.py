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
    """Intents are answered before they are committed: they become durable with the next transaction, or never."""
    real = GroupWriter.run
    owed: list[Any] = []

    def run(self: GroupWriter, moment: Callable[[Any], Any]) -> Any:
        answers: list[Any] = []

        def all_owed(tx: Any) -> Any:
            for late in owed:
                late(tx)
            answers.append(moment(tx))
            if intends(moment):
                raise _Undone
            return answers[0]

        try:
            answer = real(self, all_owed)
        except _Undone:
            owed.append(moment)
            return answers[0]
        owed.clear()
        return answer

    GroupWriter.run = run  # type: ignore[method-assign, assignment]


class _Undone(Exception):
    """Rolls an intent back."""


def intends(moment: Any) -> bool:
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
