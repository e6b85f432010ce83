"""What is over and old goes into files, a little at a time, and out of the books: as `keep` in hub.yaml says.

Each batch is a file of `data/archive`, gzip of JSON lines, one for each order or message. It is on disk, whole, before
anything leaves the books; what was interrupted in between is filed twice and never lost: of a key the last line counts.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub.assembly.config import KeepPart
from hub.store import archive
from hub.store.moments import SqlStore
from hub.store.sqlite import sync

CHORE = "archive"
FORMAT = 1
_ORDERS_AT_ONCE, _MESSAGES_AT_ONCE = 50, 200
_PAUSE = timedelta(seconds=2)  # between two batches: the hub has other work
_AGAIN = timedelta(hours=6)
Document = dict[str, Any]


@dataclass(frozen=True)
class Archived:
    """How many left; `more`: there may be others. `last` is the number of the last message that was looked at."""

    orders: int = 0
    messages: int = 0
    more: bool = False
    last: int = 0


def archive_some(store: SqlStore, keep: KeepPart, folder: Path, now: datetime, after: int = 0) -> Archived:
    """One batch of orders and of messages above number `after`. Raises OSError where the files cannot be written, and
    NotDurable; then the books are as they were."""
    orders: Sequence[Document] = ()
    messages: Sequence[Document] = ()
    if keep.orders_days is not None:
        orders = archive.old_orders(store, now - timedelta(days=keep.orders_days), _ORDERS_AT_ONCE)
    if keep.messages_days is not None:
        before = now - timedelta(days=keep.messages_days)
        messages = archive.old_messages(store, before, after, _MESSAGES_AT_ONCE)
    _file(folder, "orders", orders, now)
    _file(folder, "messages", messages, now)
    gone = archive.leave_stones(store, archive.Old(tuple(orders), tuple(messages))) if orders or messages else (0, 0)
    full = len(orders) == _ORDERS_AT_ONCE or len(messages) == _MESSAGES_AT_ONCE
    return Archived(*gone, more=full, last=messages[-1]["id"] if messages else after)


def old(store: SqlStore, keep: KeepPart, now: datetime) -> Archived:
    """How many are old enough to leave."""
    ages = (keep.orders_days, keep.messages_days)
    orders, messages = (None if days is None else now - timedelta(days=days) for days in ages)
    return Archived(*archive.count_old(store, orders, messages))


def plan(store: SqlStore, keep: KeepPart, now: datetime) -> None:
    """From the start of a hub on, where anything is to be let go."""
    if keep != KeepPart():
        store.plan_chore(CHORE, "books", now)


def turn(
    store: SqlStore, keep: KeepPart, folder: Path, memory: Document, now: datetime
) -> tuple[datetime | None, Document]:
    """The chore: one batch, and when the next is due. What it passes over is looked at anew with every round."""
    if keep.orders_days is None and keep.messages_days is None:
        return None, {}
    done = archive_some(store, keep, folder, now, int(memory.get("after", 0)))
    if done.more:
        return now + _PAUSE, {"after": done.last}
    return now + _AGAIN, {"last": now.isoformat()}


def found_in(folder: Path, key: str) -> Document | None:
    """The order of this key, as it was filed last."""
    latest = None
    for path in sorted(folder.glob("orders-*.jsonl.gz")):
        for document in _lines(path):
            if document["key"] == key:
                latest = document
    return latest


def _lines(path: Path) -> Iterator[Document]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _file(folder: Path, kind: str, documents: Sequence[Document], now: datetime) -> None:
    if not documents:
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{kind}-{now:%Y%m%dT%H%M%S%fZ}.jsonl.gz"
    draft = path.with_suffix(".draft")
    text = "".join(json.dumps(_line(kind, one, now), ensure_ascii=False) + "\n" for one in documents)
    with open(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(gzip.compress(text.encode()))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    sync(folder)


def _line(kind: str, document: Document, now: datetime) -> Document:
    key = document["orders"][0]["key"] if kind == "orders" else str(document["id"])
    return {
        "format": FORMAT,
        "kind": kind.removesuffix("s"),
        "key": key,
        "archived_at": now.isoformat(),
        "rows": document if kind == "orders" else {"messages": [document]},
    }


def schema() -> Document:
    """The JSON Schema of one line of an archive."""
    cell = {"type": ["string", "integer", "null", "object"], "description": "bytes stand as {base64: ...}"}
    table = {"type": "array", "items": {"type": "object", "additionalProperties": cell}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archive",
        "description": "One line of data/archive/*.jsonl.gz: all that the books held of one order, or one message.",
        "type": "object",
        "required": ["format", "kind", "key", "archived_at", "rows"],
        "additionalProperties": False,
        "properties": {
            "format": {"const": FORMAT},
            "kind": {"enum": ["order", "message"]},
            "key": {"type": "string", "description": "connection:source id of an order, or the number of a message"},
            "archived_at": {"type": "string", "format": "date-time"},
            "rows": {"type": "object", "description": "table -> its rows", "additionalProperties": table},
        },
    }
