"""Read models as plain JSON values: what the API answers and what the commands print with `--json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

from hub.model.capability import doing
from hub.model.cause import in_words
from hub.model.detail import said
from hub.model.step import Step
from hub.model.view import Dossier, Entry

_STEP = (
    "id", "run", "name", "subject", "state", "capability", "awaits", "connection", "generation", "tail", "after",
    "cause", "detail", "tries", "next_at", "deadline_at", "first_sent", "last_sent", "unresolved", "result", "began_at",
    "ended_at",
)  # fmt: skip
_EFFECT = (
    "capability", "subject", "generation", "step", "connection", "key", "reference", "intended_at", "settled_at",
    "provider_id", "executed", "amount", "currency",
)  # fmt: skip


def plain(value: Any) -> Any:
    """Dataclasses as objects, times as RFC 3339 in UTC, enums as their values; of bytes only how many there are."""
    if value is None or isinstance(value, bool | int | float) or type(value) is str:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=False)
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return [plain(item) for item in value]
    return str(value)


def _chosen(value: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: plain(getattr(value, name)) for name in names}


def _step(step: Step) -> dict[str, Any]:
    """`words`: why it stands where it stands; `said`: what is said of this very step, such as the provider's answer."""
    what = doing(step.capability)
    words = in_words(step.cause, connection=step.connection, what=what) if step.cause else None
    return {**_chosen(step, _STEP), "words": words, "said": said(step.detail)}


def dossier_document(found: Dossier, entries: Sequence[Entry]) -> dict[str, Any]:
    """One order with its steps, effects, attempts, parcels and timeline. Requests' bodies are not in it."""
    book = found.book
    return {
        "key": book.key,
        "connection": book.connection,
        "source_id": book.source_id,
        "label": found.label,
        "state": found.state,
        "disposition": book.disposition,
        "why": book.why,
        "approved": book.approved,
        "adopted": book.adopted,
        "version": book.version,
        "created_at": plain(found.created_at),
        "changed_at": plain(found.changed_at),
        "read_at": plain(book.read_at),
        "order": plain(book.order),
        "runs": plain(list(book.runs.values())),
        "groups": plain(list(book.groups.values())),
        "parcels": plain(list(book.parcels.values())),
        "steps": [_step(step) for step in book.steps.values()],
        "effects": [_chosen(effect, _EFFECT) for effect in book.effects.values()],
        "attempts": plain(found.attempts),
        "messages": plain(found.messages),
        "timeline": plain(entries),
    }
