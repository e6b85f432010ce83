"""How much there is of everything: for the console's header and the metrics. Never reads a table of history whole."""

from __future__ import annotations

from datetime import datetime

from hub.model.view import Counts
from hub.store import rows
from hub.store.tx import Tx

_OLDEST = """
SELECT min(due_at) AS due FROM (
  SELECT min(due_at) AS due_at FROM steps WHERE due_at IS NOT NULL
  UNION ALL SELECT min(due_at) FROM messages WHERE due_at IS NOT NULL) AS dues
"""


def census(tx: Tx, now: datetime) -> Counts:
    """`steps` are those that are due some time or need a person: what is done is not counted, it only grows."""
    orders = tx.all("SELECT state, count(*) AS number FROM orders GROUP BY state")
    due = tx.all("SELECT state, count(*) AS number FROM steps WHERE due_at IS NOT NULL GROUP BY state")
    stopped = tx.all(
        "SELECT state, cause, count(*) AS number FROM steps WHERE state IN ('held','parked','rejected','dead') "
        "GROUP BY state, cause"
    )
    steps = {row["state"]: row["number"] for row in due}
    causes: dict[str, int] = {}
    for row in stopped:
        steps[row["state"]] = steps.get(row["state"], 0) + row["number"]
        code = row["cause"] or row["state"]
        causes[code] = causes.get(code, 0) + row["number"]
    held = tx.all("SELECT cause, count(*) AS number FROM messages WHERE state = 'held' GROUP BY cause")
    waiting = tx.one("SELECT count(*) AS number FROM messages WHERE due_at IS NOT NULL")
    conflicts = tx.one("SELECT count(*) AS number FROM conflicts WHERE seen_at IS NULL")
    paused = tx.all("SELECT name FROM connections WHERE paused = 1 ORDER BY name")
    return Counts(
        orders={row["state"]: row["number"] for row in orders},
        steps=steps,
        causes=causes,
        messages_due=waiting["number"] if waiting else 0,
        messages_held={row["cause"] or "held": row["number"] for row in held},
        conflicts=conflicts["number"] if conflicts else 0,
        paused=tuple(row["name"] for row in paused),
        oldest_due_seconds=_overdue(tx, now),
    )


def _overdue(tx: Tx, now: datetime) -> float:
    row = tx.one(_OLDEST)
    due = rows.moment(row["due"]) if row else None
    return max((now - due).total_seconds(), 0.0) if due else 0.0
