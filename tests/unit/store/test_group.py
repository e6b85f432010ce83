"""The end of a group writer: whatever is asked of it at that moment is answered, be it by a refusal."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.model.contract import NotDurable
from hub.store.sqlite import GroupWriter, connect


class SlowLine(deque[Any]):
    """As a thread that is given no time between its look whether the writer is open, and its place in the line."""

    def append(self, work: Any) -> None:
        time.sleep(0.3)
        super().append(work)


def test_who_asks_while_it_is_closed_is_not_left_waiting(tmp_path: Path) -> None:
    connection = connect(tmp_path / "hub.db")
    connection.execute("CREATE TABLE words (word TEXT)")
    writer = GroupWriter(connection)
    writer._waiting = SlowLine()
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
