"""Who works on what, and until when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.store import rows
from hub.store.moments import SqlStore
from tests.simulation.planted.patching import Patch, replaced, with_each_claim
from tests.simulation.planted.registry import bug


@bug("sweeper-off", "A step whose worker died is never claimed again.")
def sweeper_off() -> Patch:
    original = SqlStore.claim_steps
    sql = "UPDATE steps SET due_at = NULL WHERE lease_until <= :now AND state IN ('leased', 'intent', 'unknown')"

    def claim_steps(self: SqlStore, limit: int, now: datetime) -> Any:
        self.writer.run(lambda tx: tx.run(sql, now=rows.micros(now)))
        return original(self, limit, now)

    return replaced(SqlStore, "claim_steps", claim_steps)


@bug("claim-unfenced", "A claimed step stays due: the next idle worker claims it as well, and both go on.")
def claim_unfenced() -> Patch:
    return with_each_claim(
        "UPDATE steps SET due_at = :now WHERE order_key = :order AND id = :step AND state = 'leased'"
    )


@bug("message-unfenced", "A worker that lost a message settles it all the same, over what another made of it.",
     freeze=0.06, crash=0.06)  # fmt: skip
def message_unfenced() -> Patch:
    original = SqlStore.settle_message

    def settle_message(self: SqlStore, message: int, token: int, *rest: Any) -> None:
        row = self.readers.tx().one("SELECT token FROM messages WHERE id = :id", id=message)
        original(self, message, row["token"] if row else token, *rest)

    return replaced(SqlStore, "settle_message", settle_message)
