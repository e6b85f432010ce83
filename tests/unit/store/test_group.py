"""The end of a group writer: whatever is asked of it at that moment is answered, be it by a refusal. Its turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.model.contract import NotDurable
from hub.store.group import Waiting
from hub.store.sqlite import GroupWriter, connect


class SlowWaiting(Waiting):
    """As a thread that is given no time between its look whether the writer is open, and its place in the line."""

    def put(self, of: str, work: Any) -> None:
        time.sleep(0.3)
        super().put(of, work)


def test_who_asks_while_it_is_closed_is_not_left_waiting(tmp_path: Path) -> None:
    connection = connect(tmp_path / "hub.db")
    connection.execute("CREATE TABLE words (word TEXT)")
    writer = GroupWriter(connection)
    writer._waiting = SlowWaiting()
    answers: list[Any] = []

    def ask() -> None:
        try:
            answers.append(writer.run(lambda tx: tx.run("INSERT INTO words VALUES ('kept')")))
        except NotDurable as refused:
            answers.append(refused)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    time.sleep(0.1)
    with closing(writer):
        pass
    asking.join(5)
    assert answers == [1]
    with pytest.raises(NotDurable):
        writer.run(lambda tx: None)


class Held:
    """A writer whose thread is held in a moment until `go` is set, so that others have to wait."""

    def __init__(self, writer: GroupWriter) -> None:
        self.writer, self.go, begun = writer, threading.Event(), threading.Event()

        def held(tx: object) -> None:
            begun.set()
            self.go.wait(10)

        self.ends = [writer.begin(held)]
        begun.wait(10)

    def finish(self) -> None:
        time.sleep(0.02)  # longer than others may join
        self.go.set()
        for future in self.ends:
            future.result(10)


def commits_of(tmp_path: Path, *waiting: str) -> list[list[str]]:
    """What goes into which transaction, where moments of these shops wait."""
    commits: list[list[str]] = []
    with closing(GroupWriter(connect(tmp_path / "hub.db"))) as writer:
        inner = writer._transaction

        @contextmanager
        def told() -> Iterator[Any]:
            commits.append([])
            with inner() as tx:
                yield tx

        writer._transaction = told
        held = Held(writer)
        for of in waiting:
            held.ends.append(writer.begin(lambda tx, of=of: commits[-1].append(of), of))  # type: ignore[misc]
        held.finish()
    return commits[1:]


def test_a_shop_with_much_to_do_leaves_others_their_turn(tmp_path: Path) -> None:
    commits = commits_of(tmp_path, *["storm"] * 20, "quiet", "calm", "quiet")
    order = [of for commit in commits for of in commit]
    assert order[:6] == ["storm", "quiet", "calm", "storm", "quiet", "storm"]
    assert order.count("storm") == 20


def test_of_several_shops_each_has_one_moment_in_a_transaction(tmp_path: Path) -> None:
    """So that who has little to do waits for one moment of each other, and not for as many as these have."""
    commits = commits_of(tmp_path, "storm", "storm", "storm", "flood", "flood", "flood")
    assert commits[0] == ["storm", "flood"]
    assert all(len(set(commit)) == len(commit) for commit in commits[:3])
    assert sorted(of for commit in commits for of in commit) == ["flood"] * 3 + ["storm"] * 3


def test_the_hubs_own_comes_first_and_is_not_kept_waiting(tmp_path: Path) -> None:
    assert commits_of(tmp_path, *["storm"] * 4, "", "quiet")[0] == [""]


def test_one_shop_alone_shares_its_transactions(tmp_path: Path) -> None:
    assert commits_of(tmp_path, *["storm"] * 4, "") == [["", "storm", "storm", "storm", "storm"]]


def test_one_busy_shop_shares_a_transaction_with_the_hubs_own(tmp_path: Path) -> None:
    again: list[str] = []
    with closing(GroupWriter(connect(tmp_path / "hub.db"))) as writer:
        for _ in range(3):
            writer._waiting.put("storm", (lambda tx: again.append("storm"), Future()))
        turn = writer._waiting.turn()
        assert turn is not None
        writer._waiting.take(turn)  # and so it is busy
        writer._waiting.put("", (lambda tx: again.append(""), Future()))
        joining = [moment for moment, _ in writer._joining()]
    assert len(joining) == 3


def test_those_who_are_kept_busy_are_not_forgotten_for_those_who_are_not() -> None:
    waiting = Waiting()
    for _ in range(3):
        waiting.put("storm", "work")  # type: ignore[arg-type]
    served = []
    for number in range(30):
        waiting.put(f"quiet-{number}", "work")  # type: ignore[arg-type]
        turn = waiting.turn()
        assert turn is not None
        waiting.take(turn)
        served.append(turn.of)
    assert served.count("storm") == 3


def test_a_transaction_ends_after_a_while_and_has_one_moment_at_least(tmp_path: Path) -> None:
    commits, moments = list[int](), list[int]()
    with closing(GroupWriter(connect(tmp_path / "hub.db"))) as writer:
        inner = writer._transaction

        @contextmanager
        def counted() -> Iterator[Any]:
            moments.append(0)
            with inner() as tx:
                yield tx
            commits.append(moments[-1])

        writer._transaction = counted
        held = Held(writer)

        def slow(tx: object) -> None:
            moments[-1] += 1
            time.sleep(0.02)

        def quick(tx: object) -> None:
            moments[-1] += 1

        held.ends += [writer.begin(slow) for _ in range(3)]
        held.ends += [writer.begin(quick) for _ in range(50)]
        held.finish()
    assert commits[:4] == [0, 1, 1, 1]
    assert sum(commits) == 53
    assert len(commits) < 20


def test_a_moment_that_fails_takes_no_other_along(tmp_path: Path) -> None:
    connection = connect(tmp_path / "hub.db")
    connection.execute("CREATE TABLE words (word TEXT)")

    def keeping(word: str, *, fails: bool = False) -> Any:
        def moment(tx: Any) -> str:
            tx.run("INSERT INTO words VALUES (:word)", word=word)
            if fails:
                raise LookupError(word)
            return word

        return moment

    with closing(GroupWriter(connection)) as writer:
        held = Held(writer)
        told = [writer.begin(keeping(word, fails=word == "c"), "shop") for word in "abcde"]
        held.finish()
        with pytest.raises(LookupError):
            told[2].result(10)
        assert [future.result(10) for at, future in enumerate(told) if at != 2] == ["a", "b", "d", "e"]
    words = connect(tmp_path / "hub.db").execute("SELECT word FROM words ORDER BY word").fetchall()
    assert words == [("a",), ("b",), ("d",), ("e",)]
