"""A person's decision, and who made it and why, are one transaction."""

from __future__ import annotations

import contextlib
import json

from hub.flow import commands
from hub.model.contract import NotDurable
from tests.unit.flow.stage import money, order


class DiesAfter:
    """The store's writer in a process that is killed after so many transactions."""

    def __init__(self, inner, transactions):
        self._inner, self._left = inner, transactions

    def run(self, moment, of=""):
        if self._left == 0:
            raise NotDurable("killed")
        self._left -= 1
        return self._inner.run(moment, of)

    def close(self):
        self._inner.close()


def test_what_was_decided_is_on_record_even_if_the_hub_dies_right_after_it(stage):
    stage.receive(order(payments=[money(status="captured", captured=3000)]))
    stage.run()
    writer = stage.store.writer
    stage.store.writer = DiesAfter(writer, transactions=1)
    with contextlib.suppress(NotDurable):
        commands.refund(stage.setting, "shop:1", 2000, [], None, "ann", "broken", stage.now)
    stage.store.writer = writer
    stage.run()
    assert len(stage.provider.executed["payment.refund"]) == 1
    (row,) = stage.store.readers.tx().all("SELECT actor, action, subject, detail FROM audit")
    assert (row["actor"], row["action"], row["subject"]) == ("ann", "refund", "shop:1")
    assert json.loads(row["detail"])["why"] == "broken"
