"""What may have happened is resolved by what the provider can do, never by a guess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.flow.drive import drive
from hub.flow.manifest import Rule
from hub.flow.worker import work
from hub.model.capability import Safety
from hub.model.contract import Guarantee
from hub.model.detail import said
from hub.model.flow import State
from hub.model.outcome import Outcome, Verdict
from tests.unit.flow.stage import DONE, NOT_EXECUTED, UNKNOWN, Stage, counts, money, order


def self_shipped(make_stage: Callable[..., Stage]) -> Stage:
    stage = make_stage()
    stage.setting = replace(stage.setting, routing=(Rule("self", "carrier"),))
    return stage


def test_a_lost_capture_is_sent_again_under_the_same_key_and_bytes(stage):
    stage.provider.scripts["payment.capture"] = ["lost after"]
    stage.receive(order())
    stage.settle(60)
    keys = [key for capability, key in stage.provider.sent if capability == "payment.capture"]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert len(stage.provider.executed["payment.capture"]) == 1
    assert stage.state("capture") is State.DONE


@pytest.mark.parametrize("first", ["lost after", "lost before"])
def test_a_refusal_of_what_may_have_happened_is_believed_only_once_nothing_was_found(stage, first):
    """It may come from before the provider looks at keys; and a person would try again under a new key."""
    declined = Outcome(Verdict.REFUSED, code="card_declined")
    stage.provider.scripts["payment.capture"] = [first, declined, declined, declined]
    stage.receive(order())
    stage.settle(3600)
    happened = first == "lost after"
    assert counts(stage).get("payment.capture", 0) == int(happened)
    assert stage.state("capture") is (State.DONE if happened else State.REJECTED)


def test_a_key_that_may_be_forgotten_is_not_used_again(stage):
    stage.provider.guarantees["payment.capture"] = Guarantee(
        Safety.KEY, 10, 5, key_life_seconds=100, find="payment.find", complete=True, backoff_seconds=200
    )
    stage.provider.scripts["payment.capture"] = ["lost after"]
    stage.receive(order())
    stage.settle(3600)
    assert [capability for capability, _ in stage.provider.sent].count("payment.capture") == 1
    assert stage.state("capture") is State.DONE
    assert stage.step("capture").result["kind"] == "capture"


def test_a_forgotten_key_and_nothing_found_is_a_new_try_only_where_the_search_is_complete(stage):
    for complete, state in ((False, State.PARKED), (True, State.DONE)):
        source = str(int(complete))
        stage.provider.guarantees["payment.capture"] = Guarantee(
            Safety.KEY, 10, 5, key_life_seconds=100, find="payment.find", complete=complete, backoff_seconds=200
        )
        stage.provider.scripts["payment.capture"] = ["lost before"]
        stage.receive(order(source))
        stage.settle(7200)
        assert stage.state("capture", source) is state


def test_an_old_unresolved_try_is_never_forgotten(stage):
    """Lost, then 429: the 429 says nothing of the first try."""
    stage.provider.scripts["fulfillment.create"] = ["lost after", Outcome(NOT_EXECUTED, retry_after_seconds=5)]
    stage.receive(order())
    stage.settle(40)
    assert stage.state("warehouse") in (State.UNKNOWN, State.DONE)
    assert stage.step("warehouse").unresolved or stage.state("warehouse") is State.DONE
    stage.settle(600)
    assert len(stage.provider.executed["fulfillment.create"]) == 1


def test_a_clock_that_was_set_forward_does_not_shorten_the_quarantine(stage):
    """Five minutes on the wall, none at the provider: the lost call may still be on its way there."""
    stage.provider.scripts["fulfillment.create"] = ["lost before"]
    stage.receive(order())
    stage.run()
    assert stage.state("warehouse") is State.UNKNOWN
    stage.tick(300)
    set_at = stage.now
    stage.setting = replace(stage.setting, steady_since=lambda: set_at)
    sends = [capability for capability, _ in stage.provider.sent].count("fulfillment.create")
    stage.run()
    stage.tick(14)  # deadline and settling take 15
    stage.run()
    assert [capability for capability, _ in stage.provider.sent].count("fulfillment.create") == sends
    stage.settle(600)
    assert stage.state("warehouse") is State.DONE


def test_a_duplicate_is_found_and_compared_before_it_counts(stage):
    stage.provider.scripts["fulfillment.create"] = ["lost after", Outcome(Verdict.DUPLICATE)]
    stage.receive(order())
    stage.settle(600)
    assert stage.state("warehouse") is State.DONE
    assert stage.step("warehouse").result["id"] == "fulfillment.create-1"


def test_an_object_of_our_reference_with_other_content_is_a_persons_matter(stage):
    stage.provider.scripts["fulfillment.create"] = ["lost before", Outcome(Verdict.DUPLICATE)]
    hit = {"id": "x", "reference": None, "lines": [{"sku": "OTHER", "quantity": 1}]}
    stage.provider.scripts["fulfillment.find"] = [Outcome(DONE, {"hits": [hit]})]
    stage.receive(order())
    stage.settle(600)
    step = stage.step("warehouse")
    assert (step.state, step.cause) == (State.PARKED, "unlike")
    assert step.detail["found"][0]["id"] == "x"
    (row,) = step.detail["differs"]
    assert (row["id"], row["field"], row["found"]) == ("x", "lines", {"OTHER": 1})
    assert said(step.detail) == "x: goods: we meant 2 × SKU-L1 + 1 × SKU-L2, it has 1 × OTHER"


def test_a_lost_label_is_found_on_its_shipment_though_the_reference_there_is_the_shipments(make_stage):
    stage = self_shipped(make_stage)
    stage.provider.scripts["label.buy"] = ["lost after"]
    stage.receive(order())
    stage.run()
    made = stage.provider.executed["shipment.create"][0]
    bought = stage.provider.executed["label.buy"][0]["result"] | {
        "id": made["result"]["id"], "reference": made["reference"], "status": "purchased",
    }  # fmt: skip
    stage.provider.scripts["shipment.find"] = [Outcome(DONE, {"hits": [bought]})]
    stage.settle(600)
    assert stage.state("label") is State.DONE
    assert [capability for capability, _ in stage.provider.sent].count("label.buy") == 1


def test_a_shipment_that_was_not_bought_is_bought_after_two_looks(make_stage):
    stage = self_shipped(make_stage)
    stage.provider.scripts["label.buy"] = ["lost before"]
    stage.receive(order())
    stage.run()
    made = stage.provider.executed["shipment.create"][0]
    created = {"id": made["result"]["id"], "reference": made["reference"], "status": "created"}
    stage.provider.scripts["shipment.find"] = [Outcome(DONE, {"hits": [created]})] * 2
    stage.settle(600)
    assert stage.state("label") is State.DONE
    assert len(stage.provider.executed["label.buy"]) == 1


def test_a_failed_lookup_proves_nothing(stage):
    stage.provider.scripts["shipment.announce"] = ["lost after"]
    stage.provider.scripts["shipment.announced"] = [Outcome(UNKNOWN)] * 4
    stage.receive(order())
    stage.run()
    lines = [{"sku": "SKU-L1", "quantity": 2}, {"sku": "SKU-L2", "quantity": 1}]
    hit = {"id": "w", "status": "shipped", "shipments": [{"id": "s", "tracking_number": "T", "lines": lines}]}
    stage.provider.scripts["fulfillment.find"] = [Outcome(DONE, {"hits": [hit]})]
    stage.settle(7200)
    assert len(stage.provider.executed["shipment.announce"]) == 1
    assert stage.state("announce") is State.DONE


def test_a_message_is_sent_at_most_three_times_and_always_the_same(stage):
    stage.provider.scripts["notification.send"] = ["lost before"] * 5
    stage.receive(order())
    stage.settle(86400)
    keys = [key for capability, key in stage.provider.sent if capability == "notification.send"]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert stage.step("confirmation").cause == "no_way_to_know"


def test_a_message_that_surely_was_not_taken_uses_up_no_send(stage):
    busy = Outcome(NOT_EXECUTED, code="450")
    stage.provider.scripts["notification.send"] = ["lost before", busy, busy, busy]
    stage.receive(order())
    stage.settle(86400)
    assert stage.state("confirmation") is State.DONE


@pytest.mark.parametrize("after", ["intend", "send payment.capture"])
def test_a_crash_between_intent_and_settlement_is_resolved_once(stage, after):
    stage.receive(order(payments=[money()]))
    while stage.state_or_none("capture") is not State.READY:
        stage.piece()
    claim = next(c for c in stage.store.claim_steps(20, stage.now) if "capture/" in c.step)
    _crash(stage, work(stage.setting, claim), after)
    assert stage.state("capture") is State.INTENT
    stage.settle(600)
    assert stage.state("capture") is State.DONE
    assert len(stage.provider.executed["payment.capture"]) == 1


def test_a_worker_that_lost_its_lease_changes_no_row_but_leaves_evidence(stage):
    stage.one_step_a_claim()
    stage.provider.guarantees["fulfillment.create"] = Guarantee(Safety.NONE, 10, 5)
    stage.receive(order())
    while stage.state_or_none("warehouse") is not State.READY:
        assert stage.piece()
    claim = next(c for c in stage.store.claim_steps(20, stage.now) if "warehouse/" in c.step)
    worker = work(stage.setting, claim)
    happening = _until(stage, worker, "send fulfillment.create")
    answer = happening.act(stage.now)
    stage.tick(120)
    again = next(c for c in stage.store.claim_steps(20, stage.now) if "warehouse/" in c.step)
    assert again.after_intent
    late = worker.send(answer)
    before = stage.step("warehouse")
    late.act(stage.now)
    assert stage.step("warehouse") == before
    drive(work(stage.setting, again), stage.clock)
    assert stage.state("warehouse") is State.DONE
    assert counts(stage)["fulfillment.create"] == 1


def _until(stage, worker, name):
    answer = None
    while True:
        happening = worker.send(answer)
        if happening.name == name:
            return happening
        answer = happening.act(stage.now)


def _crash(stage, worker, name):
    """Lets the event of that name happen, and nothing after it."""
    _until(stage, worker, name).act(stage.now)
    worker.close()
