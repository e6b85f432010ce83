"""Storefronts date by the second: two changes within one have the same version, and only reading tells the later."""

from __future__ import annotations

from hub.model.outcome import Outcome, Verdict
from tests.unit.flow.stage import order

NOT_EXECUTED_YET = Outcome(Verdict.NOT_EXECUTED, retry_after_seconds=20)


def ordered(stage):
    (sent,) = stage.provider.executed["fulfillment.create"]
    return {line["sku"]: line["quantity"] for line in sent["body"]["group"]["lines"]}


def test_what_is_read_before_shipping_counts(stage):
    stage.receive(order())
    stage.provider.source["1"] = [order(lines={"L1": 1, "L2": 1}).__dict__]
    stage.run()
    assert ordered(stage) == {"SKU-L1": 1, "SKU-L2": 1}


def test_another_that_is_told_of_later_has_it_read_again(stage):
    stage.provider.scripts["fulfillment.create"] = [NOT_EXECUTED_YET]
    stage.receive(order())
    stage.run()
    assert stage.provider.fetches == 1
    stage.tick(1)
    stage.receive(order(lines={"L1": 1, "L2": 1}))
    stage.receive(order(), fetchable=False)  # the first, once more
    stage.settle(600)
    assert ordered(stage) == {"SKU-L1": 1, "SKU-L2": 1}


def test_what_the_first_says_once_more_changes_nothing(stage):
    stage.receive(order())
    stage.run()
    fetches = stage.provider.fetches
    stage.receive(order())
    stage.run()
    assert stage.provider.fetches == fetches
