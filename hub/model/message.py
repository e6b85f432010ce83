"""A message as it was received, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

ASKED = "asked"  # of what was read and not told, among its headers: when the source was asked for it


class MessageState(StrEnum):
    KEPT = "kept"  # durable, not looked at yet
    TRANSLATED = "translated"
    HELD = "held"  # could not be translated: `cause` says why, and mending it releases the message
    IGNORED = "ignored"  # nothing to do with it: `cause` says why


@dataclass(frozen=True)
class Delivery:
    """A verified delivery at the front door, or an object found by a sweep (`topic` "pull").

    `kind` is what the webhook's manifest says of the topic: order, refund, fulfillment, evidence, deleted, privacy,
    ignore, unknown. `body_digest` is taken without the source's declared volatile fields.
    """

    connection: str
    topic: str
    delivery_id: str
    kind: str
    mapping: str | None
    headers: tuple[tuple[str, str], ...]
    body: bytes
    body_digest: str


class Kept(StrEnum):
    """What keeping a delivery did."""

    NEW = "new"
    REPEAT = "repeat"
    CONFLICT = "conflict"  # the same id with another body: kept beside the first, and shown


@dataclass
class StoredMessage:
    id: int
    delivery: Delivery
    received_at: datetime
    state: MessageState
    token: int = 0
    tries: int = 0
    cause: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MessageEnd:
    """What became of a message, written by whoever holds its token. `detail["orders"]` are the keys it touched."""

    id: int
    token: int
    state: str
    cause: str | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class Entity:
    """One fact about one order that a mapping drew from a message.

    kind: order (a whole snapshot), refund (one Adjustment), fulfillment (one FulfillmentEvent), deleted.
    `version` orders facts about one entity: RFC 3339 time or a zero-padded number; "" where the source gives none.
    """

    kind: str
    source_order_id: str
    entity_id: str
    version: str
    document: dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """A provider's word that something happened, to be matched with an effect.

    type: payment.captured, payment.voided, payment.refunded, payment.failed, fulfillment.shipped,
    fulfillment.delivered,
    fulfillment.cancelled, fulfillment.exception, tracking.updated, label.refunded.
    `references` are our own names, `provider_ids` the provider's, either may match. `document` holds what the
    capability's `find` result would (for shipments: shipment id, tracking_number, lines ...). `live` is None where
    the provider does not say whether it is a test.
    """

    type: str
    references: tuple[str, ...]
    provider_ids: tuple[str, ...]
    occurred_at: datetime | None
    document: dict[str, Any]
    live: bool | None = None


@dataclass(frozen=True)
class FieldProblem:
    """Why a payload could not be translated: where in the payload, what is wrong, how to mend it."""

    path: str
    what: str
    mend: str


@dataclass(frozen=True)
class Translation:
    """What a mapping made of a payload: entities or evidence, or else problems."""

    entities: tuple[Entity, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    problems: tuple[FieldProblem, ...] = ()
