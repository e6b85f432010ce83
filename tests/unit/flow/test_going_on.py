"""A worker that settles a step begins the next one of its order in one transaction, where nothing is in its way."""

from __future__ import annotations

from dataclasses import replace

from hub.flow import intake
from hub.flow.drive import drive
from hub.flow.intent import Sending
from hub.flow.worker import work
from hub.model.contract import Claim
from hub.model.flow import State
from tests.unit.flow.stage import counts, order


def walk(stage, worker) -> list[str]:
    """What happens, one event after the other."""
    names: list[str] = []
    answer = None
    while True:
        try:
            happening = worker.send(answer)
        except StopIteration:
            return names
        names.append(happening.name)
        answer = happening.act(stage.now)


def to_the_capture(stage):
    """Everything until the capture is due, and its claim."""
    stage.one_step_a_claim()
    stage.receive(order())
    while stage.state_or_none("capture") is not State.READY:
        assert stage.piece()
    stage.setting = replace(stage.setting, may_go_on=lambda connection: True)
    (claim,) = (c for c in stage.store.claim_steps(20, stage.now) if "/capture/" in c.step)
    return claim


def test_one_claim_carries_an_order_as_far_as_it_can_go(stage):
    names = walk(stage, work(stage.setting, to_the_capture(stage)))
    sent = [name for name in names if name.startswith("send ")]
    assert sent == ["send payment.capture", "send notification.send", "send fulfillment.create"]
    assert names[names.index("send payment.capture") :] == [n for name in sent for n in (name, "settle")]
    assert counts(stage) == {"payment.capture": 1, "notification.send": 1, "fulfillment.create": 1}


def test_each_step_is_fenced_by_a_token_of_its_own(stage):
    worker = work(stage.setting, to_the_capture(stage))
    answer = None
    sendings: list[Claim] = []
    while len(sendings) < 2:
        happening = worker.send(answer)
        answer = happening.act(stage.now)
        if isinstance(answer, Sending):
            sendings.append(answer.claim)
    capture, second = sendings
    assert stage.step("capture").token == capture.token
    assert stage.book().steps[second.step].state is State.INTENT
    assert stage.book().steps[second.step].token == second.token == 1
    assert not [c for c in stage.store.claim_steps(20, stage.now) if c.step == second.step]  # nobody else takes it


def test_what_a_dead_worker_had_gone_on_with_is_settled_by_whoever_claims_it(stage):
    worker = work(stage.setting, to_the_capture(stage))
    answer, sending = None, None
    while sending is None or "capture" in sending.claim.step:
        happening = worker.send(answer)
        answer = happening.act(stage.now)
        sending = answer if isinstance(answer, Sending) else sending
    worker.close()
    stage.settle()
    assert counts(stage) == {"payment.capture": 1, "notification.send": 1, "fulfillment.create": 1}


def test_a_paused_connection_is_left_to_a_claim(stage):
    claim = to_the_capture(stage)
    stage.store.set_standing("mail", stage.now, paused=True)
    names = walk(stage, work(stage.setting, claim))
    assert "send notification.send" not in names
    assert stage.state("confirmation") is State.READY
    stage.run()
    assert stage.state("confirmation") is State.HELD


def test_a_connection_that_the_engine_keeps_from_going_on_is_left_to_a_claim(stage):
    claim = to_the_capture(stage)
    stage.setting = replace(stage.setting, may_go_on=lambda connection: connection != "warehouse")
    names = walk(stage, work(stage.setting, claim))
    assert [name for name in names if name.startswith("send ")] == ["send payment.capture", "send notification.send"]
    assert stage.state("warehouse") is State.READY


def test_a_request_that_asks_first_is_left_to_a_claim(stage):
    claim = to_the_capture(stage)
    stage.provider.asks_first = lambda connection, capability: capability == "notification.send"
    assert "send notification.send" not in walk(stage, work(stage.setting, claim))
    assert stage.state("confirmation") is State.READY


def test_a_defect_of_the_next_request_never_undoes_what_has_happened(stage):
    claim = to_the_capture(stage)
    prepare = stage.provider.prepare

    def broken(connection, capability, inputs):
        if capability == "fulfillment.create":
            raise ZeroDivisionError
        return prepare(connection, capability, inputs)

    stage.provider.prepare = broken
    walk(stage, work(stage.setting, claim))
    assert stage.state("capture") is State.DONE
    assert stage.state("confirmation") is State.DONE
    assert stage.state("warehouse") is State.READY
    stage.provider.prepare = prepare
    stage.run()
    assert stage.state("warehouse") is State.DONE


def test_the_worker_of_a_message_goes_on_with_its_order(stage):
    stage.setting = replace(
        stage.setting,
        connections={
            **stage.setting.connections,
            "shop": replace(stage.setting.connections["shop"], pull_mapping=None),
        },
    )
    stage.receive(order())
    (message,) = stage.store.claim_messages(1, stage.now)
    drive(intake.receive(stage.setting, message), stage.clock)
    assert counts(stage) == {"payment.capture": 1, "notification.send": 1, "fulfillment.create": 1}
