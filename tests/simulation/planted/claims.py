"""Who works on what, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.model.contract import Claim
from hub.model.message import MessageEnd
from hub.store import books, rows
from hub.store.claims import Claims
from hub.store.tx import Tx
from tests.simulation.planted.patching import Patch, everywhere, replaced, with_each_claim
from tests.simulation.planted.registry import bug


@bug("sweeper-off", "A step whose worker died is never claimed again.")
def sweeper_off() -> Patch:
    original = Claims._steps
    sql = "UPDATE steps SET due_at = NULL WHERE lease_until <= :now AND state IN ('leased', 'intent', 'unknown')"

    def claimed(self: Claims, tx: Tx, limit: int, now: datetime, room: Any = None) -> list[Claim]:
        tx.run(sql, now=rows.micros(now))
        return original(self, tx, limit, now, room)

    return replaced(Claims, "_steps", claimed)


@bug("claim-unfenced", "A claimed step stays due: the next idle worker claims it as well, and both go on.")
def claim_unfenced() -> Patch:
    return with_each_claim(
        "UPDATE steps SET due_at = :now WHERE order_key = :order AND id = :step AND state = 'leased'"
    )


@bug("message-unfenced", "A worker that lost a message settles it all the same, over what another made of it.",
     freeze=0.06, crash=0.06)  # fmt: skip
def message_unfenced() -> Patch:
    original = books.end_message

    def end_message(tx: Tx, end: MessageEnd) -> None:
        row = tx.one("SELECT token FROM messages WHERE id = :id", id=end.id)
        original(tx, replace(end, token=row["token"] if row else end.token))

    return everywhere(original, end_message)
