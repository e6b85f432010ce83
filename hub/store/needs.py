"""What needs a person, from the books: each need once, with its cause in words, what is at stake, and one thing to do.

A connection that is paused may hold ten thousand steps: that is one need, counted by the database. Steps of one order
that wait for the same decision are one need too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.model.action import action_for
from hub.model.capability import doing, title_of
from hub.model.cause import CAUSES, Act, Cause, Weight, cause_of, say
from hub.model.detail import said
from hub.model.view import Need, StepRow, Sum
from hub.store import listing, rows
from hub.store.tx import Row, Tx

EXPIRY_WARNING = timedelta(hours=48)
LARGEST_LIST = 500

# As the index says it, word for word: SQLite uses a partial index only for a condition that it recognises.
_STILL = "state IN ('held','parked','rejected','dead')"
_WHOLE = ", ".join(f"'{cause.code}'" for cause in CAUSES.values() if cause.whole_connection)
_ONE_BY_ONE = f"""
WITH chosen AS (SELECT order_key, id FROM steps WHERE {_STILL} AND (cause IS NULL OR cause NOT IN ({_WHOLE}))
  ORDER BY began_at, order_key, id LIMIT :limit)
{listing.CHOSEN_STEPS} ORDER BY o.changed_at, s.order_key, s.id
"""
_WHOLE_CONNECTIONS = f"""
SELECT h.cause, h.connection, o.currency, count(*) AS number, sum(coalesce(o.total, 0)) AS total,
  min(h.since) AS since, min(o.key) AS example
FROM (SELECT order_key, cause, connection, min(began_at) AS since FROM steps
  WHERE {_STILL} AND state = 'held' AND cause IN ({_WHOLE}) GROUP BY order_key, cause, connection) AS h
JOIN orders o ON o.key = h.order_key GROUP BY h.cause, h.connection, o.currency
"""
_HELD_MESSAGES = """
SELECT connection, cause, count(*) AS number, min(received_at) AS since, min(id) AS first FROM messages
WHERE state = 'held' GROUP BY connection, cause
"""
_CONFLICTS = """
SELECT m.id, m.connection, m.topic, min(c.received_at) AS since, count(*) AS number
FROM conflicts c JOIN messages m ON m.id = c.message WHERE c.seen_at IS NULL
GROUP BY m.id, m.connection, m.topic ORDER BY m.id
"""
_RESERVED = """
SELECT key, connection, label, source_id, total, currency, expires_at, changed_at FROM orders
WHERE expires_at IS NOT NULL AND expires_at < :soon AND disposition = 'active'
  AND state NOT IN ('completed', 'cancelled') ORDER BY expires_at LIMIT :limit
"""

_RANK = {weight: rank for rank, weight in enumerate(Weight)}


def needs(tx: Tx, now: datetime, limit: int = LARGEST_LIST) -> list[Need]:
    """The most pressing first: what has a date that is near, then by weight, then the oldest."""
    found = [
        *_of_orders([listing.step_row(row) for row in tx.all(_ONE_BY_ONE, limit=limit)], now),
        *_of_connections(tx, now),
        *_of_messages(tx),
        *_of_conflicts(tx),
    ]
    known = {need.order for need in found if need.order}
    soon = rows.micros(now + EXPIRY_WARNING)
    found += [_expiring(row, now) for row in tx.all(_RESERVED, soon=soon, limit=limit) if row["key"] not in known]
    return sorted(found, key=lambda need: _pressing(need, now))


def _pressing(need: Need, now: datetime) -> tuple[Any, ...]:
    near = need.due_at is not None and need.due_at - now < EXPIRY_WARNING
    return (
        not need.needs_person,
        not near,
        _RANK[need.weight],
        need.due_at or need.since,
        need.order or "",
        need.step or "",
    )


# --- orders


def _of_orders(steps: Sequence[StepRow], now: datetime) -> Iterable[Need]:
    """One need per decision: steps in doubt each ask their own question, the others may share theirs."""
    together: dict[tuple[str, str, str], list[StepRow]] = {}
    for row in steps:
        cause = _cause(row)
        alone = row.step.id if cause.act is Act.RESOLVE else ""
        together.setdefault((row.order, cause.code, alone), []).append(row)
    for rows_ in together.values():
        yield _of_order(rows_, now)


def _cause(row: StepRow) -> Cause:
    return cause_of(row.step.cause or row.step.state.value)


def _of_order(same: Sequence[StepRow], now: datetime) -> Need:
    first = same[0]
    step, cause = first.step, _cause(first)
    what = doing(step.capability)
    single = step.id if len(same) == 1 else None
    return Need(
        code=cause.code,
        weight=cause.weight,
        title=cause.title,
        words=say(cause.words, connection=step.connection, what=what),
        state=step.state.value,
        action=action_for(cause, order=first.order, step=single, connection=step.connection, what=what),
        since=min(row.step.last_sent or row.step.began_at or row.changed_at for row in same),
        count=len(same),
        order=first.order,
        label=first.label,
        step=step.id,
        what=title_of(step.capability),
        connection=step.connection,
        at_stake=(first.at_stake,) if first.at_stake else (),
        due_at=first.expires_at,
        due=_due_words(first.expires_at, now) if first.expires_at else None,
        said=said(step.detail),
    )


# --- dates


def _expiring(row: Row, now: datetime) -> Need:
    due = rows.surely(row["expires_at"])
    cause = cause_of("expiring" if due > now else "expired")
    stake = listing.sum_of(row["total"], row["currency"])
    return Need(
        code=cause.code,
        weight=cause.weight,
        title=cause.title,
        words=say(cause.words, connection=row["connection"], what=None),
        state="expiring",
        action=action_for(cause, order=row["key"]),
        since=rows.surely(row["changed_at"]),
        order=row["key"],
        label=row["label"] or row["source_id"],
        connection=row["connection"],
        at_stake=(stake,) if stake else (),
        due_at=due,
        due=_due_words(due, now),
    )


def _due_words(due: datetime, now: datetime) -> str:
    return "the authorisation ends" if due > now else "the authorisation ended"


# --- connections and messages


def _of_connections(tx: Tx, now: datetime) -> Iterable[Need]:
    held: dict[tuple[str, str | None], list[Row]] = {}
    for row in tx.all(_WHOLE_CONNECTIONS):
        held.setdefault((row["cause"], row["connection"]), []).append(row)
    for row in tx.all("SELECT name, why, changed_at FROM connections WHERE paused = 1 ORDER BY name"):
        waiting = held.pop(("paused", row["name"]), [])
        yield _of_connection(cause_of("paused"), row["name"], waiting, rows.surely(row["changed_at"]), row["why"])
    for (code, connection), waiting in sorted(held.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        yield _of_connection(cause_of(code), connection, waiting, now, None)


def _of_connection(
    cause: Cause, connection: str | None, waiting: Sequence[Row], since: datetime, why: str | None
) -> Need:
    """`count` is how many orders wait for it."""
    started = [rows.surely(row["since"]) for row in waiting if row["since"] is not None]
    sums = tuple(Sum(int(row["total"]), row["currency"]) for row in waiting if row["currency"] and row["total"])
    return Need(
        code=cause.code,
        weight=cause.weight,
        title=cause.title,
        words=say(cause.words, connection=connection, what=None),
        state="paused" if cause.code == "paused" else "held",
        action=action_for(cause, order=waiting[0]["example"] if waiting else None, connection=connection),
        since=min([since, *started]),
        count=sum(row["number"] for row in waiting),
        connection=connection,
        at_stake=sums,
        said=why,
    )


def _of_messages(tx: Tx) -> Iterable[Need]:
    for row in sorted(tx.all(_HELD_MESSAGES), key=lambda row: (row["connection"], row["cause"] or "")):
        cause = cause_of(row["cause"])
        single = row["first"] if row["number"] == 1 else None
        detail = tx.one("SELECT detail FROM messages WHERE id = :id", id=row["first"])
        yield Need(
            code=cause.code,
            weight=cause.weight,
            title=cause.title,
            words=say(cause.words, connection=row["connection"], what=None),
            state="held",
            action=action_for(cause, message=single, connection=row["connection"]),
            since=rows.surely(row["since"]),
            count=row["number"],
            connection=row["connection"],
            message=row["first"],
            said=said(rows.from_json(detail["detail"])) if detail else None,
        )


def _of_conflicts(tx: Tx) -> Iterable[Need]:
    cause = cause_of("conflict")
    for row in tx.all(_CONFLICTS):
        yield Need(
            code=cause.code,
            weight=cause.weight,
            title=cause.title,
            words=say(cause.words, connection=row["connection"], what=None),
            state="conflict",
            action=action_for(cause, message=row["id"]),
            since=rows.surely(row["since"]),
            count=row["number"],
            connection=row["connection"],
            message=row["id"],
        )
