"""The judge of one image: it is opened as a hub opens it, and must hold everything that was promised before the cut."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from hub.model.message import Delivery
from hub.store.rows import EFFECT_COLUMNS
from hub.store.tx import Row, SqliteTx
from tests.power.known import Known
from tests.power.life import DATABASE, SHIPPED, Habits
from tests.power.witness import History, Name, Version, effects_of, state_of
from tests.unit.flow.papers import START

_KEY, _BODY, _SETTLED = (EFFECT_COLUMNS.index(name) for name in ("key", "body", "settled_at"))
_LATER = START + timedelta(days=30)
_AFTER = Delivery("shop", "orders", "after the cut", "ignore", None, (), b"the hub goes on", "after")


@dataclass(frozen=True)
class Broken:
    """kind: unopenable, corrupt, lost message, lost intent, lost result, called without intent, regressed, half moment,
    unforeseen, stuck.
    """

    kind: str
    what: str


@dataclass
class Finding:
    """`state` and `effects` are what was found, for the life that begins with it."""

    broken: list[Broken] = field(default_factory=list)
    state: bytes | None = None
    effects: dict[Name, Version] = field(default_factory=dict)


class Judge:
    """Of the images of one life."""

    def __init__(self, history: History, habits: Habits) -> None:
        self._history, self._habits = history, habits
        self._numbers = history.last_of()

    def examine(self, folder: Path, files: dict[str, bytes], known: Known) -> Finding:
        """`folder` is overwritten with the image, and the hub works in it a little."""
        _lay(folder, files)
        path, finding = folder / DATABASE, Finding()
        try:
            self._habits.migrate(path)
            finding.broken += self._read(path, known, finding)
        except Exception as error:
            finding.broken.append(Broken("unopenable", f"{type(error).__name__}: {str(error).splitlines()[0]}"))
            return finding
        try:
            self._go_on(path)
        except Exception as error:
            finding.broken.append(Broken("stuck", f"{type(error).__name__}: {error}"))
        return finding

    def _read(self, path: Path, known: Known, finding: Finding) -> list[Broken]:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            broken = [
                Broken("corrupt", row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"
            ]
            broken += [Broken("corrupt", str(tuple(row))) for row in connection.execute("PRAGMA foreign_key_check")]
            tx = SqliteTx(connection)
            finding.effects = effects_of(tx)
            broken += _messages(tx.all(_MESSAGES), known)
            broken += self._effects(finding.effects, known)
            broken += _orphans(tx.all(_WITHOUT_EFFECT))
            finding.state = state_of(tx)
            broken += self._state(finding.state, known)
            return broken
        finally:
            connection.close()

    def _effects(self, found: dict[Name, Version], known: Known) -> Iterator[Broken]:
        for name, floor in known.effects.items():
            versions, row = self._history.effects[name], found.get(name)
            if row is not None and row in versions[floor:]:
                continue
            said = f"{name[1]} {name[2]} of {name[0]}"
            settled = versions[floor][_SETTLED] is not None
            if row is None:
                yield Broken("lost intent", said)
            elif settled and row[_SETTLED] is None:
                yield Broken("lost result", said)
            else:
                yield Broken("regressed", f"{said}: {row}")
        keys = {row[_KEY]: row[_BODY] for row in found.values()}
        for key, body in known.left.items():
            if keys.get(key) != body:
                yield Broken("called without intent", f"the request with key {key}")

    def _state(self, state: bytes, known: Known) -> Iterator[Broken]:
        number = self._numbers.get(state)
        if number is None:
            known_half = state in self._history.states
            yield Broken("half moment" if known_half else "unforeseen", "the tables are as after no whole moment")
        elif number < known.state:
            yield Broken("regressed", f"the tables are as after moment {number}, and {known.state} was acknowledged")

    def _go_on(self, path: Path) -> None:
        """A hub opens it, ends the leases of before, and keeps, claims and settles a message."""
        store = SHIPPED.open(path)
        try:
            store.expire_leases(_LATER)
            store.keep(_AFTER, _LATER)
            for message in store.claim_messages(1000, _LATER):
                if message.delivery.delivery_id == _AFTER.delivery_id:
                    store.settle_message(message.id, message.token, "ignored", "ignore", {}, _LATER)
            row = store.readers.tx().one(
                "SELECT body, state FROM messages WHERE delivery_id = :id", id=_AFTER.delivery_id
            )
            if row is None or (row["body"], row["state"]) != (_AFTER.body, "ignored"):
                raise AssertionError("what it keeps now is not there")
        finally:
            store.close()


def _lay(folder: Path, files: dict[str, bytes]) -> None:
    """Files that are there already are written over: making new ones would cost half of an image's time."""
    for old in folder.iterdir():
        if old.name not in files:
            old.unlink()
    for name, data in files.items():
        fd = os.open(folder / name, os.O_RDWR | os.O_CREAT)
        with open(fd, "r+b", buffering=0) as file:
            file.write(data)
            file.truncate()


_MESSAGES = """
SELECT delivery_id, body_digest, body FROM messages
UNION ALL SELECT m.delivery_id, c.body_digest, c.body FROM conflicts c JOIN messages m ON m.id = c.message
"""
_WITHOUT_EFFECT = """
SELECT s.order_key, s.id, s.state FROM steps s WHERE s.state IN ('intent', 'unknown') AND NOT EXISTS (
  SELECT 1 FROM effects e WHERE e.order_key = s.order_key AND e.capability = s.capability
  AND e.subject = s.subject AND e.generation = s.generation AND e.step = s.id)
"""


def _messages(found: list[Row], known: Known) -> Iterator[Broken]:
    bodies = {(row["delivery_id"], row["body_digest"]): row["body"] for row in found}
    for name, delivery in known.messages.items():
        if bodies.get(name) != delivery.body:
            yield Broken("lost message", f"{name[0]}, {len(delivery.body)} bytes")


def _orphans(found: list[Row]) -> Iterator[Broken]:
    for row in found:
        yield Broken("half moment", f"{row['id']} of {row['order_key']} is at {row['state']} and has no effect")
