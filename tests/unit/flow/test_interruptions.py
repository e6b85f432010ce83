"""A worker may be gone or asleep at any point: what the next one finds, and what the late one may still do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.flow import commands, gate
from hub.flow.drive import drive
from hub.flow.manifest import Rule
from hub.flow.worker import work
from hub.model.book import state_of
from hub.model.flow import State
from hub.model.message import Entity
from hub.model.outcome import Outcome, Verdict
from tests.unit.flow.stage import UNKNOWN, counts, order, ship

NOT_EXECUTED_YET = Outcome(Verdict.NOT_EXECUTED, retry_after_seconds=20)


def test_what_a_dead_process_had_leased_is_due_even_if_the_order_changes_before_it_is_claimed(stage):
    stage.receive(order())
    while not stage.store.claim_steps(10, stage.now):  # claimed, and then nobody works on it
        stage.piece()
    stage.store.expire_leases(stage.now)
    stage.store.change("shop:1", lambda book: book.note(stage.now, "somebody", "note", "Looked at it."), stage.now)
    stage.tick(1)
    stage.run()
    assert stage.state("capture") is State.DONE
    assert state_of(stage.book()) == "waiting"


@pytest.mark.parametrize("capability", ["payment.capture", "fulfillment.create"])
def test_what_may_have_happened_is_asked_about_and_not_sent_again_once_the_order_is_cancelled(stage, capability):
    stage.provider.scripts[capability] = ["lost before"]
    stage.receive(order())
    stage.run()
    stage.receive(order(version="2", standing="cancelled"))
    stage.settle(3600)
    assert [sent for sent, _ in stage.provider.sent].count(capability) == 1
    assert capability not in counts(stage)
    assert state_of(stage.book()) == "cancelled"


def test_what_had_happened_all_the_same_is_found_and_taken_back(stage):
    stage.provider.scripts["fulfillment.create"] = ["lost after"]
    stage.receive(order())
    stage.run()
    stage.receive(order(version="2", standing="cancelled"))
    stage.settle(3600)
    assert [sent for sent, _ in stage.provider.sent].count("fulfillment.create") == 1
    assert counts(stage)["fulfillment.cancel"] == 1


def test_a_status_that_may_have_been_set_is_not_set_again_after_the_store_cancelled(stage):
    """The shop would take the second "completed" for a change of mind."""
    known = stage.provider.guarantee("shop", "shipment.create")  # repeatable, and nothing to look it up with
    stage.provider.guarantees["order.complete"] = replace(known, settles_within_seconds=7200)
    stage.provider.scripts["order.complete"] = [Outcome(UNKNOWN)]
    stage.receive(order())
    stage.run()
    ship(stage, [{"L1": 2, "L2": 1}])
    stage.settle(3600)
    assert stage.state("complete") is State.UNKNOWN
    stage.receive(order(version="2", standing="cancelled"))
    stage.settle(4 * 3600)
    assert [sent for sent, _ in stage.provider.sent].count("order.complete") == 1
    assert stage.state("complete") is State.CANCELLED


def test_a_write_back_is_found_even_when_its_label_was_given_back_since(stage):
    stage.setting = replace(stage.setting, routing=(Rule("self", "carrier"),))
    stage.provider.scripts["shipment.announce"] = ["lost after"]
    stage.receive(order())
    stage.run()
    assert stage.state("announce") is State.UNKNOWN
    stage.receive(order(version="2", standing="cancelled"))
    stage.settle(3600)
    assert counts(stage)["label.refund"] == 1
    assert stage.state("announce") is State.DONE


def edited(version: str, street: str, **changes: Any) -> Entity:
    entity = order(version=version, **changes)
    entity.document["fulfillment"]["expectations"][0]["destination"]["street_address"] = street
    return entity


class TestTasksAfterDispatch:
    def test_a_change_that_is_taken_back_needs_nobody(self, stage):
        stage.receive(order())
        stage.run()
        stage.receive(edited("2", "2 Quay"))
        stage.run()
        stage.receive(edited("3", "1 Quay"))
        stage.run()
        assert (stage.state("review"), stage.step("review").cause) == (State.SKIPPED, "changed_back")

    def test_a_cancelled_order_needs_nobody_to_look_at_its_changes(self, stage):
        stage.receive(order())
        stage.run()
        stage.receive(order(version="2", lines={"L1": 0, "L2": 1}))
        stage.run()
        assert stage.state("review") is State.HELD
        stage.receive(order(version="3", lines={"L1": 0, "L2": 0}, standing="cancelled"))
        stage.settle(600)
        assert stage.state("review") is State.SKIPPED
        assert state_of(stage.book()) == "cancelled"

    def test_an_address_edit_that_is_heard_of_only_after_the_parcel_left_is_a_task_all_the_same(self, stage):
        stage.receive(order())
        stage.run()
        ship(stage, [{"L1": 2, "L2": 1}])
        stage.settle(3600)
        assert state_of(stage.book()) == "completed"
        stage.receive(edited("2", "2 Quay"))
        stage.run()
        assert stage.step("review").cause == "changed_after"

    def test_units_refunded_after_they_left_are_nobodys_task(self, stage):
        stage.receive(order())
        stage.run()
        ship(stage, [{"L1": 2, "L2": 1}])
        stage.settle(3600)
        stage.receive(order(version="2", lines={"L1": 0, "L2": 1}))
        stage.run()
        assert state_of(stage.book()) == "completed"

    def test_a_second_change_is_a_second_task_and_what_was_dealt_with_is_none(self, stage):
        stage.receive(order())
        stage.run()
        for version, street, tasks in (("2", "2 Quay", 1), ("3", "3 Quay", 2), ("4", "3 Quay", 2)):
            stage.receive(edited(version, street))
            stage.run()
            held = [step for step in stage.book().steps_named("review") if step.state is State.HELD]
            for step in held:
                commands.release(stage.setting, "shop:1", step.id, "ann", "the warehouse knows", stage.now)
            assert len(stage.book().steps_named("review")) == tasks


class TestHeldUp:
    """Between its intent and its call a worker may sleep for longer than its lease."""

    def held_up_before_sending(self, stage, capability, seconds):
        stage.one_step_a_claim()
        stage.receive(order())
        while True:
            for claim in stage.store.claim_steps(20, stage.now):
                step = stage.book().steps[claim.step]
                worker = work(stage.setting, claim)
                if step.capability == capability:
                    return up_to_the_call(worker, stage), seconds
                drive(worker, stage.clock)
            assert stage.piece()

    def test_it_sends_nothing_any_more(self, stage):
        worker, seconds = self.held_up_before_sending(stage, "fulfillment.create", 200)
        stage.settle(seconds)
        assert counts(stage)["fulfillment.create"] == 1
        finish(worker, stage)
        assert [sent for sent, _ in stage.provider.sent].count("fulfillment.create") == 1
        assert stage.state("warehouse") is State.DONE

    def test_where_nobody_else_came_it_tries_again_itself(self, stage):
        worker, _ = self.held_up_before_sending(stage, "fulfillment.create", 0)
        stage.tick(20)
        finish(worker, stage)
        assert stage.state("warehouse") is State.WAITING
        stage.settle(60)
        assert counts(stage)["fulfillment.create"] == 1

    def test_the_quarantine_of_a_lost_lease_runs_from_the_last_moment_the_call_may_have_begun(self, stage):
        self.held_up_before_sending(stage, "fulfillment.create", 0)
        lease = stage.step("warehouse").lease_until
        stage.now = lease + timedelta(seconds=1)
        stage.run()
        assert stage.state("warehouse") is State.UNKNOWN
        assert stage.step("warehouse").next_at == lease + timedelta(seconds=15)
        assert "fulfillment.create" not in counts(stage)


def test_who_had_not_heard_that_a_connection_works_again_holds_its_step_for_a_moment_only(stage):
    stage.receive(order())
    while stage.state_or_none("capture") is not State.READY:
        assert stage.piece()
    connection = stage.step("capture").connection
    stage.store.set_standing(connection, stage.now, paused=True, why="a look at its books")
    stage.run()
    stage.store.set_standing(connection, stage.now, paused=False)  # and nobody resumes what was held since
    assert (stage.state("capture"), stage.step("capture").cause) == (State.HELD, "paused")
    stage.store.plan_chore("mend", connection, stage.now)
    stage.run()
    assert stage.state("capture") is State.DONE


def test_what_stood_in_the_way_at_the_look_and_is_gone_at_the_gate_leaves_no_step_in_its_lease(stage):
    """Between the two the source's word grew old, too: it is read, and then the step goes on."""
    stage.receive(order())
    while stage.state_or_none("capture") is not State.READY:
        assert stage.piece()
    (claim,) = stage.store.claim_steps(1, stage.now)
    connection = stage.step("capture").connection
    stage.store.set_standing(connection, stage.now, paused=True, why="a look at its books")
    worker = work(stage.setting, claim)
    looked = next(worker).act(stage.now)
    assert isinstance(looked.verdict, gate.Hold)
    stage.store.set_standing(connection, stage.now, paused=False)
    finish((worker, worker.send(looked)), stage)
    assert stage.state("capture") is State.DONE
    assert stage.provider.fetches == 1


def up_to_the_call(worker, stage):
    answer = None
    while not (happening := worker.send(answer)).name.startswith("send "):
        answer = happening.act(stage.now)
    return worker, happening


def finish(paused, stage):
    worker, happening = paused
    with suppress(StopIteration):
        while True:
            happening = worker.send(happening.act(stage.now))


def test_an_edit_after_a_try_that_surely_did_not_happen_ships_to_the_new_address(stage):
    stage.provider.scripts["fulfillment.create"] = [NOT_EXECUTED_YET]
    stage.receive(order())
    stage.run()
    stage.receive(edited("2", "2 Quay", lines={"L1": 1, "L2": 1}))
    stage.settle(600)
    (sent,) = stage.provider.executed["fulfillment.create"]
    assert sent["body"]["group"]["destination"]["street_address"] == "2 Quay"
    assert [line["quantity"] for line in sent["body"]["group"]["lines"]] == [1, 1]
    assert not stage.book().steps_named("review")


def test_a_replay_of_everything_does_not_deal_with_tasks(stage):
    stage.receive(order())
    stage.run()
    stage.receive(edited("2", "2 Quay"))
    stage.run()
    commands.replay(stage.setting, "shop:1", None, "ann", "let us see", stage.now)
    assert stage.state("review") is State.HELD


class TestCancelledByAPerson:
    """The order stays open at its source: only the hub knows that it is taken back."""

    def cancel(self, stage):
        commands.cancel(stage.setting, "shop:1", "ann", "the buyer called", stage.now)

    @pytest.mark.parametrize("capability", ["payment.capture", "fulfillment.create"])
    def test_what_a_worker_had_in_hand_is_not_begun(self, stage, capability):
        stage.provider.scripts[capability] = [NOT_EXECUTED_YET]
        stage.receive(order())
        stage.run()
        stage.tick(30)
        (claim,) = stage.store.claim_steps(1, stage.now)
        self.cancel(stage)
        drive(work(stage.setting, claim), stage.clock)
        stage.settle(3600)
        assert capability not in counts(stage)
        assert state_of(stage.book()) == "cancelled"

    def test_what_may_have_happened_is_not_sent_again(self, stage):
        stage.provider.scripts["fulfillment.create"] = ["lost before"]
        stage.receive(order())
        stage.run()
        self.cancel(stage)
        stage.settle(3600)
        assert [sent for sent, _ in stage.provider.sent].count("fulfillment.create") == 1
        assert state_of(stage.book()) == "cancelled"

    def test_an_edit_afterwards_ships_nothing(self, stage):
        stage.receive(order())
        stage.run()
        self.cancel(stage)
        stage.settle(600)
        stage.receive(order(version="2", lines={"L1": 4, "L2": 1}))
        stage.settle(3600)
        assert counts(stage)["fulfillment.create"] == 1
        assert counts(stage)["fulfillment.cancel"] == 1

    def test_the_authorisation_is_released_only_once_it_is_known_whether_it_was_captured(self, stage):
        stage.provider.guarantees["payment.capture"] = replace(
            stage.provider.guarantee("shop", "payment.capture"), settles_within_seconds=600
        )
        stage.provider.scripts["payment.capture"] = ["lost after"]
        stage.receive(order())
        stage.run()
        self.cancel(stage)
        stage.settle(60)
        assert stage.state("release-payment") is State.BLOCKED
        stage.settle(3600)
        assert stage.state("capture") is State.DONE
        assert stage.state("release-payment") is State.SKIPPED
        assert "payment.void" not in counts(stage)


def test_the_order_is_not_called_complete_before_the_hub_has_captured(make_stage):
    """The shop's gateway would capture then, and the hub's own capture would be the second."""
    stage = make_stage(capture="on_shipment")
    stage.provider.scripts["payment.capture"] = [NOT_EXECUTED_YET]
    stage.receive(order())
    stage.run()
    ship(stage, [{"L1": 2, "L2": 1}])
    stage.settle(3600)
    done = [capability for capability, _ in stage.provider.sent if capability in ("payment.capture", "order.complete")]
    assert done == ["payment.capture", "payment.capture", "order.complete"]
