"""One transaction's face: portable SQL with `:name` parameters over the raw driver.

The moments are the hub's hot path: a statement costs about 5 microseconds here and 40 to 110 through SQLAlchemy, whose
schema and migrations we keep. The SQL is the common subset of SQLite and PostgreSQL, and the tests of the store and of
the flow run it on both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from hub.store.kept import Kept

T = TypeVar("T")
Row = Mapping[str, Any]


class Tx(Protocol):
    @property
    def kept(self) -> Kept | None:
        """The books that this writer changed last, where it alone changes them."""
        ...

    def all(self, sql: str, **parameters: Any) -> list[Row]: ...

    def one(self, sql: str, **parameters: Any) -> Row | None: ...

    def tuples(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """The same as `all` with bare values, in the order in which the statement names the columns."""
        ...

    def run(self, sql: str, **parameters: Any) -> int:
        """Rows affected."""
        ...

    def put(self, sql: str, values: Sequence[Any]) -> None:
        """A statement whose parameters are `?`, in this order: for many columns or rows."""
        ...

    def put_returning(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The same with what the statement returns."""
        ...

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None: ...

    def changed_beside(self, *orders: str) -> None:
        """Rows of these orders, or of any and of connections where none is named, are changed beside what is kept."""
        ...

    def several(self, *asked: tuple[str, Mapping[str, Any]]) -> list[list[tuple[Any, ...]]]:
        """The `tuples` of several statements, which are sent together."""
        ...

    def together(self) -> AbstractContextManager[object]:
        """Statements inside do not wait for each other's answers: `run` does not say how many rows it was."""
        ...

    @property
    def locking(self) -> str:
        """What a SELECT that must keep its row to the end of the transaction appends."""
        ...

    @property
    def skipping(self) -> str:
        """What a SELECT that must pass over rows others hold appends."""
        ...

    def alone(self, *names: str) -> None:
        """Until the transaction ends, no other is past this call with one of the names: for what no row stands for
        yet.
        """
        ...


class Writer(Protocol):
    """Runs a function in a durable transaction and returns what it returned, once it is on disk.

    Raises NotDurable where nobody can tell that it is. The function may be run again, where the database broke off a
    transaction that stood in another's way, or another moment in it failed.
    """

    def run(self, moment: Callable[[Tx], T], of: str = "") -> T:
        """`of`: the shop whose moment it is. Where moments wait for each other, each shop's has its turn."""
        ...

    def begin(self, moment: Callable[[Tx], T], of: str = "") -> Future[T]:
        """The same, for whoever need not wait for it here."""
        ...

    def close(self) -> object: ...


class AtOnce:
    """`begin` for a writer without a thread of its own."""

    def begin(self: Writer, moment: Callable[[Tx], T], of: str = "") -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(self.run(moment, of))
        except Exception as error:
            future.set_exception(error)
        return future


class Readers(Protocol):
    """Committed data, read without a transaction; usable by many threads."""

    closed: bool

    def tx(self) -> Tx: ...

    def close(self) -> None: ...


class SqliteTx:
    """Over a connection whose writer holds the one write lock: nothing to lock, nothing to skip."""

    locking = ""
    skipping = ""
    kept: Kept | None

    def alone(self, *names: str) -> None:
        """The one writer is alone anyway."""

    def __init__(self, connection: sqlite3.Connection, kept: Kept | None = None) -> None:
        self._connection, self.kept = connection, kept

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def all(self, sql: str, **parameters: Any) -> list[Row]:
        cursor = self._connection.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        # Plain mappings: sqlite3.Row looks a name up by comparing it with every column's.
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def one(self, sql: str, **parameters: Any) -> Row | None:
        cursor = self._connection.execute(sql, parameters)
        row = cursor.fetchone()
        if row is None:
            return None
        return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}

    def tuples(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, parameters).fetchall()

    def changed_beside(self, *orders: str) -> None:
        if self.kept is not None:
            self.kept.drop(*orders)

    def several(self, *asked: tuple[str, Mapping[str, Any]]) -> list[list[tuple[Any, ...]]]:
        return [self._connection.execute(sql, parameters).fetchall() for sql, parameters in asked]

    def together(self) -> AbstractContextManager[object]:
        """Nobody waits here."""
        return nullcontext()

    def run(self, sql: str, **parameters: Any) -> int:
        return self._connection.execute(sql, parameters).rowcount

    def put(self, sql: str, values: Sequence[Any]) -> None:
        self._connection.execute(sql, values)

    def put_returning(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        self._connection.executemany(sql, rows)
