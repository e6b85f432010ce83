"""The record of decisions: a chain of hashes, appended to in the transaction of what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.model.effect import digest_of
from hub.store import rows
from hub.store.tx import Tx

_APPEND = (
    "INSERT INTO audit (at, actor, action, subject, detail, previous, hash) "
    "VALUES (:at, :actor, :action, :subject, :detail, :previous, :hash)"
)


def append_audit(tx: Tx, actor: str, action: str, subject: str, detail: Mapping[str, Any], now: datetime) -> None:
    tx.alone("audit")
    last = tx.one("SELECT hash FROM audit ORDER BY id DESC LIMIT 1")
    previous = last["hash"] if last else ""
    document = rows.to_json(dict(detail))
    digest = digest_of("\0".join((previous, str(rows.micros(now)), actor, action, subject, document)).encode())
    tx.run(
        _APPEND,
        at=rows.micros(now),
        actor=actor,
        action=action,
        subject=subject,
        detail=document,
        previous=previous,
        hash=digest,
    )
