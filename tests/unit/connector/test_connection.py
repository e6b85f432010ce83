"""A connection over real sockets, and what the flow is told of it."""

from __future__ import annotations

import json
import socket
import threading
import time

import pytest

from hub.connector.connection import Account, Clock, Connection
from hub.connector.pool import Connections
from hub.connector.promise import Overrides
from hub.model.capability import Safety
from hub.model.contract import Call, CannotPrepare, Connectors
from hub.model.outcome import Outcome, Verdict
from tests.unit.connector.provider import PAYMENT, answer, connected, made, manifest
from tests.unit.wire.server import Script, Seen, answering, read_request, reply, reset, serving, unused_port


def over_http(port: int) -> Connection:
    target = f"127.0.0.1:{port}"
    over = Overrides(total_seconds=1.0, connect_seconds=1.0, calls_per_second=1000)
    secrets = {"token": "${env:T}"}
    account = Account("acme-main", "test", {}, secrets, f"http://{target}/api", frozenset({target}), overrides=over)
    return Connection(made(), account, lambda reference: "hunter2hunter2", clock=Clock())


def captured(connection: Connection) -> Outcome:
    return connection.send("payment.capture", connection.prepare("payment.capture", PAYMENT), "k" * 40)


def silence(sock: socket.socket, seen: Seen) -> None:
    read_request(sock, seen)
    seen.stop.wait(3)


def reset_after_reading(sock: socket.socket, seen: Seen) -> None:
    read_request(sock, seen)
    reset(sock)


OK = reply("200 OK", b'{"state": "ok", "id": 7, "amount": 1999, "message": "token hunter2hunter2"}')

CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"

CASES: dict[str, tuple[Script, Verdict, str | None]] = {
    "success": (answering(OK), Verdict.DONE, None),
    "silence": (silence, Verdict.UNKNOWN, "unanswered"),
    "reset after reading": (reset_after_reading, Verdict.UNKNOWN, "unanswered"),
    "truncated JSON": (answering(reply("200 OK", b'{"state": "ok"')), Verdict.UNKNOWN, "200"),
    "truncated body": (answering(CUT, close=True), Verdict.UNKNOWN, "unanswered"),
    "HTML": (answering(reply("200 OK", b"<html>")), Verdict.UNKNOWN, "200"),
    "bad gateway": (answering(reply("502 Bad Gateway", b"<html>")), Verdict.UNKNOWN, "502"),
    "redirect": (answering(reply("302 Found", b"", "Location: http://169.254.169.254/")), Verdict.UNKNOWN, "302"),
    "too many": (answering(reply("429 Too Many Requests", b"", "Retry-After: 3")), Verdict.NOT_EXECUTED, "429"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_way_a_provider_may_behave(name: str) -> None:
    script, verdict, code = CASES[name]
    with serving(script) as (port, seen):
        outcome = captured(over_http(port))
        assert (outcome.verdict, outcome.code) == (verdict, code)
        end = time.monotonic() + 10
        while not seen.requests and time.monotonic() < end:  # a busy machine may let the server read it only now
            time.sleep(0.01)
        assert len(seen.requests) == 1
    assert outcome.transcript["request"]["url"].endswith("/pay/p%201%2F2/capture")
    assert "hunter2" not in json.dumps(outcome.transcript)


def test_refused_was_not_executed() -> None:
    assert captured(over_http(unused_port())).verdict is Verdict.NOT_EXECUTED


def test_the_request_on_the_wire() -> None:
    with serving(answering(OK)) as (port, seen):
        outcome = captured(over_http(port))
    head, _, body = seen.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/pay/p%201%2F2/capture HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer hunter2hunter2\r\n" in head
    assert b"\r\nIdempotency-Key: " + b"k" * 40 in head
    assert body == b'{"amount":1999,"ref":"cdref"}'
    assert outcome.transcript["answer"]["body"]["message"] == "token [REDACTED]"


def test_many_threads_share_one_connection() -> None:
    with serving(answering(OK)) as (port, seen):
        connection = over_http(port)
        outcomes: list[Verdict] = []

        def work() -> None:
            outcomes.extend(captured(connection).verdict for _ in range(10))

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes == [Verdict.DONE] * 60
        assert seen.connections <= 6


def test_a_base_url_that_no_connection_allowed_is_held() -> None:
    account = Account("acme-main", "test", {}, {"token": "${env:T}"}, "http://127.0.0.1:9/api")
    connection = Connection(made(), account, lambda reference: "x")
    outcome = captured(connection)
    assert (outcome.verdict, outcome.code) == (Verdict.HELD, "blocked")


def test_a_setting_that_leads_elsewhere_is_held() -> None:
    for shop in ("evil.example/x?", "a@127.0.0.1#", "127.0.0.1:6379/#"):
        account = Account("acme-main", "test", {"shop": shop}, {"token": "${env:T}"})
        outcome = captured(Connection(made(), account, lambda reference: "x"))
        assert outcome.verdict in (Verdict.HELD, Verdict.NOT_EXECUTED)


# --- what the flow is told


def test_the_pool_is_what_the_flow_needs() -> None:
    connection, wire = connected(answer(200, {"state": "ok", "id": 1}))
    pool = Connections([connection])
    needed: Connectors = pool
    assert needed.supports("acme-main", "payment.capture")
    assert not needed.supports("acme-main", "label.buy")
    assert not needed.supports("other", "payment.capture")
    assert needed.declaration("acme-main") == connection.connector.hash
    body = needed.prepare("acme-main", "payment.capture", PAYMENT)
    assert needed.send(Call("acme-main", "payment.capture", body, "k")).verdict is Verdict.DONE
    assert needed.send(Call("gone", "payment.capture", body, "k")).code == "no_connection"
    assert needed.read("gone", "payment.find", PAYMENT).verdict is Verdict.HELD
    with pytest.raises(CannotPrepare, match="no connection gone"):
        needed.prepare("gone", "payment.capture", PAYMENT)
    assert pool.hold("acme-main") is None
    assert [one.account.name for one in pool] == ["acme-main"]
    replacement, _ = connected(answer(402, {}))
    pool.replace(replacement)
    assert pool.get("acme-main") is replacement
    assert len(wire.asked) == 1


def test_the_guarantee_is_the_manifest_s_with_the_connection_s_own_times() -> None:
    connection, _ = connected()
    told = connection.guarantee("payment.capture")
    assert (told.safety, told.key_life_seconds, told.find) == (Safety.KEY, 86400.0, "payment.find")
    assert told.deadline_seconds == 31.0  # the call's 30 s, and at most 1 s until its turn
    assert (told.settles_within_seconds, told.max_tries, told.backoff_seconds) == (30.0, 8, 2.0)
    connection, _ = connected(
        overrides=Overrides(
            total_seconds=2, settles_within_seconds=1, key_life_seconds=9, backoff_seconds=0.1, backoff_cap_seconds=1,
            max_tries=20, max_age_seconds=60, index_lag_seconds=0.5,
        )
    )  # fmt: skip
    told = connection.guarantee("payment.capture")
    assert (told.deadline_seconds, told.settles_within_seconds, told.key_life_seconds) == (3.0, 1.0, 9.0)
    assert (told.backoff_seconds, told.backoff_cap_seconds, told.max_tries) == (0.1, 1.0, 20)
    assert (told.max_age_seconds, told.index_lag_seconds) == (60.0, 0.5)


def test_test_credentials_are_told_from_live_ones() -> None:
    assert connected()[0].uses_test_credentials() is None
    head = manifest().replace(
        "base_url:", "test_credentials: \"= starts_with(secrets.token, 'secret-of-TEST')\"\nbase_url:"
    )
    told = made(head)
    assert connected(connector=told, secrets={"token": "${env:TEST_1}"})[0].uses_test_credentials() is True
    assert connected(connector=told, secrets={"token": "${env:LIVE_1}"})[0].uses_test_credentials() is False


def test_preparing_and_judging_cost_little() -> None:
    """A rough fence against an engine that becomes slow: the work beside the wire stays far below a millisecond."""
    connection, _ = connected(
        answer(200, {"state": "ok", "id": 1, "amount": 5}), overrides=Overrides(calls_per_second=1e9)
    )
    started = time.process_time()
    for _ in range(200):
        captured(connection)
    assert (time.process_time() - started) / 200 < 0.005
