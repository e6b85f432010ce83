"""Everything about one order, and everything about one message."""

from __future__ import annotations

from hub.model.message import StoredMessage
from hub.model.view import Body, Decision, Dossier, MessageView, Version
from hub.store import books, listing, rows
from hub.store.tx import Row, Tx

_LATEST_ATTEMPTS = 1000  # of one order: a ceiling on everything


def dossier(tx: Tx, key: str) -> Dossier | None:
    """None where the hub has no such order."""
    row = tx.one("SELECT label, source_id, state, created_at, changed_at FROM orders WHERE key = :key", key=key)
    if row is None:
        return None
    book, _ = books.load(tx, key, lock=False)
    notes = tuple(map(rows.note_of, tx.all("SELECT * FROM notes WHERE order_key = :key ORDER BY at, id", key=key)))
    versions = tuple(map(_version_of, tx.all(_VERSIONS, key=key)))
    seen = tuple(
        map(rows.observation_of, tx.all("SELECT * FROM observations WHERE order_key = :key ORDER BY id", key=key))
    )
    touched = [row["message"] for row in tx.all("SELECT message FROM touches WHERE order_key = :key", key=key)]
    touched += [observation.message for observation in seen if observation.message is not None]
    return Dossier(
        book=book,
        label=row["label"] or row["source_id"],
        state=row["state"],
        created_at=rows.surely(row["created_at"]),
        changed_at=rows.surely(row["changed_at"]),
        attempts=tuple(map(rows.attempt_of, tx.all(_ATTEMPTS, key=key, limit=_LATEST_ATTEMPTS)))[::-1],
        notes=notes,
        versions=versions,
        messages=tuple(listing.messages_by_id(tx, touched)),
        observations=seen,
        decisions=tuple(map(_decision_of, tx.all("SELECT * FROM audit WHERE subject = :key ORDER BY id", key=key))),
    )


_ATTEMPTS = "SELECT * FROM attempts WHERE order_key = :key ORDER BY id DESC LIMIT :limit"
_VERSIONS = "SELECT version, document, message, stored_at FROM order_versions WHERE order_key = :key ORDER BY version"


def _version_of(row: Row) -> Version:
    return Version(row["version"], rows.surely(row["stored_at"]), rows.from_json(row["document"]), row["message"])


def _decision_of(row: Row) -> Decision:
    return Decision(rows.surely(row["at"]), row["actor"], row["action"], row["subject"], rows.from_json(row["detail"]))


def message(tx: Tx, number: int) -> MessageView | None:
    """None where the hub has no such message."""
    row = tx.one("SELECT * FROM messages WHERE id = :id", id=number)
    if row is None:
        return None
    stored = rows.message_of(row)
    others = tx.all("SELECT * FROM conflicts WHERE message = :id ORDER BY id", id=number)
    touched = tx.all(
        "SELECT order_key FROM touches WHERE message = :id ORDER BY order_key",
        id=number,
    )
    return MessageView(
        row=listing.messages_by_id(tx, [number])[0],
        received=_received(stored),
        others=tuple(map(_other, others)),
        orders=tuple(found["order_key"] for found in touched),
        namesakes=tuple(_namesakes(tx, stored)),
    )


def _namesakes(tx: Tx, stored: StoredMessage) -> list[int]:
    """Where a source's ids are not unique, the front door appends 32 digits of the body's digest to them."""
    delivery = stored.delivery
    named, _, digest = delivery.delivery_id.rpartition(":")
    if not named or delivery.topic == "pull" or digest != delivery.body_digest[:32]:
        return []
    sql = (
        "SELECT id FROM messages WHERE connection = :connection AND topic = :topic AND delivery_id > :low "
        "AND delivery_id < :high AND id <> :id ORDER BY id LIMIT 20"
    )
    low, high = f"{named}:", f"{named};"  # `;` is the letter after `:`
    found = tx.all(sql, connection=delivery.connection, topic=delivery.topic, low=low, high=high, id=stored.id)
    return [row["id"] for row in found]


def _received(stored: StoredMessage) -> Body:
    delivery = stored.delivery
    return Body(delivery.headers, delivery.body, delivery.body_digest, stored.received_at)


def _other(row: Row) -> Body:
    headers = tuple((name, value) for name, value in rows.from_json(row["headers"]))
    return Body(headers, bytes(row["body"]), row["body_digest"], rows.surely(row["received_at"]))
