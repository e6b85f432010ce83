"""What a person may do to an order, a connection or a message: the flow's commands, with the setting and the clock.

The console and the commands of the shell both come here, so that a decision means the same wherever it is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hub.flow import commands
from hub.flow.commands import PlannedEffect, Refused
from hub.flow.setting import Setting
from hub.model.contract import Decision
from hub.model.flow import State
from hub.model.message import MessageState
from hub.store.attend import attend
from hub.store.moments import SqlStore
from hub.store.views import Views

__all__ = ["Acts", "PlannedEffect", "Refused"]

# What keeps a step back for the order's own sake: a person's release says to go on all the same.
_OVERRULED = frozenset(
    {
        "source_on_hold",
        "high_risk",
        "unbalanced",
        "address_incomplete",
        "payment_waiting",
        "overtaken",
        "cod_not_collectable",
        "cod_split",
    }
)

# What a connection's steps were held for while it could not be used.
_CONNECTION_CAUSES = ("paused", "credentials", "breaker")
_ONCE_MORE = timedelta(seconds=20)
_BATCH = 200
_MANY = 100_000
GOES_ON = "goes on"  # in the plan of a release


@dataclass(frozen=True)
class DoubtfulLetter:
    """One that may have been sent. `key`: of its effect, which stands in its Message-ID."""

    order: str
    step: str
    key: str


class Acts:
    """Every method raises Refused, in words, where it does not fit what is. `actor` is a person's name."""

    def __init__(self, setting: Setting, store: SqlStore, views: Views, now: Callable[[], datetime]) -> None:
        self._setting, self._store, self._views, self._now = setting, store, views, now

    # --- orders

    def replay_plan(self, order: str, step: str | None = None) -> list[PlannedEffect]:
        """What a replay would do, effect by effect; changes nothing."""
        return commands.replay_plan(self._setting, order, step, self._now())

    def replay(self, order: str, step: str | None, actor: str, why: str) -> list[str]:
        """Tries again; what may have happened is asked about first. Returns the steps moved."""
        return commands.replay(self._setting, order, step, actor, why, self._now())

    def release_plan(self, order: str, step: str | None = None) -> list[PlannedEffect]:
        """What a release would do: it overrules what the order itself says, not a connection that cannot. A wait or a
        task that is released calls nobody itself: the order goes on from there."""
        lines = self.replay_plan(order, step)
        return [replace(line, verdict=_released(line)) for line in lines]

    def release(self, order: str, step: str | None, actor: str, why: str) -> list[str]:
        """Lets go on what was held for a person. Returns the steps moved."""
        return commands.release(self._setting, order, step, actor, why, self._now())

    def resolve(self, order: str, step: str, decision: str, reference: str | None, actor: str, why: str) -> str:
        """A person's word on a step: happened, did_not, new_generation, abandon. Returns the step's state."""
        return commands.resolve(self._setting, order, step, decision, reference, actor, why, self._now())

    def letters_in_doubt(self, connection: str | None = None) -> list[DoubtfulLetter]:
        """Parked letters: nobody can look up whether they were sent. Those of the longest untouched orders first."""
        found = []
        for row in self._views.steps([State.PARKED], connection, _MANY):
            book = self._store.read(row.order) if row.step.capability == "notification.send" else None
            effect = book.effect(row.step) if book is not None else None
            if effect is not None:
                found.append(DoubtfulLetter(row.order, row.step.id, effect.key))
        return found

    def settle_letters(
        self, letters: Iterable[DoubtfulLetter], sent: Collection[DoubtfulLetter], actor: str, why: str
    ) -> list[DoubtfulLetter]:
        """A person's word on each: those in `sent` were, the others are sent now. Returns those that had moved."""
        moved = []
        for letter in letters:
            decision, reference = ("happened", letter.key) if letter in sent else ("did_not", None)
            try:
                self.resolve(letter.order, letter.step, decision, reference, actor, why)
            except Refused:
                moved.append(letter)
        return moved

    def adopt(self, order: str, actor: str, why: str) -> str:
        """Begins one order of history. Returns its disposition."""
        return commands.adopt(self._setting, order, actor, why, self._now())

    def adoption_plan(self, order: str) -> list[PlannedEffect]:
        """What an adoption would call, with amounts; changes nothing."""
        book = self._store.read(order)
        if book is None:
            raise Refused(f"there is no order {order!r}; keys are connection:source-id, see `crossdock orders list`")
        return commands.preview(self._setting, book, self._now())

    def cancel(self, order: str, actor: str, why: str) -> str:
        """Takes back what was not sent and undoes what was. Returns what was withdrawn, in words."""
        return commands.cancel(self._setting, order, actor, why, self._now())

    def refund(
        self, order: str, amount: int, lines: Sequence[dict[str, Any]], payment: str | None, actor: str, why: str
    ) -> str:
        """Refunds minor units at the payment's custodian. Returns the refund's id."""
        return commands.refund(self._setting, order, amount, lines, payment, actor, why, self._now())

    # --- connections

    def pause(self, connection: str, actor: str, why: str) -> None:
        """Nothing more is sent to the connection until it is resumed."""
        self._known(connection)
        now = self._now()
        decision = Decision(actor, "pause", {"why": why})
        self._store.set_standing(connection, now, decision, paused=True, why=why)

    def resume(self, connection: str, actor: str, why: str) -> int:
        """The connection works again, and what was held for it goes on. Returns how many steps."""
        self._known(connection)
        now = self._now()
        self._store.set_standing(connection, now, Decision(actor, "resume", {"why": why}), paused=False, why=None)
        moved = 0
        while keys := self._views.orders_held_for(connection, _CONNECTION_CAUSES, _BATCH):
            count = sum(commands.resume_held(self._setting, key, _CONNECTION_CAUSES, connection, now) for key in keys)
            moved += count
            if count == 0:
                break
        self._store.plan_chore("mend", connection, now + _ONCE_MORE)  # a worker may still be about to hold one
        return moved

    def _known(self, connection: str) -> None:
        if connection not in self._setting.connections:
            names = ", ".join(sorted(self._setting.connections)) or "none"
            raise Refused(f"there is no connection {connection!r}; there are: {names}")

    # --- messages

    def release_messages(
        self, ids: Sequence[int], connection: str | None, cause: str | None, actor: str, why: str
    ) -> int:
        """Held messages are translated again: those named, or all of a connection and cause. Returns how many."""
        chosen = list(ids) or self._views.held_messages(connection, cause)
        now = self._now()
        if not chosen:
            return 0
        subject = ", ".join(map(str, ids)) or " ".join(part for part in (connection, cause) if part) or "all"
        decision = Decision(actor, "release messages", {"why": why})
        return self._store.release_messages(now, cause, chosen, decision, subject)

    def accept_conflict(self, message: int, actor: str, why: str) -> int:
        """A person has judged the other bodies of a delivery id. Returns how many there were."""
        found = self._views.message(message)
        if found is None or found.row.state == MessageState.KEPT:
            raise Refused(f"there is no settled message {message}")
        return attend(self._store.writer, message, actor, why, self._now())


def _released(line: PlannedEffect) -> str:
    if line.capability is None and line.state == State.HELD:
        return GOES_ON
    return commands.WILL_DO if _is_overruled(line) else line.verdict


def _is_overruled(line: PlannedEffect) -> bool:
    return line.state == State.HELD and line.verdict == commands.OVERTAKEN and line.why in _OVERRULED
