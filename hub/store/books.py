"""An order's book: loaded under its lock, and what a moment changed in it written back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from hub.model.book import Book, Observation, Standing
from hub.model.lane import Lane
from hub.model.message import MessageEnd
from hub.model.order import Order
from hub.store import rows
from hub.store.kept import Before
from hub.store.record import append_audit
from hub.store.saving import ORDER_COLUMNS, quoted, save_effects, save_order, save_steps
from hub.store.tx import Row, Tx

T = TypeVar("T")


def insert(table: str, columns: Sequence[str]) -> str:
    return (
        f"INSERT INTO {table} ({', '.join(quoted(c) for c in columns)}) VALUES ({', '.join(':' + c for c in columns)})"
    )


_ORDER = f"SELECT {', '.join(quoted(c) for c in ORDER_COLUMNS)} FROM orders WHERE key = :key"
_STEPS = f"SELECT {', '.join(rows.STEP_COLUMNS)} FROM steps WHERE order_key = :key ORDER BY id"
_EFFECTS = (
    f"SELECT {', '.join(rows.EFFECT_COLUMNS)} FROM effects WHERE order_key = :key "
    "ORDER BY capability, subject, generation"
)
_ATTEMPT = insert(
    "attempts",
    ["order_key", "step", "token", "trigger", "started_at", "ended_at", "verdict", "code", "message", "transcript"],
)
_NOTE = insert("notes", ["order_key", "at", "actor", "kind", "text", "detail"])
_HANDLE = insert("handles", ["connection", "handle", "order_key"]) + " ON CONFLICT DO NOTHING"
_OBSERVATION = (
    insert("observations", ["order_key", "type", "connection", "seen_at", "document", "handles", "message"])
    + " RETURNING id"
)
_END_MESSAGE = (
    "UPDATE messages SET state = :state, cause = :cause, detail = :detail, due_at = NULL "
    "WHERE id = :id AND token = :token"
)
_LOOSE = (
    "SELECT o.* FROM loose_handles l JOIN observations o ON o.id = l.observation "
    "WHERE l.connection = :connection AND l.handle IN ({handles})"
)
_TOUCH = "INSERT INTO touches (order_key, message) VALUES (:order_key, :message) ON CONFLICT DO NOTHING"
_PLAN_CHORE = """
INSERT INTO chores (kind, key, due_at, detail, lane) VALUES (:kind, :key, :due, :detail, :lane)
ON CONFLICT (kind, key) DO UPDATE SET
  due_at = CASE WHEN chores.due_at IS NULL OR chores.due_at > excluded.due_at
    THEN excluded.due_at ELSE chores.due_at END
"""


def load(tx: Tx, key: str, *, lock: bool) -> tuple[Book, Before]:
    connection, _, source_id = key.partition(":")
    book, before = Book(key=key, connection=connection, source_id=source_id), Before()
    orders, steps, effects = _read(tx, key, lock=lock)
    if not orders and lock:  # two may hear of a new order at once
        tx.alone(f"order {key}")
        orders, steps, effects = _read(tx, key, lock=lock)
    if not orders:
        return book, before
    before.order = dict(zip(ORDER_COLUMNS, orders[0], strict=True))
    _fill(book, before.order)
    for row in steps:
        step = rows.step_of(row)
        before.steps[step.id], book.steps[step.id] = dict(vars(step)), step
    for row in effects:
        effect = rows.effect_of(row)
        identity = (effect.capability, effect.subject, effect.generation)
        before.effects[identity], book.effects[identity] = dict(vars(effect)), effect
    return book, before


def _read(tx: Tx, key: str, *, lock: bool) -> list[list[tuple[Any, ...]]]:
    """Of the order, its steps (which a claim takes without their order) and its effects. The first locks the rest."""
    locking, named = tx.locking if lock else "", {"key": key}
    return tx.several((_ORDER + locking, named), (_STEPS + locking, named), (_EFFECTS, named))


@lru_cache(maxsize=1024)
def _order_of(document: str) -> Order:
    """Orders are immutable, and the same one is read at every moment of its life."""
    return Order.model_validate(rows.from_json(document))


def _fill(book: Book, row: Row) -> None:
    book.facts = rows.from_json(row["facts"])
    book.order = _order_of(row["document"]) if row["document"] else None
    book.version = row["version"]
    book.disposition, book.why = row["disposition"], row["why"]
    book.approved, book.adopted = bool(row["approved"]), bool(row["adopted"])
    book.read_at, book.fetch_at = rows.moment(row["read_at"]), rows.moment(row["fetch_at"])
    book.stale_at = rows.moment(row["stale_at"])
    book.source_version = row["source_version"]
    book.runs = rows.runs_of(row["runs"])
    book.groups = rows.groups_of(row["groups"])
    book.parcels = rows.parcels_of(row["parcels"])


def change(tx: Tx, key: str, decide: Callable[[Book], T], now: datetime) -> T:
    kept = tx.kept
    book, before = (kept.take(key) if kept is not None else None) or load(tx, key, lock=True)
    book.claim_loose = lambda connection, handles: _claim_loose(tx, key, connection, handles)
    book.standing = lambda connection: _standing(tx, connection)
    answer = decide(book)
    with tx.together():
        before.order = save_order(tx, book, before.order, now)
        save_steps(tx, book, before.steps)
        save_effects(tx, book, before.effects)
        _append(tx, book)
    _conclude(tx, book, now)
    book.standing = None
    if kept is not None:
        kept.put(book, before)
    return answer


def _append(tx: Tx, book: Book) -> None:
    for attempt in book.attempts:
        tx.run(_ATTEMPT, **rows.attempt_row(book.key, attempt))
    for note in book.notes:
        tx.run(_NOTE, **rows.note_row(book.key, note))
    for kind, key, due in book.chores:
        plan_chore(tx, kind, key, due, "{}")
    tx.alone(*(handle_name(connection, handle) for connection, handle in book.handles))
    if book.handles:
        named = [{"connection": c, "handle": h, "order_key": book.key} for c, h in dict.fromkeys(book.handles)]
        tx.many(_HANDLE, named)
    for observation in book.observations:
        if observation.id is None:
            save_observation(tx, observation, book.key)


def _conclude(tx: Tx, book: Book, now: datetime) -> None:
    """What depends on what is there already."""
    for end in book.ends:
        end_message(tx, end)
    for actor, action, detail in book.decisions:
        append_audit(tx, actor, action, book.key, detail, now)


def plan_chore(tx: Tx, kind: str, key: str, due: datetime, detail: str) -> None:
    lane = str(Lane(key.partition(":")[0]))
    tx.run(_PLAN_CHORE, kind=kind, key=key, due=rows.micros(due), detail=detail, lane=lane)


def end_message(tx: Tx, end: MessageEnd) -> None:
    """Fenced by the message's token: whoever claimed it later has the last word."""
    detail = rows.to_json(end.detail)
    if tx.run(_END_MESSAGE, id=end.id, token=end.token, state=end.state, cause=end.cause, detail=detail):
        tx.many(_TOUCH, [{"order_key": key, "message": end.id} for key in end.detail.get("orders", ())])


def save_observation(tx: Tx, observation: Observation, order_key: str | None) -> int:
    row = tx.one(
        _OBSERVATION,
        order_key=order_key,
        type=observation.type,
        connection=observation.connection,
        seen_at=rows.micros(observation.seen_at),
        document=rows.to_json(observation.document),
        handles=rows.to_json(list(observation.handles)),
        message=observation.message,
    )
    assert row is not None
    return int(row["id"])


def handle_name(connection: str, handle: str) -> str:
    """What stands for a handle that may have neither an order nor an observation yet: of two who learn of it at once,
    one must see what the other wrote.
    """
    return f"handle {connection} {handle}"


def standing_of(tx: Tx, connection: str) -> Standing:
    found = tx.tuples("SELECT act_from, paused, why FROM connections WHERE name = :name", name=connection)
    if not found:
        return Standing()
    act_from, paused, why = found[0]
    return Standing(rows.moment(act_from), bool(paused), why)


def _standing(tx: Tx, connection: str) -> Standing:
    """Every moment asks for it: a writer that is alone remembers it."""
    if tx.kept is None:
        return standing_of(tx, connection)
    found = tx.kept.standings.get(connection)
    if found is None:
        found = tx.kept.standings[connection] = standing_of(tx, connection)
    return found


def _claim_loose(tx: Tx, key: str, connection: str, handles: Sequence[str]) -> list[Observation]:
    found: dict[int, Observation] = {}
    tx.alone(*(handle_name(connection, handle) for handle in handles))
    if not handles:
        return []
    named = {f"h{number}": handle for number, handle in enumerate(handles)}
    sql = _LOOSE.format(handles=", ".join(f":{name}" for name in named))
    for row in tx.all(sql, connection=connection, **named):
        found[row["id"]] = rows.observation_of(row)
    for observation_id in found:
        tx.run("DELETE FROM loose_handles WHERE observation = :id", id=observation_id)
        tx.run("UPDATE observations SET order_key = :key WHERE id = :id", key=key, id=observation_id)
    return [found[observation_id] for observation_id in sorted(found)]
