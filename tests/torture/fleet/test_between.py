"""What lies between the hub and its database or queue: it passes what is sent, and fails in the ways it is told to."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.torture.fleet.database import Database
from tests.torture.fleet.wire import Line


class Echo:
    """A server that says everything again."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])

    def answer(self) -> socket.socket:
        visitor, _ = self.listener.accept()
        visitor.sendall(visitor.recv(100))
        return visitor


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.listener.close()


def test_what_is_held_arrives_late_or_is_cut_or_is_never_heard_of_again(echo: Echo) -> None:
    for then in ("carry", "cut", "forget"):
        with Line([echo.port]) as way, socket.create_connection(("127.0.0.1", way.port), timeout=5) as mine:
            mine.sendall(b"one")
            with echo.answer() as theirs:
                assert mine.recv(100) == b"one"
                way.hold()
                mine.sendall(b"two")
                theirs.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    theirs.recv(100)
                way.let_go(then)
                theirs.settimeout(5)
                mine.settimeout(0.5)
                if then == "carry":
                    assert theirs.recv(100) == b"two"
                elif then == "cut":
                    assert mine.recv(100) == b""
                else:
                    with pytest.raises(TimeoutError):
                        mine.recv(100)


def test_a_commit_is_done_and_its_answer_is_swallowed_and_the_database_comes_back_from_everything() -> None:
    with Database() as database, Line([database.port], postgres=True) as way:
        with psycopg.connect(database.url_at(way.port), autocommit=True) as connection:
            connection.execute("CREATE TABLE words (word text)")
            way.tell(swallow=1.0)
            connection.execute("BEGIN")
            connection.execute("INSERT INTO words VALUES ('there')")
            with pytest.raises(psycopg.OperationalError):
                connection.execute("COMMIT")
        assert way.tell(swallow=0.0, cut=1.0)["commit_answers_swallowed"] == 1
        with (
            psycopg.connect(database.url_at(way.port), autocommit=True) as connection,
            pytest.raises(psycopg.OperationalError),
        ):
            connection.execute("BEGIN")  # the transaction that it begins is cut
        for how in ("immediate", "fast"):
            database.stop(how)
            assert database.rows("SELECT 1") == []
            database.start()
        database.freeze()
        began = time.monotonic()
        database.thaw()
        assert database.rows("SELECT word FROM words") == [("there",)]
        assert time.monotonic() - began < 5
