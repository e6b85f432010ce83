"""A report is never a command: what others did completes or withdraws what we would have done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.flow import commands, source
from hub.flow.manifest import Rule
from hub.model.book import state_of
from hub.model.flow import State
from hub.model.message import Entity
from hub.model.outcome import Outcome, Verdict
from tests.unit.flow.stage import UNKNOWN, money, order, ship


def moved(version):
    entity = order(version=version)
    entity.document["fulfillment"]["expectations"][0]["destination"]["street_address"] = "2 Quay"
    return entity


def test_an_address_edit_heard_of_after_the_goods_left_is_a_persons_matter_too(stage):
    stage.receive(order())
    stage.run()
    ship(stage, [{"L1": 2, "L2": 1}])
    stage.settle(3600)
    assert state_of(stage.book()) == "completed"
    stage.receive(moved("2"))
    stage.run()
    assert (stage.step("review").state, stage.step("review").cause) == (State.HELD, "changed_after")


class TestReports:
    def test_a_refund_in_the_storefront_causes_no_refund_and_its_units_do_not_ship(self, stage):
        stage.receive(order())
        stage.provider.scripts["payment.capture"].append(Outcome(UNKNOWN))
        stage.run()
        line = {"id": "L1", "quantity": 2}
        stage.receive(Entity("refund", "1", "r1", "2", {"id": "r1", "type": "refund", "line_items": [line]}))
        stage.settle()
        assert not stage.provider.executed["payment.refund"]
        assert stage.provider.executed["fulfillment.create"][0]["body"]["group"]["lines"][0]["id"] == "L2"

    def test_nothing_leaves_for_money_that_was_given_back_whole_until_a_person_says_so(self, stage):
        stage.receive(order(payments=[money(custodian="bank_transfer", status="pending")]))
        stage.run()
        back = money(custodian="bank_transfer", status="refunded", captured=3000, refunded=3000)
        stage.receive(order(version="2", payments=[back]))
        stage.settle()
        assert not stage.provider.executed["fulfillment.create"]
        assert (stage.step("warehouse").cause, stage.step("warehouse").detail["changed"]) == ("overtaken", "refund")
        commands.release(stage.setting, "shop:1", None, "ann", "a present", stage.now)
        stage.settle()
        assert len(stage.provider.executed["fulfillment.create"]) == 1

    def test_a_part_of_the_money_given_back_stops_nothing(self, stage):
        part = money(custodian="bank_transfer", status="partially_refunded", captured=3000, refunded=2999)
        stage.receive(order(payments=[part]))
        stage.settle()
        assert len(stage.provider.executed["fulfillment.create"]) == 1

    def test_a_refund_that_the_storefront_heard_of_from_the_holder_is_counted_once(self, stage):
        paid = {"custodian": "provider", "provider": "stripe", "status": "captured", "captured": 3000}
        stage.receive(order(payments=[money(**paid)]))
        stage.run()
        commands.refund(stage.setting, "shop:1", 1000, [], None, "ann", "a scratch", stage.now)
        stage.settle()
        heard = {"id": "shop-77", "type": "refund", "occurred_at": stage.now.isoformat()}
        heard["totals"] = [{"type": "total", "amount": 1000}]
        told = money(**(paid | {"status": "partially_refunded", "refunded": 1000}))
        stage.receive(order(version="2", payments=[told], adjustments=[heard]))
        stage.run()
        commands.refund(stage.setting, "shop:1", 2000, [], None, "ann", "all of it", stage.now)
        stage.settle()
        assert [entry["body"]["amount"] for entry in stage.provider.executed["payment.refund"]] == [1000, 2000]

    def test_an_earlier_refund_of_the_same_sum_is_not_ours(self, stage):
        before = {"id": "shop-70", "type": "refund", "occurred_at": (stage.now - timedelta(hours=1)).isoformat()}
        before["totals"] = [{"type": "total", "amount": 1000}]
        paid = {"custodian": "provider", "provider": "stripe", "captured": 3000, "refunded": 1000}
        stage.receive(order(payments=[money(**paid, status="partially_refunded")], adjustments=[before]))
        stage.run()
        for amount in (1000, 2000):  # the second is more than is left, though the order does not tell so yet
            commands.refund(stage.setting, "shop:1", amount, [], None, "ann", "a scratch", stage.now)
            stage.settle()
        assert [entry["body"]["amount"] for entry in stage.provider.executed["payment.refund"]] == [1000]
        assert "sums" in {step.cause for step in stage.book().in_state(State.HELD)}

    def test_a_refund_of_ours_that_is_listed_before_its_payment_counts_it_is_counted(self, stage):
        """The storefront's webhook names the refund; the payment's sum is known only from the order's next version."""
        stage.receive(order(payments=[money(status="captured", captured=3000)]))
        stage.run()
        commands.refund(stage.setting, "shop:1", 3000, [], None, "ann", "all of it", stage.now)
        stage.settle()
        (done,) = stage.provider.executed["payment.refund"]
        listed = {"id": done["result"]["id"], "type": "refund", "totals": [{"type": "total", "amount": 3000}]}
        stage.receive(Entity("refund", "1", listed["id"], "2", listed))
        stage.settle()
        commands.refund(stage.setting, "shop:1", 3000, [], None, "ann", "clicked again", stage.now)
        stage.settle()
        assert [sent for sent, _ in stage.provider.sent].count("payment.refund") == 1
        assert "sums" in {step.cause for step in stage.book().in_state(State.HELD)}

    def test_what_the_storefront_fulfilled_is_not_shipped_again(self, stage):
        stage.receive(order(payments=[money(custodian="bank_transfer", status="pending")]))
        stage.run()
        entity = order(version="2", payments=[money(status="captured", captured=3000)])
        entity.document["line_items"][0]["quantity"]["fulfilled"] = 2
        stage.receive(entity)
        stage.run()
        assert [x["id"] for x in stage.provider.executed["fulfillment.create"][0]["body"]["group"]["lines"]] == ["L2"]

    def test_what_others_shipped_stays_shipped_while_our_own_write_back_has_no_echo_yet(self, stage):
        entity = order(lines={"L1": 3, "L2": 1})
        entity.document["line_items"][0]["quantity"]["fulfilled"] = 1
        by_hand = {"id": "f1", "type": "shipped", "line_items": [{"id": "L1", "quantity": 1}]}
        entity.document["fulfillment"]["events"] = [by_hand]
        stage.receive(entity)
        stage.run()
        for parcels in ([{"L1": 1}], [{"L1": 1}, {"L1": 1, "L2": 1}]):
            ship(stage, parcels)
            stage.settle(3600)
        assert len(stage.provider.executed["shipment.announce"]) == 2
        assert state_of(stage.book()) == "completed"
        (asked,) = (entry["body"]["group"]["lines"] for entry in stage.provider.executed["fulfillment.create"])
        assert {line["id"]: line["quantity"] for line in asked} == {"L1": 2, "L2": 1}

    def test_a_hand_shipment_that_was_taken_back_is_shipped(self, stage):
        entity = order(payments=[money(custodian="bank_transfer", status="pending")])
        entity.document["line_items"][0]["quantity"]["fulfilled"] = 2
        taken_back = {"id": "f1", "type": "shipped", "line_items": [{"id": "L1", "quantity": 2}]}
        entity.document["fulfillment"]["events"] = [taken_back]
        stage.receive(entity)
        stage.run()
        again = order(version="2", payments=[money(status="captured", captured=3000)])
        again.document["fulfillment"]["events"] = [taken_back | {"type": "canceled"}]
        stage.receive(again)
        stage.run()
        assert len(stage.provider.executed["fulfillment.create"][0]["body"]["group"]["lines"]) == 2

    def test_the_echo_of_our_own_write_back_is_not_somebody_elses_shipment(self, stage):
        stage.receive(order())
        stage.run()
        ship(stage, [{"L1": 1}], "partially_shipped")
        stage.settle(3600)
        entity = order(version="2")
        entity.document["line_items"][0]["quantity"]["fulfilled"] = 1
        stage.receive(entity)
        stage.run()
        assert [step.cause for step in stage.book().in_state(State.HELD)] == []
        ship(stage, [{"L1": 1}, {"L1": 1, "L2": 1}])
        stage.settle(3600)
        assert state_of(stage.book()) == "completed"
        assert len(stage.provider.executed["fulfillment.create"]) == 1

    def test_a_cancellation_before_dispatch_leaves_nothing_shipped(self, stage):
        stage.receive(order(payments=[money(custodian="bank_transfer", status="pending")]))
        stage.run()
        stage.receive(order(version="2", standing="cancelled"))
        stage.settle()
        assert state_of(stage.book()) == "cancelled"
        assert stage.provider.sent == []

    def test_a_cancellation_after_dispatch_calls_the_goods_back_but_moves_no_money(self, stage):
        stage.receive(order())
        stage.run()
        stage.receive(order(version="2", standing="cancelled"))
        stage.settle(60)
        assert len(stage.provider.executed["fulfillment.cancel"]) == 1
        assert not stage.provider.executed["payment.void"]
        assert not stage.provider.executed["payment.refund"]

    def test_a_cancellation_while_the_order_is_on_the_wire_is_resolved_first(self, stage):
        stage.provider.scripts["fulfillment.create"].append("lost after")
        stage.receive(order())
        stage.run()
        assert stage.state("warehouse") is State.UNKNOWN
        stage.receive(order(version="2", standing="cancelled"))
        stage.run()
        assert stage.state("call-back") is State.BLOCKED
        stage.settle(600)
        assert len(stage.provider.executed["fulfillment.create"]) == 1
        assert len(stage.provider.executed["fulfillment.cancel"]) == 1

    def test_an_address_edit_before_dispatch_ships_to_the_new_address(self, stage):
        stage.provider.scripts["payment.capture"].append(Outcome(Verdict.NOT_EXECUTED, retry_after_seconds=60))
        stage.receive(order())
        stage.run()
        entity = order(version="2")
        entity.document["fulfillment"]["expectations"][0]["destination"]["street_address"] = "2 Quay"
        stage.receive(entity)
        stage.settle(600)
        sent = stage.provider.executed["fulfillment.create"]
        assert sent[0]["body"]["group"]["destination"]["street_address"] == "2 Quay"

    def test_an_address_edit_after_dispatch_raises_a_task(self, stage):
        stage.receive(order())
        stage.run()
        entity = order(version="2")
        entity.document["fulfillment"]["expectations"][0]["destination"]["street_address"] = "2 Quay"
        stage.receive(entity)
        stage.run()
        task = stage.step("review")
        assert (task.state, task.cause) == (State.HELD, "changed_after")
        assert len(stage.provider.executed["fulfillment.create"]) == 1

    def test_an_order_its_source_no_longer_knows_ships_nothing(self, stage):
        stage.receive(order(), fetchable=False)
        stage.settle()
        assert state_of(stage.book()) == "cancelled"
        assert stage.book().order.standing == "deleted"
        assert stage.provider.sent == []

    def test_a_deletion_is_looked_into_before_anything_irreversible(self, stage):
        stage.receive(order(payments=[money(custodian="bank_transfer", status="pending")]))
        stage.run()
        stage.provider.source.clear()
        stage.receive(Entity("deleted", "1", "1", "", {}))
        stage.run()
        assert stage.book().order.standing == "deleted"

    def test_a_restored_order_goes_on(self, stage):
        stage.receive(order(payments=[money(custodian="bank_transfer", status="pending")]))
        stage.run()
        stage.receive(Entity("deleted", "1", "1", "", {}))
        stage.run()
        assert stage.book().order.standing == "open"

    def test_a_webhook_that_says_less_than_a_read_makes_the_read_stale(self, make_stage):
        stage = make_stage(pull_mapping="pulled")
        stage.provider.scripts["payment.capture"].append(Outcome(Verdict.NOT_EXECUTED, retry_after_seconds=60))
        stage.receive(order())
        stage.run()
        fetches = stage.provider.fetches
        stage.receive(order(version="2"))
        stage.settle(120)
        assert stage.provider.fetches > fetches

    def test_a_read_that_began_before_the_news_does_not_count_as_fresh(self, make_stage):
        stage = make_stage(fresh_for_seconds=3600.0)
        stage.provider.scripts["payment.capture"].append(Outcome(Verdict.NOT_EXECUTED, retry_after_seconds=60))
        stage.receive(order())
        stage.run()
        reading = source.refresh(stage.setting, "shop:1")
        answer = next(reading).act(stage.now)
        stage.tick(1)
        stage.receive(Entity("refund", "1", "r1", "1", {"id": "r1", "type": "refund"}))
        stage.run()
        reading.send(answer).act(stage.now)
        assert stage.book().read_at is None
        fetches = stage.provider.fetches
        stage.settle(120)
        assert stage.provider.fetches > fetches

    def test_news_of_a_refund_make_the_read_stale_wherever_they_come_from(self, make_stage):
        """WooCommerce's webhook and list name a refund; only the refund itself says which units it took off."""
        stage = make_stage(fresh_for_seconds=3600.0)
        stage.provider.scripts["payment.capture"].append(Outcome(Verdict.NOT_EXECUTED, retry_after_seconds=60))
        stage.receive(order())
        stage.run()
        named = Entity("refund", "1", "r1", "0", {"id": "r1", "type": "refund"})
        stage.receive(order(version="2"), named)
        line = {"id": "L1", "quantity": 2}
        told = Entity("refund", "1", "r1", "1", {"id": "r1", "type": "refund", "line_items": [line]})
        stage.provider.source["1"] = [order(version="2").__dict__, told.__dict__]
        stage.settle(120)
        (asked,) = (entry["body"]["group"]["lines"] for entry in stage.provider.executed["fulfillment.create"])
        assert [line["id"] for line in asked] == ["L2"]


def test_a_carrier_that_has_nothing_new_to_say_leaves_no_trace(make_stage):
    """A parcel on its way is asked about again and again: only what changed is told, and touches the order."""
    stage = make_stage()
    stage.setting = replace(stage.setting, routing=(Rule("self", "carrier"),))
    stage.receive(order())
    stage.settle(12 * 3600)
    told = "SELECT at FROM notes WHERE text = 'tracking.updated'"
    first = stage.store.readers.tx().tuples(told)
    changed = stage.store.readers.tx().one("SELECT changed_at FROM orders")
    assert len(first) == 1
    stage.settle(24 * 3600)
    assert stage.store.readers.tx().tuples(told) == first
    assert stage.store.readers.tx().one("SELECT changed_at FROM orders") == changed
