"""Planted bugs: what the judge must find, or it judges nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.flow.intent import Sending
from hub.store.postgres import PostgresWriter
from hub.store.sqlite import GroupWriter
from tests.crash.lodge import Lodge

Plant = Callable[[int, Lodge], None]


def new_key(process: int, lodge: Lodge) -> None:
    """After a crash, a call without an answer is taken for one that was never made, and made anew under a new key."""
    if process < 2:
        return
    sql = (
        "UPDATE steps SET state = 'ready', generation = generation + 1, first_sent = NULL, last_sent = NULL, "
        "unresolved = 0, next_at = due_at, lease_until = NULL WHERE state = 'intent'"
    )
    store = lodge.open()
    store.writer.run(lambda tx: tx.run(sql))
    store.close()


def answered_too_early(process: int, lodge: Lodge) -> None:
    """Intents are answered before they are committed: they become durable with the next transaction, or never."""
    writer: Any = GroupWriter if lodge.server is None else PostgresWriter
    real = writer.run
    owed: list[Any] = []

    def run(self: Any, moment: Callable[[Any], Any], of: str = "") -> Any:
        answers: list[Any] = []

        def all_owed(tx: Any) -> Any:
            for late in owed:
                late(tx)
            answers.append(moment(tx))
            if isinstance(answers[0], Sending):  # an intent was written
                raise _Undone
            return answers[0]

        try:
            answer = real(self, all_owed, of)
        except _Undone:
            owed.append(moment)
            return answers[0]
        owed.clear()
        return answer

    writer.run = run


class _Undone(Exception):
    """Rolls an intent back."""


PLANTS: dict[str, Plant] = {"new key": new_key, "answered too early": answered_too_early}
