"""Who does what next: due work is claimed under a lease, and shops take turns where more is due than can be begun."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.model.contract import Chore, Claim
from hub.model.lane import Lane, Room
from hub.model.message import StoredMessage
from hub.store import rows
from hub.store.sharing import Turns, fits
from hub.store.tx import Row, Tx, Writer

CLAIM_LEASE = timedelta(seconds=60)
_CHORES_AT_ONCE = 2
_HEAD = 256  # so many of the longest due tell whose they are; behind that, lanes are looked for one by one
_LANES_PER_SECOND = 5000  # how many lanes are looked for in a second at most, however often something is claimed

# INTENT becomes UNKNOWN: its lease ran out with a request on the wire, which may have left as late as that allowed.
_STEPS = """
WITH due AS MATERIALIZED (
  SELECT order_key, id FROM steps WHERE {lane}due_at <= :now ORDER BY due_at LIMIT :limit{skipping})
UPDATE steps SET
  token = token + 1,
  unresolved = CASE WHEN state = 'intent' THEN 1 ELSE unresolved END,
  last_sent = CASE WHEN state = 'intent' THEN lease_until ELSE last_sent END,
  state = CASE state WHEN 'intent' THEN 'unknown' WHEN 'ready' THEN 'leased' WHEN 'waiting' THEN 'leased'
    ELSE state END,
  lease_until = :until, due_at = :until
WHERE (order_key, id) IN (SELECT order_key, id FROM due) AND due_at <= :now
RETURNING order_key, id, token, state, connection
"""
_MESSAGES = f"""
WITH due AS MATERIALIZED (
  SELECT id FROM messages WHERE {{lane}}due_at <= :now ORDER BY due_at, id LIMIT :limit{{skipping}})
UPDATE messages SET token = token + 1, tries = tries + 1, due_at = :until
WHERE id IN (SELECT id FROM due) AND due_at <= :now
RETURNING {", ".join(rows.MESSAGE_COLUMNS)}
"""
_CHORES = """
WITH due AS MATERIALIZED (
  SELECT kind, key FROM chores WHERE {lane}due_at <= :now ORDER BY due_at LIMIT :limit{skipping})
UPDATE chores SET token = token + 1, tries = tries + 1, due_at = :until
WHERE (kind, key) IN (SELECT kind, key FROM due) AND due_at <= :now
RETURNING kind, key, token, tries, detail
"""
_LONGEST_DUE = """
SELECT lane, count(*) FROM (SELECT lane FROM {table} WHERE due_at <= :now ORDER BY due_at LIMIT :limit) AS head
GROUP BY lane
"""
_EVERY_LANE = """
WITH RECURSIVE lanes(lane) AS (
  SELECT min(lane) FROM {table} WHERE due_at IS NOT NULL
  UNION ALL
  SELECT (SELECT min(t.lane) FROM {table} t WHERE t.due_at IS NOT NULL AND t.lane > lanes.lane)
  FROM lanes WHERE lanes.lane IS NOT NULL)
SELECT lane FROM lanes WHERE lane IS NOT NULL
  AND EXISTS (SELECT 1 FROM {table} t WHERE t.due_at IS NOT NULL AND t.lane = lanes.lane AND t.due_at <= :now)
"""

Task = Chore | StoredMessage | Claim
_Share = Callable[[Tx, int, datetime, Room | None], Sequence[Task]]


class _Kind:
    """One table of due work: its claims, and whose turn it is."""

    def __init__(self, table: str, sql: str) -> None:
        self._table, self._sql = table, sql
        self._turns = Turns()
        self._far: frozenset[Lane] = frozenset()
        self._far_until: datetime | None = None

    def claim(self, tx: Tx, limit: int, window: Mapping[str, Any], now: datetime, room: Room | None) -> list[Row]:
        due = self._due(tx, now, limit)
        if sum(due.values()) <= limit and (room is None or fits(due, room)):
            return self._claim(tx, None, limit, window) if due else []
        claimed: list[Row] = []
        for lane, places in self._turns.share(due, limit, room).items():
            found = self._claim(tx, lane, places, window)
            due[lane] = due[lane] - places if len(found) == places else 0
            claimed += found
        if room is None and len(claimed) < limit:  # some lanes had less than they were given places for
            for lane, places in self._turns.share(due, limit - len(claimed)).items():
                claimed += self._claim(tx, lane, places, window)
        return claimed

    def _claim(self, tx: Tx, lane: Lane | None, limit: int, window: Mapping[str, Any]) -> list[Row]:
        sql = self._sql.format(skipping=tx.skipping, lane="lane = :lane AND " if lane is not None else "")
        named = {"lane": str(lane)} if lane is not None else {}
        return tx.all(sql, **window, **named, limit=limit)

    def _due(self, tx: Tx, now: datetime, limit: int) -> dict[Lane, int]:
        """How many are due in each lane, as far as it matters; every lane is there, or will be within a moment."""
        stamp = rows.micros(now)
        head = tx.tuples(_LONGEST_DUE.format(table=self._table), now=stamp, limit=_HEAD)
        due = {Lane.of(text): int(count) for text, count in head}
        if sum(due.values()) < _HEAD:
            return due
        if self._far_until is None or now >= self._far_until:
            found = tx.tuples(_EVERY_LANE.format(table=self._table), now=stamp)
            self._far = frozenset(Lane.of(text) for (text,) in found)
            self._far_until = now + timedelta(seconds=len(found) / _LANES_PER_SECOND)
        return {**due, **dict.fromkeys(sorted(self._far), limit)}


class Claims:
    """A part of `hub.store.moments.SqlStore`. What is not finished when its lease ends is claimed again."""

    writer: Writer

    def __init__(self, lease: timedelta) -> None:
        self._lease = lease
        self._claims = 0
        self._due_steps, self._due_messages = _Kind("steps", _STEPS), _Kind("messages", _MESSAGES)
        self._due_chores = _Kind("chores", _CHORES)

    def claim(self, limit: int, now: datetime, room: Room | None = None) -> Sequence[Task]:
        """What is due, in one transaction: of each kind its share, so that a backlog of one starves no other."""
        self._claims += 1
        turn = self._claims % 3

        def moment(tx: Tx) -> list[Task]:
            found: list[Task] = []
            shares: tuple[_Share, ...] = (self._some_chores, self._some_messages, self._some_steps)
            if limit < len(shares):  # each kind comes first in turn, where there is no place for all
                shares = (*shares[turn:], *shares[:turn])
            for share in shares:
                if left := limit - len(found):
                    found += share(tx, left, now, room)
            return found

        return self.writer.run(moment)

    def _some_chores(self, tx: Tx, left: int, now: datetime, room: Room | None) -> list[Chore]:
        return self._chores(tx, min(left, _CHORES_AT_ONCE), now)

    def _some_messages(self, tx: Tx, left: int, now: datetime, room: Room | None) -> list[StoredMessage]:
        return self._messages(tx, -(-left // 2), now, room and Room(of=room.of))

    def _some_steps(self, tx: Tx, left: int, now: datetime, room: Room | None) -> list[Claim]:
        return self._steps(tx, left, now, room)

    def claim_messages(self, limit: int, now: datetime) -> Sequence[StoredMessage]:
        return self.writer.run(lambda tx: self._messages(tx, limit, now))

    def claim_steps(self, limit: int, now: datetime, room: Room | None = None) -> Sequence[Claim]:
        return self.writer.run(lambda tx: self._steps(tx, limit, now, room))

    def claim_chores(self, limit: int, now: datetime) -> Sequence[Chore]:
        return self.writer.run(lambda tx: self._chores(tx, limit, now))

    def _messages(self, tx: Tx, limit: int, now: datetime, room: Room | None = None) -> list[StoredMessage]:
        claimed = self._due_messages.claim(tx, limit, self._window(now), now, room)
        return sorted((rows.message_of(row) for row in claimed), key=lambda message: message.id)

    def _steps(self, tx: Tx, limit: int, now: datetime, room: Room | None = None) -> list[Claim]:
        claimed = self._due_steps.claim(tx, limit, self._window(now), now, room)
        if claimed:
            tx.changed_beside(*(row["order_key"] for row in claimed))
        return sorted((_claim_of(row) for row in claimed), key=lambda claim: (claim.order, claim.step))

    def _chores(self, tx: Tx, limit: int, now: datetime) -> list[Chore]:
        claimed = self._due_chores.claim(tx, limit, self._window(now), now, None)
        chores = (Chore(r["kind"], r["key"], r["token"], r["tries"], rows.from_json(r["detail"])) for r in claimed)
        return sorted(chores, key=lambda chore: (chore.kind, chore.key))

    def _window(self, now: datetime) -> dict[str, Any]:
        return {"now": rows.micros(now), "until": rows.micros(now + self._lease)}


def _claim_of(row: Row) -> Claim:
    return Claim(row["order_key"], row["id"], row["token"], row["state"] == "unknown", row["connection"] or "")
