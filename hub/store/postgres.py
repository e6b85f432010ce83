"""PostgreSQL: each moment is a transaction on a connection of a pool; what is only kept is committed in groups.

Where SQLite has one writer, here many write at once: a moment locks its order's row and steps, what no row stands for
yet is locked by name, and claims pass over what others hold. A transaction that the server broke off because it stood
in another's way is run again; one whose COMMIT was not answered is NotDurable, and may be there all the same.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from hub.model.contract import NotDurable
from hub.store.group import GroupWriter
from hub.store.tx import AtOnce, Row, Tx
from hub.store.upgrade import APPLICATION

T = TypeVar("T")
Pool = ConnectionPool[psycopg.Connection[tuple[Any, ...]]]

_IN_THE_WAY = (errors.DeadlockDetected, errors.SerializationFailure)
# A statement that was prepared before a migration added a column; the next execution prepares it anew.
_OUTDATED = (errors.FeatureNotSupported,)
_BROKEN = (psycopg.OperationalError, psycopg.InterfaceError)
_TRIES = 5
_POOL_SECONDS = 10.0
# An open snapshot slows every claim, a lock that is held stops its order: no client may leave either behind.
_SETTINGS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "idle_in_transaction_session_timeout": "15s",
        "lock_timeout": "10s",
        "statement_timeout": "60s",
        "timezone": "UTC",
    }.items()
)
# A server that vanished without a word is found out within half a minute: the system's own patience is two hours.
_ALIVE = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z_0-9]*)")


@lru_cache(maxsize=4096)
def _spoken(sql: str) -> bytes:
    """The statement in the driver's words."""
    return _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%")).encode()


@lru_cache(maxsize=1024)
def _counted(sql: str) -> bytes:
    """The same for parameters that have no names."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


class PostgresTx:
    """Implements `hub.store.tx.Tx` over a connection within a transaction."""

    locking = " FOR UPDATE"
    skipping = " FOR UPDATE SKIP LOCKED"
    kept = None  # others change the same orders

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def _execute(self, sql: str, parameters: Mapping[str, Any]) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._connection.execute(_spoken(sql), parameters)

    def all(self, sql: str, **parameters: Any) -> list[Row]:
        cursor = self._execute(sql, parameters)
        found = cursor.fetchall()  # among statements that are sent together, the answer comes with this
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found]

    def one(self, sql: str, **parameters: Any) -> Row | None:
        found = self.all(sql, **parameters)
        return found[0] if found else None

    def tuples(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._execute(sql, parameters).fetchall()

    def changed_beside(self, *orders: str) -> None:
        """No book is kept."""

    def several(self, *asked: tuple[str, Mapping[str, Any]]) -> list[list[tuple[Any, ...]]]:
        with self._connection.pipeline():
            cursors = [self._execute(sql, parameters) for sql, parameters in asked]
            return [cursor.fetchall() for cursor in cursors]

    def together(self) -> AbstractContextManager[object]:
        return self._connection.pipeline()

    def run(self, sql: str, **parameters: Any) -> int:
        return self._execute(sql, parameters).rowcount

    def put(self, sql: str, values: Sequence[Any]) -> None:
        self._connection.execute(_counted(sql), values)

    def put_returning(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(_counted(sql), values).fetchall()

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        self._connection.cursor().executemany(_spoken(sql), list(rows))

    def alone(self, *names: str) -> None:
        for number in sorted({_number(name) for name in names}):
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (number,))


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)


class PostgresWriter(AtOnce):
    """Implements `hub.store.tx.Writer`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def run(self, moment: Callable[[Tx], T], of: str = "") -> T:
        for left in reversed(range(_TRIES)):
            try:
                with transaction(self._pool) as tx:
                    return moment(tx)
            except (*_IN_THE_WAY, *_OUTDATED) as error:
                if not left:
                    raise NotDurable(str(error)) from error
        raise AssertionError("unreachable")

    def close(self) -> None:
        """The pool is closed by whoever opened it."""


class PostgresReaders:
    """Implements `hub.store.tx.Readers`: each statement sees what is committed as it begins."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._tx = _PooledTx(pool)
        self.closed = False

    def tx(self) -> Tx:
        return self._tx

    def close(self) -> None:
        self.closed = True
        self._pool.close()


_moments = threading.local()  # `tx`: of the moment that runs in this thread


class _PooledTx:
    """Borrows a connection for each statement, so that nobody holds one while thinking. Only reads."""

    locking = ""
    skipping = ""
    kept = None

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def all(self, sql: str, **parameters: Any) -> list[Row]:
        return self._asked(lambda tx: tx.all(sql, **parameters))

    def one(self, sql: str, **parameters: Any) -> Row | None:
        return self._asked(lambda tx: tx.one(sql, **parameters))

    def tuples(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self._asked(lambda tx: tx.tuples(sql, **parameters))

    def changed_beside(self, *orders: str) -> None:
        raise TypeError("readers do not write")

    def several(self, *asked: tuple[str, Mapping[str, Any]]) -> list[list[tuple[Any, ...]]]:
        return self._asked(lambda tx: tx.several(*asked))

    def together(self) -> AbstractContextManager[object]:
        raise TypeError("readers do not write")

    def run(self, sql: str, **parameters: Any) -> int:
        raise TypeError("readers do not write")

    def put(self, sql: str, values: Sequence[Any]) -> None:
        raise TypeError("readers do not write")

    def put_returning(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        raise TypeError("readers do not write")

    def many(self, sql: str, rows: Iterable[Mapping[str, Any]]) -> None:
        raise TypeError("readers do not write")

    def alone(self, *names: str) -> None:
        raise TypeError("readers do not lock")

    def _asked(self, question: Callable[[PostgresTx], T]) -> T:
        """Asks again where a connection turns out to be gone, be it each of the pool's: a read may be repeated. Within
        a moment its own connection is asked: if each waited for a second one, nobody would ever get it.
        """
        within: PostgresTx | None = getattr(_moments, "tx", None)
        if within is not None:
            return question(within)
        for left in reversed(range(self._pool.max_size + 1)):
            try:
                with self._pool.connection() as connection:
                    return question(PostgresTx(connection))
            except (PoolTimeout, PoolClosed, errors.QueryCanceled) as error:  # it has waited long enough
                raise _away(error) from error
            except (*_BROKEN, *_OUTDATED) as error:
                if not left:
                    raise _away(error) from error
        raise AssertionError("unreachable")


def _away(error: Exception) -> NotDurable:
    return NotDurable(f"the database does not answer: {type(error).__name__}")


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except _IN_THE_WAY:
        raise
    except (*_BROKEN, PoolTimeout, PoolClosed) as error:
        raise _away(error) from error


@contextmanager
def transaction(pool: Pool) -> Iterator[PostgresTx]:
    """Committed at the end, rolled back when something is raised. Raises NotDurable where nobody can tell which."""
    with _outages():
        connection = _begun(pool)
        try:
            _moments.tx = PostgresTx(connection)
            yield _moments.tx
            if connection.execute("COMMIT").statusmessage != "COMMIT":  # the server says ROLLBACK of one that failed
                raise NotDurable("a statement failed, and nobody said so")
        except psycopg.Error:
            # The driver believes to be prepared what the server, behind a statement that failed, never saw.
            connection.close()
            raise
        except BaseException:
            if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
                connection.execute("ROLLBACK")
            raise
        finally:
            _moments.tx = None
            pool.putconn(connection)


def _begun(pool: Pool) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection in a new transaction. One that is gone is found out here, where nothing has been done yet."""
    for left in reversed(range(pool.max_size + 1)):
        connection = pool.getconn()
        try:
            connection.execute("BEGIN")
            return connection
        except _BROKEN:
            pool.putconn(connection)
            if not left:
                raise
    raise AssertionError("unreachable")


def group_writer(pool: Pool) -> GroupWriter:
    """Group commit of what many threads keep at once, in a thread of its own."""
    return GroupWriter(lambda: transaction(pool), concerns_all=_BROKEN, name="crossdock-ingest")


def pool_of(url: str, size: int) -> Pool:
    """At most `size` connections, made when they are needed. Raises NotDurable when the database cannot be reached."""
    try:  # at once and by itself: a pool goes on trying, and does not say what is wrong
        said = conninfo_to_dict(url)
        psycopg.connect(url, connect_timeout=round(_POOL_SECONDS)).close()
    except psycopg.Error as error:
        raise NotDurable(f"the database cannot be reached: {str(error).strip()}") from error
    alive = {name: value for name, value in _ALIVE.items() if name not in said}
    kwargs = {"autocommit": True, "row_factory": tuple_row, "options": _SETTINGS, "application_name": APPLICATION}
    kwargs |= alive
    return ConnectionPool(
        url, min_size=1, max_size=size, open=True, timeout=_POOL_SECONDS, kwargs=kwargs, name="crossdock"
    )
