"""The walk of an order, and everything that may cut across it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.flow import commands
from hub.flow.manifest import compile_flow
from hub.flow.setting import OBSERVE, Owners
from hub.language.decode import canonical_json
from hub.language.document import loads
from hub.model.book import state_of
from hub.model.flow import State
from hub.model.outcome import Outcome, Verdict
from tests.unit.flow.stage import FLOWS, START, UNKNOWN, counts, money, order, ship


def test_an_order_walks_from_money_to_letters(stage):
    stage.receive(order())
    stage.run()
    ship(stage, [{"L1": 2, "L2": 1}])
    stage.settle(3600)
    assert state_of(stage.book()) == "completed"
    assert counts(stage) == {
        "payment.capture": 1, "notification.send": 2, "fulfillment.create": 1, "shipment.announce": 1,
        "order.complete": 1,
    }  # fmt: skip
    assert stage.provider.executed["payment.capture"][0]["body"]["amount"] == 3000
    assert stage.provider.executed["shipment.announce"][0]["body"]["complete"] is True


def test_three_parcels_over_two_days_are_told_one_by_one_and_only_the_last_completes(stage):
    stage.receive(order())
    stage.run()
    parcels = [{"L1": 1}, {"L1": 1}, {"L2": 1}]
    for number in (1, 2, 3):
        ship(stage, parcels[:number], "partially_shipped")
        stage.settle(3600)
        stage.settle(16 * 3600)
    told = stage.provider.executed["shipment.announce"]
    assert [entry["body"]["parcel"]["tracking_number"] for entry in told] == ["T1", "T2", "T3"]
    assert [entry["body"]["complete"] for entry in told] == [False, False, True]
    assert state_of(stage.book()) == "completed"


def test_the_same_delivery_twice_is_one_order(stage):
    stage.receive(order(), delivery="d1")
    stage.receive(order(), delivery="d1")
    stage.receive(order(version="2"))
    stage.run()
    assert counts(stage)["payment.capture"] == 1


@pytest.mark.parametrize(
    ("payment", "total", "captures", "ships"),
    [
        (money(), 3000, 1, 1),
        (money(status="captured", captured=3000), 3000, 0, 1),
        (money(custodian="provider", provider="stripe"), 3000, 1, 1),
        (money(custodian="terms", status="pending"), 3000, 0, 1),
        (money(custodian="marketplace", status="captured"), 3000, 0, 1),
        (money(custodian="bank_transfer", status="pending", authorized=0), 3000, 0, 0),
        (money(status="pending", authorized=0), 3000, 0, 0),
        (money(status="failed", authorized=0), 3000, 0, 0),
        (None, 0, 0, 1),
        (None, 3000, 0, 0),
    ],
)
def test_custody_decides_who_charges_and_whether_goods_leave(stage, payment, total, captures, ships):
    stage.receive(order(payments=[payment] if payment else [], totals=[{"type": "total", "amount": total}]))
    stage.run()
    assert len(stage.provider.executed["payment.capture"]) == captures
    assert len(stage.provider.executed["fulfillment.create"]) == ships


def test_the_provider_of_the_money_is_asked_not_the_storefront(stage):
    stage.receive(order(payments=[money(custodian="provider", provider="stripe")]))
    stage.run()
    assert stage.step("capture").connection == "pay"


def test_an_unknown_method_is_held_and_goes_on_when_the_source_mends_it(stage):
    stage.receive(order(payments=[money(custodian="unknown", status="pending")]))
    stage.run()
    assert stage.state("payment") is State.HELD
    assert stage.step("payment").cause == "payment_unknown"
    stage.receive(order(version="2", payments=[money(status="captured", captured=3000)]))
    stage.run()
    assert len(stage.provider.executed["fulfillment.create"]) == 1


def test_a_person_may_vouch_for_an_unknown_method(stage):
    stage.receive(order(payments=[money(custodian="unknown", status="pending")]))
    stage.run()
    commands.release(stage.setting, "shop:1", stage.step("payment").id, "ann", "store points", stage.now)
    stage.run()
    assert len(stage.provider.executed["fulfillment.create"]) == 1
    assert not stage.provider.executed["payment.capture"]


def test_a_bank_transfer_waits_until_it_is_paid(stage):
    stage.receive(order(payments=[money(custodian="bank_transfer", status="pending")]))
    stage.settle(86400 * 3)
    assert state_of(stage.book()) == "waiting"
    assert counts(stage) == {}
    stage.receive(order(version="2", payments=[money(custodian="bank_transfer", status="captured", captured=3000)]))
    stage.run()
    assert counts(stage)["fulfillment.create"] == 1


def test_cash_on_delivery_reaches_the_warehouse_with_its_amount(stage):
    cash = money(custodian="cash_on_delivery", status="pending", authorized=0)
    stage.receive(order(payments=[cash], cod_amount=3000))
    stage.run()
    assert stage.provider.executed["fulfillment.create"][0]["body"]["group"]["cod_amount"] == 3000
    assert not stage.provider.executed["payment.capture"]


def test_a_digital_order_completes_with_no_warehouse_and_no_address(stage):
    entity = order(payments=[money(status="captured", captured=3000)], fulfillment={})
    for line in entity.document["line_items"]:
        line["requires_shipping"] = False
    stage.receive(entity)
    stage.run()
    assert state_of(stage.book()) == "completed"
    assert counts(stage) == {"notification.send": 1}


class TestSafeStart:
    def test_what_was_placed_before_is_history(self, stage):
        stage.receive(order(placed_at=(START - timedelta(days=2)).isoformat()))
        stage.settle()
        assert state_of(stage.book()) == "history"
        assert stage.provider.sent == []

    def test_a_connection_that_was_never_set_to_act_makes_everything_history(self, stage):
        stage.store.set_standing("shop", START, act_from=None)
        stage.receive(order())
        stage.run()
        assert state_of(stage.book()) == "history"

    @pytest.mark.parametrize("standing", ["cancelled", "completed", "deleted"])
    def test_what_is_over_at_the_source_is_history(self, stage, standing):
        stage.receive(order(standing=standing))
        stage.run()
        assert state_of(stage.book()) == "history"

    def test_what_was_fulfilled_at_the_source_is_history(self, stage):
        entity = order()
        for line in entity.document["line_items"]:
            line["quantity"]["fulfilled"] = line["quantity"]["total"]
        stage.receive(entity)
        stage.run()
        assert state_of(stage.book()) == "history"

    def test_edits_and_replays_never_begin_history(self, stage):
        stage.receive(order(placed_at=(START - timedelta(days=2)).isoformat()))
        stage.run()
        stage.receive(order(version="2", placed_at=(START - timedelta(days=2)).isoformat(), note="edited"))
        stage.run()
        with pytest.raises(commands.Refused):
            commands.replay(stage.setting, "shop:1", None, "ann", "why", stage.now)
        with pytest.raises(commands.Refused):
            commands.release(stage.setting, "shop:1", None, "ann", "why", stage.now)
        assert stage.provider.sent == []

    def test_only_adoption_begins_it(self, stage):
        stage.receive(order(placed_at=(START - timedelta(days=2)).isoformat()))
        stage.run()
        commands.adopt(stage.setting, "shop:1", "ann", "missed it", stage.now)
        stage.run()
        assert counts(stage)["fulfillment.create"] == 1

    def test_a_test_order_never_joins_a_live_flow(self, stage):
        stage.receive(order(test=True))
        stage.run()
        assert state_of(stage.book()) == "ignored"
        assert stage.provider.sent == []

    def test_observe_sends_nothing(self, make_stage):
        stage = make_stage(mode=OBSERVE)
        stage.receive(order())
        stage.settle()
        assert stage.provider.sent == []
        assert stage.step("capture").cause == "observe"

    def test_approve_waits_for_a_person(self, make_stage):
        stage = make_stage(mode="approve")
        stage.receive(order())
        stage.settle()
        assert stage.provider.sent == []
        commands.release(stage.setting, "shop:1", None, "ann", "looks fine", stage.now)
        stage.run()
        assert counts(stage)["fulfillment.create"] == 1


class TestFreshness:
    def test_the_source_is_read_before_the_first_irreversible_step(self, stage):
        stage.receive(order())
        stage.run()
        assert stage.provider.fetches == 1

    def test_a_cancellation_nobody_told_us_of_stops_the_order(self, stage):
        stage.receive(order())
        stage.provider.source["1"] = [order(version="2", standing="cancelled").__dict__]
        stage.settle()
        assert stage.provider.sent == []
        assert state_of(stage.book()) == "cancelled"

    def test_nothing_irreversible_happens_while_the_source_cannot_be_read(self, stage):
        stage.provider.scripts["order.fetch"] = [Outcome(UNKNOWN)] * 3
        stage.receive(order())
        stage.run()
        assert not stage.provider.executed["payment.capture"]
        stage.settle(600)
        assert len(stage.provider.executed["payment.capture"]) == 1


class TestOwners:
    def test_a_storefront_that_captures_and_mails_is_left_to_it(self, make_stage):
        stage = make_stage(owners=Owners("storefront", "hub", {}))
        stage.receive(order())
        stage.run()
        assert counts(stage) == {"fulfillment.create": 1}

    def test_the_write_back_tells_the_storefront_to_mail_where_it_owns_the_letter(self, make_stage):
        stage = make_stage(owners=Owners("storefront", "hub", {}))
        stage.receive(order())
        stage.run()
        ship(stage, [{"L1": 2, "L2": 1}])
        stage.settle(3600)
        assert stage.provider.executed["shipment.announce"][0]["body"]["notify"] is True


class TestCommands:
    def test_a_refund_goes_to_the_custodian_once_and_never_beyond_what_was_captured(self, stage):
        stage.receive(order(payments=[money(status="captured", captured=3000)]))
        stage.run()
        commands.refund(stage.setting, "shop:1", 2000, [], None, "ann", "broken", stage.now)
        stage.run()
        assert [e["body"]["amount"] for e in stage.provider.executed["payment.refund"]] == [2000]
        commands.refund(stage.setting, "shop:1", 1500, [], None, "ann", "again", stage.now)
        stage.run()
        assert len(stage.provider.executed["payment.refund"]) == 1
        assert [step.cause for step in stage.book().in_state(State.HELD)] == ["sums"]

    def test_a_refused_step_is_tried_again_under_another_key(self, stage):
        stage.provider.scripts["payment.capture"].append(Outcome(Verdict.REFUSED, code="declined"))
        stage.receive(order())
        stage.run()
        assert stage.state("capture") is State.REJECTED
        commands.replay(stage.setting, "shop:1", stage.step("capture").id, "ann", "card mended", stage.now)
        stage.run()
        keys = [key for capability, key in stage.provider.sent if capability == "payment.capture"]
        assert len(set(keys)) == 2
        assert len(stage.provider.executed["payment.capture"]) == 1

    def test_a_parked_step_takes_a_persons_word(self, stage):
        stage.provider.scripts["notification.send"] = ["lost after"] * 3
        stage.receive(order())
        stage.settle(3600)
        letter = stage.step("confirmation")
        assert letter.state is State.PARKED
        commands.resolve(stage.setting, "shop:1", letter.id, "happened", "m-1", "ann", "seen in the outbox", stage.now)
        assert stage.state("confirmation") is State.DONE

    def test_the_plan_says_what_will_be_asked_first(self, stage):
        stage.provider.scripts["fulfillment.create"].append("lost after")
        stage.receive(order())
        stage.run()
        plan = {line.name: line.verdict for line in commands.replay_plan(stage.setting, "shop:1", None, stage.now)}
        assert plan["capture"] == commands.DONE
        assert plan["warehouse"] == commands.ASK_FIRST

    def test_a_commanded_cancellation_releases_the_money_at_its_custodian(self, stage):
        stage.provider.scripts["payment.capture"].append(Outcome(Verdict.NOT_EXECUTED, retry_after_seconds=600))
        stage.receive(order())
        stage.run()
        commands.cancel(stage.setting, "shop:1", "ann", "asked by the buyer", stage.now)
        stage.settle(3600)
        assert counts(stage).get("payment.void") == 1
        assert not stage.provider.executed["payment.capture"]
        assert not stage.provider.executed["fulfillment.create"]


def test_a_run_keeps_the_flow_it_began_under(stage):
    """The flow is changed while an order is on its way: the order goes on as it began, the next one by today's text."""
    text = FLOWS.joinpath("fulfil-order.yaml").read_text(encoding="utf-8")
    document = loads(text)
    stage.store.store_declaration("flow", "fulfil-order", canonical_json(document.data).decode(), stage.now)
    stage.receive(order(payments=[money(custodian="bank_transfer", status="pending")]))
    stage.run()
    without = text.replace("group.method == 'warehouse'", "group.method == 'nobody'")
    flows = dict(stage.setting.flows) | {"fulfil-order": compile_flow(loads(without))}
    stage.setting = replace(stage.setting, flows=flows, pinned={})
    stage.receive(order(version="2", payments=[money(custodian="bank_transfer", status="captured", captured=3000)]))
    stage.receive(order("2", payments=[money(custodian="bank_transfer", status="captured", captured=3000)]))
    stage.run()
    assert [e["body"]["order"]["id"] for e in stage.provider.executed["fulfillment.create"]] == ["1"]
