"""Nouns to rows and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from hub.model.book import Observation
from hub.model.flow import State
from hub.model.lane import Lane
from hub.model.message import Delivery, MessageState, StoredMessage
from hub.model.step import REPLAYED, Attempt, Effect, Group, Note, Parcel, Run, Step

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode

Values = dict[str, Any]


def micros(when: datetime | None) -> int | None:
    return None if when is None else (when - _EPOCH) // _MICROSECOND


def moment(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + value * _MICROSECOND


def surely(value: int) -> datetime:
    return _EPOCH + value * _MICROSECOND


def to_json(value: Any) -> str:
    return _encode(value).decode()


def from_json(value: str) -> Any:
    return _decode(value)


# A step's and an effect's columns, in the order of the noun's fields: rows of both are bare tuples, because an order's
# book is read and compared at every moment.
STEP_COLUMNS = ("order_key", *(f.name for f in fields(Step)), "due_at", "lane")
EFFECT_COLUMNS = ("order_key", *(f.name for f in fields(Effect)))
_STATES: dict[str, State] = {state.value: state for state in State}
_EMPTY_LIST, _EMPTY_OBJECT = "[]", "{}"
_LEASED_STATES = (State.LEASED, State.INTENT)
_QUEUED_STATES = (State.READY, State.WAITING)


def due_at(step: Step) -> datetime | None:
    """When a worker must look at the step next; None when none must."""
    if step.state in _LEASED_STATES:
        return step.lease_until
    if step.state in _QUEUED_STATES:
        return step.next_at
    if step.state is State.UNKNOWN:
        return step.lease_until or step.next_at
    if step.state is State.AWAITING:
        return step.lease_until or step.deadline_at
    return None


@lru_cache(maxsize=1024)
def _lane(shop: str, connection: str | None, late: bool) -> str:
    return str(Lane(shop, connection or "", late))


def step_row(order: str, step: Step) -> tuple[Any, ...]:
    """By STEP_COLUMNS."""
    return (
        order, step.id, step.run, step.name, step.subject, step.state.value, step.capability, step.awaits,
        step.connection, step.generation, int(step.tail),
        to_json(step.after) if step.after else _EMPTY_LIST, to_json(step.spec) if step.spec else _EMPTY_OBJECT,
        step.cause, to_json(step.detail) if step.detail else _EMPTY_OBJECT,
        step.returns_to.value if step.returns_to else None, step.tries, step.lookups,
        micros(step.next_at), micros(step.lease_until), step.token, micros(step.first_sent), micros(step.last_sent),
        micros(step.deadline_at), int(step.unresolved), to_json(step.result) if step.result else _EMPTY_OBJECT,
        micros(step.began_at), micros(step.ended_at), micros(due_at(step)),
        _lane(order.partition(":")[0], step.connection, REPLAYED in step.spec),
    )  # fmt: skip


def step_of(row: Sequence[Any]) -> Step:
    """From a row by STEP_COLUMNS."""
    (
        _, identity, run, name, subject, state, capability, awaits, connection, generation, tail, after, spec, cause,
        detail, returns_to, tries, lookups, next_at, lease_until, token, first_sent, last_sent, deadline_at,
        unresolved, result, began_at, ended_at, _, _,
    ) = row  # fmt: skip
    return Step(
        identity, run, name, subject, _STATES[state], capability, awaits, connection, generation, bool(tail),
        _decode(after) if after != _EMPTY_LIST else [], _decode(spec) if spec != _EMPTY_OBJECT else {}, cause,
        _decode(detail) if detail != _EMPTY_OBJECT else {}, _STATES[returns_to] if returns_to else None, tries,
        lookups, moment(next_at), moment(lease_until), token, moment(first_sent), moment(last_sent),
        moment(deadline_at), bool(unresolved), _decode(result) if result != _EMPTY_OBJECT else {}, moment(began_at),
        moment(ended_at),
    )  # fmt: skip


def effect_row(order: str, effect: Effect) -> tuple[Any, ...]:
    """By EFFECT_COLUMNS."""
    return (
        order, effect.capability, effect.subject, effect.generation, effect.step, effect.connection, effect.key,
        effect.reference, effect.body, effect.body_digest, effect.declaration, to_json(effect.content),
        micros(effect.intended_at), micros(effect.settled_at), effect.provider_id,
        None if effect.executed is None else int(effect.executed), effect.amount, effect.currency,
    )  # fmt: skip


def effect_of(row: Sequence[Any]) -> Effect:
    """From a row by EFFECT_COLUMNS."""
    (
        _, capability, subject, generation, step, connection, key, reference, body, digest, declaration, content,
        intended_at, settled_at, provider_id, executed, amount, currency,
    ) = row  # fmt: skip
    return Effect(
        capability, subject, generation, step, connection, key, reference, body, digest, declaration, _decode(content),
        surely(intended_at), moment(settled_at), provider_id, None if executed is None else bool(executed), amount,
        currency,
    )  # fmt: skip


def attempt_row(order: str, attempt: Attempt) -> Values:
    return {
        "order_key": order,
        "step": attempt.step,
        "token": attempt.token,
        "trigger": attempt.trigger,
        "started_at": micros(attempt.started_at),
        "ended_at": micros(attempt.ended_at),
        "verdict": attempt.verdict,
        "code": attempt.code,
        "message": attempt.message,
        "transcript": to_json(attempt.transcript),
    }


def attempt_of(row: Mapping[str, Any]) -> Attempt:
    return Attempt(
        step=row["step"],
        token=row["token"],
        trigger=row["trigger"],
        started_at=surely(row["started_at"]),
        ended_at=moment(row["ended_at"]),
        verdict=row["verdict"],
        code=row["code"],
        message=row["message"],
        transcript=from_json(row["transcript"]),
        id=row["id"],
    )


def note_row(order: str, note: Note) -> Values:
    return {
        "order_key": order,
        "at": micros(note.at),
        "actor": note.actor,
        "kind": note.kind,
        "text": note.text,
        "detail": to_json(note.detail),
    }


def note_of(row: Mapping[str, Any]) -> Note:
    return Note(surely(row["at"]), row["actor"], row["kind"], row["text"], from_json(row["detail"]), row["id"])


def groups_of(text: str) -> dict[str, Group]:
    return {item["id"]: Group(**item) for item in from_json(text)}


def parcels_of(text: str) -> dict[str, Parcel]:
    return {item["id"]: Parcel(**_times(item, "shipped_at", "delivered_at")) for item in from_json(text)}


def runs_of(text: str) -> dict[str, Run]:
    return {item["id"]: Run(**_times(item, "began_at", "ended_at")) for item in from_json(text)}


def _times(item: Values, *names: str) -> Values:
    """msgspec writes aware datetimes as RFC 3339; read them back."""
    return item | {name: datetime.fromisoformat(item[name]) if item[name] else None for name in names}


def observation_of(row: Mapping[str, Any]) -> Observation:
    return Observation(
        type=row["type"],
        connection=row["connection"],
        seen_at=surely(row["seen_at"]),
        handles=tuple(from_json(row["handles"])),
        document=from_json(row["document"]),
        message=row["message"],
        id=row["id"],
    )


MESSAGE_COLUMNS = (
    "id", "connection", "topic", "delivery_id", "kind", "mapping", "headers", "body", "body_digest", "received_at",
    "state", "token", "tries", "cause", "detail",
)  # fmt: skip


def message_of(row: Mapping[str, Any]) -> StoredMessage:
    delivery = Delivery(
        connection=row["connection"],
        topic=row["topic"],
        delivery_id=row["delivery_id"],
        kind=row["kind"],
        mapping=row["mapping"],
        headers=tuple((name, value) for name, value in from_json(row["headers"])),
        body=bytes(row["body"]),
        body_digest=row["body_digest"],
    )
    return StoredMessage(
        id=row["id"],
        delivery=delivery,
        received_at=surely(row["received_at"]),
        state=MessageState(row["state"]),
        token=row["token"],
        tries=row["tries"],
        cause=row["cause"],
        detail=from_json(row["detail"]),
    )
