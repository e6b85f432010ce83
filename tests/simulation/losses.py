"""A database that is lost now and then, in the ways that only a server has; and one that breaks a transaction off."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from hub.store.tx import AtOnce, Row, Tx, Writer
from tests import losing

T = TypeVar("T")

_LOSSES = ("undone", "unanswered", "terminated")
_BROKEN_OFF = ("40001", "40P01")  # could not serialize, and a deadlock: the server says so, and rolls back
_MOST_STATEMENTS = 12


class LosingWriter(AtOnce):
    """`lost`, `retried`: whether it befalls this moment. What is lost may be there all the same, or not; what was
    broken off is done again by the hub itself.
    """

    def __init__(
        self, inner: Writer, lost: Callable[[], bool], retried: Callable[[], bool], rng: random.Random
    ) -> None:
        self._inner, self._lost, self._retried, self._rng = inner, lost, retried, rng

    def run(self, moment: Callable[[Tx], T], of: str = "") -> T:
        how = self._rng.choice(_LOSSES) if self._lost() else ""
        broken_off = [self._rng.choice(_BROKEN_OFF)] if self._retried() else []
        if not how and not broken_off:
            return self._inner.run(moment)
        after = self._rng.randint(1, _MOST_STATEMENTS)

        def act(tx: Tx) -> T:
            if broken_off:
                return _until(tx, after, moment, lambda: _break_off(tx, broken_off.pop()))
            if how == "terminated":
                return _until(tx, after, moment, lambda: losing.terminate(losing.connection_of(tx)))
            answer = moment(tx)
            if how:
                losing.lose(tx, how)
            return answer

        return self._inner.run(act)

    def close(self) -> None:
        self._inner.close()


def _break_off(tx: Tx, state: str) -> None:
    losing.connection_of(tx).execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$".encode())


def _until(tx: Tx, after: int, moment: Callable[[Tx], T], then: Callable[[], None]) -> T:
    """The moment, in which something happens before that statement, or at its end where it has fewer."""
    counted = _Counted(tx, after, then)
    answer = moment(counted)
    counted.end()
    return answer


class _Counted:
    """The same transaction; before its n-th statement something happens."""

    def __init__(self, tx: Tx, left: int, then: Callable[[], None]) -> None:
        self._tx, self._left, self._then = tx, left, then
        self.locking, self.skipping, self.kept = tx.locking, tx.skipping, tx.kept

    def _count(self) -> Tx:
        self._left -= 1
        if self._left == 0:
            self._then()
        return self._tx

    def end(self) -> None:
        if self._left > 0:
            self._then()
            self._tx.one("SELECT 1 AS there")

    def all(self, sql: str, **parameters: Any) -> list[Row]:
        return self._count().all(sql, **parameters)

    def one(self, sql: str, **parameters: Any) -> Row | None:
        return self._count().one(sql, **parameters)

    def tuples(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._count().tuples(sql, **parameters)

    def changed_beside(self, *orders: str) -> None:
        self._tx.changed_beside(*orders)

    def several(self, *asked: tuple[str, Mapping[str, Any]]) -> list[list[tuple[Any, ...]]]:
        return self._count().several(*asked)

    def together(self) -> AbstractContextManager[object]:
        return self._tx.together()

    def run(self, sql: str, **parameters: Any) -> int:
        return self._count().run(sql, **parameters)

    def put(self, sql: str, values: Sequence[Any]) -> None:
        self._count().put(sql, values)

    def put_returning(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._count().put_returning(sql, values)

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        self._count().many(sql, rows)

    def alone(self, *names: str) -> None:
        self._count().alone(*names)
