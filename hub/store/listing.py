"""Lists over all orders, steps and messages: one page at a time, straight from the columns.

A list never parses whole orders: of the documents of one page it decodes the few fields that a list shows.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from hub.model.flow import NEEDS_PERSON, SATISFIES, State
from hub.model.message import MessageState
from hub.model.view import BadCursor, MessageRow, OrderQuery, OrderRow, Page, StepRow, Sum
from hub.store import rows
from hub.store.tx import Row, Tx

LARGEST_PAGE = 200

_NEEDY = ", ".join(f"'{state.value}'" for state in sorted(NEEDS_PERSON))
_ORDERS = """
SELECT o.key, o.connection, o.source_id, o.label, o.state, o.disposition, o.why, o.total, o.currency, o.placed_at,
  o.changed_at, o.document,
  (SELECT min(s.cause) FROM steps s WHERE s.order_key = o.key AND s.state IN ({needy})) AS cause,
  (SELECT min(s.awaits) FROM steps s WHERE s.order_key = o.key AND s.state = 'awaiting' AND s.tail = 0) AS awaits
FROM orders o WHERE {where} ORDER BY o.changed_at DESC, o.key DESC LIMIT :limit
"""
_PROGRESS = """
SELECT order_key, state, count(*) AS number FROM steps WHERE tail = 0 AND order_key IN ({keys})
GROUP BY order_key, state
"""
_MESSAGES = """
SELECT m.id, m.connection, m.topic, m.delivery_id, m.kind, m.mapping, m.state, m.cause, m.detail, m.received_at,
  m.tries, length(m.body) AS size,
  (SELECT count(*) FROM conflicts c WHERE c.message = m.id AND c.seen_at IS NULL) AS conflicts
FROM messages m
"""
_STEP_COLUMNS = """
SELECT s.*, o.label, o.source_id, o.total, o.currency, o.changed_at, o.expires_at,
  e.amount AS effect_amount, e.currency AS effect_currency
"""
_BESIDE = """
JOIN orders o ON o.key = s.order_key
LEFT JOIN effects e ON e.order_key = s.order_key AND e.capability = s.capability AND e.subject = s.subject
  AND e.generation = s.generation
"""
STEPS = f"{_STEP_COLUMNS} FROM steps s {_BESIDE}"
# Of the steps that `chosen` names.
CHOSEN_STEPS = f"{_STEP_COLUMNS} FROM chosen c JOIN steps s ON s.order_key = c.order_key AND s.id = c.id {_BESIDE}"


class _Name(msgspec.Struct, frozen=True):
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address_country: str | None = None


class _Quantity(msgspec.Struct, frozen=True):
    total: int = 0


class _Line(msgspec.Struct, frozen=True):
    quantity: _Quantity = _Quantity()


class _Promise(msgspec.Struct, frozen=True):
    destination: _Name | None = None


class _Fulfillment(msgspec.Struct, frozen=True):
    expectations: list[_Promise] = []


class _Glance(msgspec.Struct, frozen=True):
    """What a list shows of an order's document."""

    buyer: _Name = _Name()
    line_items: list[_Line] = []
    fulfillment: _Fulfillment = _Fulfillment()

    @property
    def place(self) -> _Name:
        return next((p.destination for p in self.fulfillment.expectations if p.destination), _Name())


_glance = msgspec.json.Decoder(_Glance).decode


def orders(tx: Tx, query: OrderQuery) -> Page[OrderRow]:
    """Newest change first. Raises BadCursor."""
    where: list[str] = ["1 = 1"]
    values: dict[str, Any] = {}
    if query.states:
        names = _named("state", query.states, values)
        where.append(f"o.state IN ({names})")
    if query.connection:
        where.append("o.connection = :connection")
        values["connection"] = query.connection
    if text := query.text.strip():
        where.append(
            "(lower(o.label) LIKE :text ESCAPE '!' OR lower(o.source_id) LIKE :text ESCAPE '!' OR o.key = :key)"
        )
        values |= {"text": f"%{_escaped(text.lower())}%", "key": text}
    if query.after:
        where.append("(o.changed_at < :at OR (o.changed_at = :at AND o.key < :after))")
        values["at"], values["after"] = _opened(query.after)
    limit = max(1, min(query.limit, LARGEST_PAGE))
    found = tx.all(_ORDERS.format(where=" AND ".join(where), needy=_NEEDY), limit=limit + 1, **values)
    kept = found[:limit]
    progress = _progress(tx, [row["key"] for row in kept])
    page = tuple(_order_row(row, *progress.get(row["key"], (0, 0))) for row in kept)
    more = len(found) > limit
    return Page(page, _cursor(kept[-1]["changed_at"], kept[-1]["key"]) if more else None)


def _progress(tx: Tx, keys: Sequence[str]) -> dict[str, tuple[int, int]]:
    """(behind it, all) of the steps that count, by order."""
    if not keys:
        return {}
    values: dict[str, Any] = {}
    sql = _PROGRESS.format(keys=_named("key", keys, values))
    counted: dict[str, tuple[int, int]] = {}
    for row in tx.all(sql, **values):
        if row["state"] == State.SKIPPED or row["state"] == State.CANCELLED:
            continue
        done, every = counted.get(row["order_key"], (0, 0))
        behind = row["number"] if State(row["state"]) in SATISFIES else 0
        counted[row["order_key"]] = (done + behind, every + row["number"])
    return counted


def _order_row(row: Row, done: int, steps: int) -> OrderRow:
    glance = _glance(row["document"]) if row["document"] else _Glance()
    return OrderRow(
        key=row["key"],
        connection=row["connection"],
        source_id=row["source_id"],
        label=row["label"] or row["source_id"],
        state=row["state"],
        disposition=row["disposition"],
        why=row["why"],
        total=sum_of(row["total"], row["currency"]),
        buyer=_person(glance),
        country=glance.place.address_country,
        units=sum(line.quantity.total for line in glance.line_items),
        placed_at=rows.moment(row["placed_at"]),
        changed_at=rows.surely(row["changed_at"]),
        done=done,
        steps=steps,
        cause=row["cause"],
        awaits=row["awaits"],
    )


def _person(glance: _Glance) -> str | None:
    for who in (glance.buyer, glance.place):
        name = " ".join(part for part in (who.first_name, who.last_name) if part) or who.company
        if name:
            return name
    return None


def steps(tx: Tx, states: Sequence[State], limit: int = LARGEST_PAGE, connection: str | None = None) -> list[StepRow]:
    """Steps in these states over all orders, those of the longest untouched orders first."""
    values: dict[str, Any] = {"limit": limit}
    where = f"s.state IN ({_named('state', [state.value for state in states], values)})"
    if connection is not None:
        where += " AND s.connection = :connection"
        values["connection"] = connection
    found = tx.all(f"{STEPS} WHERE {where} ORDER BY o.changed_at, s.order_key, s.id LIMIT :limit", **values)
    return [step_row(row) for row in found]


def orders_held_for(tx: Tx, connection: str, causes: Sequence[str], limit: int) -> list[str]:
    """Keys of orders with a step held at a connection for one of the causes."""
    values: dict[str, Any] = {"connection": connection, "limit": limit}
    sql = (
        "SELECT DISTINCT order_key FROM steps WHERE state = 'held' AND connection = :connection "
        f"AND cause IN ({_named('cause', causes, values)}) ORDER BY order_key LIMIT :limit"
    )
    return [row["order_key"] for row in tx.all(sql, **values)]


def held_messages(tx: Tx, connection: str | None, cause: str | None) -> list[int]:
    """Ids of all held messages of a connection and cause (None: of any)."""
    found = tx.all("SELECT id, connection, cause FROM messages WHERE state = 'held' ORDER BY id")
    return [row["id"] for row in found if connection in (None, row["connection"]) and cause in (None, row["cause"])]


def step_row(row: Row) -> StepRow:
    stake = sum_of(row["effect_amount"], row["effect_currency"]) or sum_of(row["total"], row["currency"])
    label = row["label"] or row["source_id"]
    changed, expires = rows.surely(row["changed_at"]), rows.moment(row["expires_at"])
    return StepRow(
        row["order_key"], label, rows.step_of([row[name] for name in rows.STEP_COLUMNS]), changed, stake, expires
    )


def messages(
    tx: Tx,
    state: MessageState | None = None,
    connection: str | None = None,
    after: str | None = None,
    limit: int = 50,
    conflicts: bool = False,
) -> Page[MessageRow]:
    """Newest first; `conflicts`: only those with another body that nobody has judged yet. Raises BadCursor."""
    where: list[str] = ["1 = 1"]
    values: dict[str, Any] = {}
    for name, value in (("state", state.value if state else None), ("connection", connection)):
        if value is not None:
            where.append(f"m.{name} = :{name}")
            values[name] = value
    if conflicts:
        where.append("m.id IN (SELECT message FROM conflicts WHERE seen_at IS NULL)")
    if after:
        where.append("m.id < :after")
        values["after"] = _opened(after)[0]
    limit = max(1, min(limit, LARGEST_PAGE))
    found = tx.all(
        f"{_MESSAGES} WHERE {' AND '.join(where)} ORDER BY m.id DESC LIMIT :limit", limit=limit + 1, **values
    )
    kept = found[:limit]
    more = len(found) > limit
    return Page(tuple(map(message_row, kept)), _cursor(kept[-1]["id"], "") if more else None)


def messages_by_id(tx: Tx, ids: Iterable[int]) -> list[MessageRow]:
    wanted = sorted(set(ids))
    values: dict[str, Any] = {}
    if not wanted:
        return []
    sql = f"{_MESSAGES} WHERE m.id IN ({_named('id', wanted, values)}) ORDER BY m.id"
    return [message_row(row) for row in tx.all(sql, **values)]


def message_row(row: Row) -> MessageRow:
    return MessageRow(
        id=row["id"],
        connection=row["connection"],
        topic=row["topic"],
        delivery_id=row["delivery_id"],
        kind=row["kind"],
        mapping=row["mapping"],
        state=row["state"],
        cause=row["cause"],
        detail=rows.from_json(row["detail"]),
        received_at=rows.surely(row["received_at"]),
        tries=row["tries"],
        size=row["size"],
        conflicts=row["conflicts"],
    )


def sum_of(amount: int | None, currency: str | None) -> Sum | None:
    return Sum(amount, currency) if amount is not None and currency else None


def _named(stem: str, items: Sequence[Any], values: dict[str, Any]) -> str:
    """Placeholders for an IN list; the values go into `values`."""
    for number, item in enumerate(items):
        values[f"{stem}_{number}"] = item
    return ", ".join(f":{stem}_{number}" for number in range(len(items)))


def _escaped(text: str) -> str:
    return "".join(f"!{letter}" if letter in "!%_" else letter for letter in text)


def _cursor(at: int, key: str) -> str:
    return base64.urlsafe_b64encode(f"{at} {key}".encode()).decode().rstrip("=")


def _opened(cursor: str) -> tuple[int, str]:
    try:
        at, _, key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        return int(at), key
    except (binascii.Error, ValueError) as error:
        raise BadCursor("this is not a cursor that a list gave") from error
