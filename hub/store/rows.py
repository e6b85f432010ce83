"""Nouns to rows and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from hub.model.book import Observation
from hub.model.flow import State
from hub.model.message import Delivery, MessageState, StoredMessage
from hub.model.step import Attempt, Effect, Group, Note, Parcel, Run, Step

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


_STEP_TIMES = ("next_at", "lease_until", "first_sent", "last_sent", "deadline_at", "began_at", "ended_at")
_STEP_DOCUMENTS = ("after", "spec", "detail", "result")
_STEP_FLAGS = ("tail", "unresolved")
STEP_COLUMNS = ("order_key", *(f.name for f in fields(Step)), "due_at")
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


def step_row(order: str, step: Step) -> Values:
    row: Values = {f: getattr(step, f) for f in STEP_COLUMNS[1:-1]}
    for name in _STEP_TIMES:
        row[name] = micros(row[name])
    for name in _STEP_DOCUMENTS:
        row[name] = to_json(row[name])
    for name in _STEP_FLAGS:
        row[name] = int(row[name])
    row["state"] = step.state.value
    row["returns_to"] = step.returns_to.value if step.returns_to else None
    row["order_key"] = order
    row["due_at"] = micros(due_at(step))
    return row


def step_of(row: Mapping[str, Any]) -> Step:
    values: Values = {f: row[f] for f in STEP_COLUMNS[1:-1]}
    for name in _STEP_TIMES:
        values[name] = moment(values[name])
    for name in _STEP_DOCUMENTS:
        values[name] = from_json(values[name])
    for name in _STEP_FLAGS:
        values[name] = bool(values[name])
    values["state"] = State(values["state"])
    values["returns_to"] = State(values["returns_to"]) if values["returns_to"] else None
    return Step(**values)


EFFECT_COLUMNS = ("order_key", *(f.name for f in fields(Effect)))


def effect_row(order: str, effect: Effect) -> Values:
    row: Values = {f: getattr(effect, f) for f in EFFECT_COLUMNS[1:]}
    row["intended_at"], row["settled_at"] = micros(effect.intended_at), micros(effect.settled_at)
    row["content"] = to_json(effect.content)
    row["executed"] = None if effect.executed is None else int(effect.executed)
    row["order_key"] = order
    return row


def effect_of(row: Mapping[str, Any]) -> Effect:
    values: Values = {f: row[f] for f in EFFECT_COLUMNS[1:]}
    values["intended_at"], values["settled_at"] = surely(row["intended_at"]), moment(row["settled_at"])
    values["content"] = from_json(row["content"])
    values["executed"] = None if row["executed"] is None else bool(row["executed"])
    return Effect(**values)


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
