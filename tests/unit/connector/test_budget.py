"""How fast a connection is called, and when it is left alone."""

from __future__ import annotations

import threading

from hub.connector.budget import Breaker, Bucket
from hub.connector.promise import Overrides
from hub.model.outcome import Verdict
from hub.wire.call import NotSent, Unanswered
from tests.unit.connector.provider import PAYMENT, Time, answer, connected, made, manifest

OK = answer(200, {"state": "ok", "id": 1})


def test_a_burst_goes_at_once_and_the_rest_in_step() -> None:
    time = Time()
    bucket = Bucket(10, 1.0, 3, lambda: time.at)
    waits = [bucket.take(9.0)[1] for _ in range(5)]
    assert [round(wait, 6) for wait in waits] == [0, 0, 0, 0.1, 0.2]
    time.at += 100
    assert [round(bucket.take(9.0)[1], 6) for _ in range(4)] == [0, 0, 0, 0.1]


def test_a_turn_too_far_away_is_not_reserved() -> None:
    time = Time()
    bucket = Bucket(1, 10.0, 1, lambda: time.at)
    assert bucket.take(5.0) == (True, 0.0)
    assert bucket.take(5.0) == (False, 10.0)
    time.at += 6
    assert bucket.take(5.0) == (True, 4.0)


def test_the_rate_holds_under_threads() -> None:
    bucket = Bucket(100, 1.0, 10, lambda: 0.0)
    waits: list[float] = []
    threads = [threading.Thread(target=lambda: waits.extend(bucket.take(99.0)[1] for _ in range(50))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert round(max(waits), 6) == (400 - 10) * 0.01
    assert len({round(wait, 6) for wait in waits}) == 391


def test_the_breaker_opens_lets_one_through_and_closes() -> None:
    time = Time()
    breaker = Breaker(3, 30.0, lambda: time.at)
    for _ in range(2):
        breaker.note(False)
    breaker.note(True)
    for _ in range(3):
        assert breaker.enter() == 0.0
        breaker.note(False)
    assert breaker.enter() == 30.0
    time.at += 31
    assert breaker.closed_in() == 0.0
    assert breaker.enter() == 0.0  # the probe
    assert breaker.enter() == 30.0  # nobody else meanwhile
    breaker.note(True)
    assert breaker.enter() == 0.0


def test_an_open_breaker_holds_and_sends_nothing() -> None:
    time = Time()
    connection, wire = connected(
        Unanswered("silence"), NotSent("refused"), answer(500), OK, time=time,
        overrides=Overrides(breaker_failures=3, breaker_opens_for_seconds=60),
    )  # fmt: skip
    stored = connection.prepare("payment.capture", PAYMENT)
    assert connection.hold() is None
    verdicts = [connection.send("payment.capture", stored, "k").verdict for _ in range(4)]
    assert verdicts == [Verdict.UNKNOWN, Verdict.NOT_EXECUTED, Verdict.UNKNOWN, Verdict.HELD]
    held = connection.hold()
    assert held is not None
    assert (held.code, held.retry_after_seconds) == ("breaker_open", 60.0)
    assert len(wire.asked) == 3
    time.at += 61
    assert connection.send("payment.capture", stored, "k").verdict is Verdict.DONE
    assert connection.hold() is None


def test_refusals_do_not_open_the_breaker() -> None:
    connection, wire = connected(answer(400), overrides=Overrides(breaker_failures=2))
    stored = connection.prepare("payment.capture", PAYMENT)
    assert {connection.send("payment.capture", stored, "k").verdict for _ in range(5)} == {Verdict.REFUSED}
    assert len(wire.asked) == 5


def test_an_absurd_wait_is_the_requests_own_and_the_others_wait_a_minute() -> None:
    time = Time()
    connection, wire = connected(answer(429, None, retry_after="86400"), OK, time=time)
    stored = connection.prepare("payment.capture", PAYMENT)
    assert (connection.send("payment.capture", stored, "k").retry_after_seconds or 0) >= 3600
    put_off = connection.send("payment.capture", stored, "other")
    assert (put_off.code, put_off.retry_after_seconds) == ("budget", 60.0)
    time.at += 61
    assert connection.send("payment.capture", stored, "other").verdict is Verdict.DONE
    assert len(wire.asked) == 2


def test_a_429_pauses_the_whole_connection() -> None:
    time = Time()
    connection, wire = connected(answer(429, None, retry_after="7"), OK, time=time)
    stored = connection.prepare("payment.capture", PAYMENT)
    assert connection.send("payment.capture", stored, "k").retry_after_seconds == 7.0
    put_off = connection.send("payment.capture", stored, "k2")
    assert (put_off.verdict, put_off.code, put_off.retry_after_seconds) == (Verdict.NOT_EXECUTED, "budget", 7.0)
    assert len(wire.asked) == 1
    time.at += 6.5
    assert connection.send("payment.capture", stored, "k2").verdict is Verdict.DONE
    assert time.slept == [0.5]
    assert len(wire.asked) == 2


def test_a_call_whose_turn_is_too_far_away_is_put_off_unsent() -> None:
    text = manifest().replace("operations:", "budget: {calls: 1, per: 60s, longest_wait: 5s}\noperations:")
    connection, wire = connected(OK, connector=made(text))
    stored = connection.prepare("payment.capture", PAYMENT)
    connection.send("payment.capture", stored, "k")
    outcome = connection.send("payment.capture", stored, "k")
    assert (outcome.verdict, outcome.code, outcome.retry_after_seconds) == (Verdict.NOT_EXECUTED, "budget", 60.0)
    assert len(wire.asked) == 1
