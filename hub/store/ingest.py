"""Keeping deliveries: one, or all that waited for the same commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from hub.model.lane import Lane
from hub.model.message import Delivery, Kept, MessageState
from hub.store import books, rows
from hub.store.saving import insert_rows
from hub.store.tx import Tx

_COLUMNS = (
    "connection", "topic", "delivery_id", "kind", "mapping", "headers", "body", "body_digest", "received_at", "state",
    "due_at", "lane",
)  # fmt: skip
_ONCE = " ON CONFLICT (connection, topic, delivery_id) DO NOTHING RETURNING connection, topic, delivery_id"
_CONFLICT = (
    books.insert("conflicts", ["message", "headers", "body", "body_digest", "received_at"]) + " ON CONFLICT DO NOTHING"
)
_MOST = 32  # in one statement


def keep(tx: Tx, delivery: Delivery, now: datetime) -> Kept:
    """A delivery that is there already is told from another under the same id, which is kept beside it."""
    return keep_all(tx, [(delivery, now)])[0]


def keep_all(tx: Tx, deliveries: Sequence[tuple[Delivery, datetime]]) -> list[Kept]:
    """Each in turn, with few statements: a thread gives others the interpreter at every one, and must get it back."""
    told: list[Kept] = []
    for begin in range(0, len(deliveries), _MOST):
        told += _together(tx, deliveries[begin : begin + _MOST])
    return told


def _together(tx: Tx, deliveries: Sequence[tuple[Delivery, datetime]]) -> list[Kept]:
    values = [value for delivery, now in deliveries for value in _values(delivery, now)]
    new = set(tx.put_returning(_insert(len(deliveries)), values))
    if len(new) == len(deliveries):
        return [Kept.NEW] * len(deliveries)
    told: list[Kept] = []
    for delivery, now in deliveries:
        identity = (delivery.connection, delivery.topic, delivery.delivery_id)
        told.append(Kept.NEW if identity in new else _known(tx, delivery, now))
        new.discard(identity)  # the next under it is a repeat
    return told


def _known(tx: Tx, delivery: Delivery, now: datetime) -> Kept:
    """Of a delivery whose id was there before."""
    first = tx.one(
        "SELECT id, body_digest FROM messages "
        "WHERE connection = :connection AND topic = :topic AND delivery_id = :delivery_id",
        connection=delivery.connection,
        topic=delivery.topic,
        delivery_id=delivery.delivery_id,
    )
    if first is None or first["body_digest"] == delivery.body_digest:
        return Kept.REPEAT
    tx.run(
        _CONFLICT,
        message=first["id"],
        headers=rows.to_json(delivery.headers),
        body=delivery.body,
        body_digest=delivery.body_digest,
        received_at=rows.micros(now),
    )
    return Kept.CONFLICT


@cache
def _insert(count: int) -> str:
    return insert_rows("messages", _COLUMNS, count) + _ONCE


def _values(delivery: Delivery, now: datetime) -> tuple[Any, ...]:
    """By _COLUMNS."""
    stamp = rows.micros(now)
    return (
        delivery.connection, delivery.topic, delivery.delivery_id, delivery.kind, delivery.mapping,
        rows.to_json(delivery.headers), delivery.body, delivery.body_digest, stamp, MessageState.KEPT.value, stamp,
        str(Lane(delivery.connection)),
    )  # fmt: skip
