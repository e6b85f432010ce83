"""Who was told what, and when: the shipped store with a listener beside it, which writes into the tape.

A message, an intent or a result is *acknowledged* when the call of the store that made it durable has returned to its
caller. From that place in the tape on, no power cut may lose it. A request that left for a provider counts as a promise
too: its intent must be on the disk, whatever the store's own calls said.

Beside the promises stands the whole truth: after every moment, and in its transaction, all tables are read and hashed.
An image is right only if it holds exactly the state after one of the moments, and none before the last acknowledged:
that excludes half a moment, and whatever nobody thought of promising.
"""

from __future__ import annotations

import marshal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

from hub.model.book import Book
from hub.model.message import Delivery, Kept
from hub.store import rows
from hub.store.moments import SqlStore
from hub.store.schema import metadata
from hub.store.tx import AtOnce, Tx, Writer
from tests.power.tape import Tape

T = TypeVar("T")
Name = tuple[str, str, str, int]  # order, capability, subject, generation
Version = tuple[Any, ...]  # an effect's row


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """`keep` returned."""

    delivery: Delivery
    kept: Kept


@dataclass(frozen=True, slots=True)
class Recorded:
    """A moment's call returned: the state that it left has this number, and each effect of its order this version."""

    state: int
    effects: dict[Name, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Left:
    """A request left, with this key and these bytes."""

    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Executed:
    """A provider did it: `entry` of its ledger."""

    capability: str
    entry: dict[str, Any]


class History:
    """Every state the database was in after a moment, and every version of every effect, in their order."""

    def __init__(self, start: bytes, effects: dict[Name, Version]) -> None:
        self.states = [start]
        self.whole = {0}  # the states that a moment left; between two halves of a split one there are others
        self.effects = {name: [version] for name, version in effects.items()}
        self._lock = threading.Lock()

    def add(self, state: bytes) -> int:
        with self._lock:
            self.states.append(state)
            return len(self.states) - 1

    def decide(self, name: Name, version: Version) -> int:
        with self._lock:
            versions = self.effects.setdefault(name, [])
            if not versions or versions[-1] != version:
                versions.append(version)
            return len(versions) - 1

    def last_of(self) -> dict[bytes, int]:
        """Each whole state's last number."""
        return {self.states[number]: number for number in sorted(self.whole)}


# A body is judged by itself; here its digest stands for it.
_BODIES = {("messages", "body"), ("conflicts", "body")}
_TABLES = [
    f"SELECT {', '.join(chr(34) + c.name + chr(34) for c in table.columns if (table.name, c.name) not in _BODIES)} "
    f"FROM {table.name} ORDER BY {', '.join(chr(34) + c.name + chr(34) for c in table.primary_key)}"
    for table in metadata.sorted_tables
]
_CAPABILITY, _SUBJECT, _GENERATION = map(rows.EFFECT_COLUMNS.index, ("capability", "subject", "generation"))
_EFFECTS = f"SELECT {', '.join(rows.EFFECT_COLUMNS)} FROM effects"


def state_of(tx: Tx) -> bytes:
    """A hash over every row of every table."""
    found = blake2b(digest_size=16)
    for sql in _TABLES:
        found.update(marshal.dumps(tx.tuples(sql), 2))  # 2: by value, not by identity
    return found.digest()


def effects_of(tx: Tx) -> dict[Name, Version]:
    found: list[Version] = tx.tuples(_EFFECTS)
    return {(row[0], row[_CAPABILITY], row[_SUBJECT], row[_GENERATION]): row for row in found}


class Listener(AtOnce):
    """Stands before the writer. What several runs of one call did is one moment (see `Witness.change`)."""

    def __init__(self, inner: Writer, history: History, mine: threading.local | None = None) -> None:
        self._inner, self._history = inner, history
        self.mine = mine or threading.local()  # `state`: the number of the last state that this thread's moments left

    def run(self, moment: Callable[[Tx], T], of: str = "") -> T:
        numbers: list[int] = []

        def observed(tx: Tx) -> T:
            answer = moment(tx)
            numbers.append(self._history.add(state_of(tx)))
            return answer

        answer = self._inner.run(observed)
        self.mine.state = numbers[-1]
        return answer

    def close(self) -> None:
        self._inner.close()


class Witness:
    """The store as everybody calls it. Whatever it is asked goes to `store`; what was answered goes into the tape."""

    def __init__(self, store: SqlStore, tape: Tape, history: History) -> None:
        self._store, self._tape, self._history = store, tape, history
        self._listener = store.writer = Listener(store.writer, history)
        if store._ingest is not None:
            store._ingest = Listener(store._ingest, history, self._listener.mine)

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._store, name)
        if not callable(asked):
            return asked
        return lambda *args, **kwargs: self._told(lambda: asked(*args, **kwargs))

    def keep(self, delivery: Delivery, now: datetime) -> Kept:
        kept = self._told(lambda: self._store.keep(delivery, now))
        self._tape.say(Acknowledged(delivery, kept))
        return kept

    def change(self, order: str, decide: Callable[[Book], T], now: datetime) -> T:
        versions: dict[Name, int] = {}

        def decided(book: Book) -> T:
            answer = decide(book)
            for effect in book.effects.values():
                row = rows.effect_row(order, effect)
                name = (order, effect.capability, effect.subject, effect.generation)
                versions[name] = self._history.decide(name, row)
            return answer

        return self._told(lambda: self._store.change(order, decided, now), versions)

    def _told(self, call: Callable[[], T], effects: dict[Name, int] | None = None) -> T:
        self._listener.mine.state = None
        answer = call()
        state = self._listener.mine.state
        if state is not None:  # it was no mere reading
            self._history.whole.add(state)
            self._tape.say(Recorded(state, effects or {}))
        return answer
