"""Credentials are put on at the last moment, renewed when they must be, and shown to nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from hub.connector.load import Connector
from hub.model.outcome import Outcome, Verdict
from hub.wire.call import NotSent, Unanswered
from tests.unit.connector.provider import PAYMENT, Time, answer, connected, made, manifest

OK = answer(200, {"state": "ok", "id": 1})
HITS = answer(200, {"hits": []})
BOTH = {"token": "${env:A}", "other": "${env:B}"}


def with_auth(text: str) -> Connector:
    return made(manifest(auth=f"auth: {text}"))


def headers(auth: str, **more: Any) -> dict[str, str]:
    connection, wire = connected(HITS, connector=with_auth(auth), secrets=BOTH, **more)
    assert connection.read("payment.find", PAYMENT).verdict is Verdict.DONE
    return dict(wire.asked[-1].headers)


def test_bearer_basic_and_headers() -> None:
    assert headers("{type: bearer, token: '= secrets.token'}")["Authorization"] == "Bearer secret-of-A"
    coded = base64.b64encode(b"secret-of-A:").decode()
    assert headers("{type: basic, username: '= secrets.token'}")["Authorization"] == f"Basic {coded}"
    found = headers("{type: header, headers: {X-Key: '= secrets.token', X-Shop: '= settings.shop'}}")
    assert (found["X-Key"], found["X-Shop"]) == ("secret-of-A", "blue")
    assert "Authorization" not in headers("{type: none}")


def test_a_signed_request_covers_what_the_manifest_names() -> None:
    auth = """
  type: hmac
  key: "= secrets.token"
  message: "= join('.', [string(timestamp), method, path, query, body_sha256, nonce])"
  header: X-Signature
  prefix: "v1="
  headers: {X-Time: "= string(timestamp)", X-Nonce: "= nonce"}"""
    found = headers(auth)
    empty = hashlib.sha256(b"").hexdigest()
    text = f"{found['X-Time']}.GET./api/pay/p%201%2F2.ref=cdref.{empty}.{found['X-Nonce']}"
    assert found["X-Signature"] == "v1=" + hmac.new(b"secret-of-A", text.encode(), "sha256").hexdigest()
    assert len(found["X-Nonce"]) == 32


def test_the_first_way_whose_secrets_are_there_is_used() -> None:
    auth = """
  - {type: header, headers: {X-Old: "= secrets.other"}}
  - {type: bearer, token: "= secrets.token"}"""
    assert "X-Old" in headers(auth)
    connection, wire = connected(HITS, connector=with_auth(auth), secrets={"token": "${env:A}"})
    connection.read("payment.find", PAYMENT)
    assert "X-Old" not in dict(wire.asked[0].headers)
    gated = """
  - {type: header, when: "= settings.shop == 'red'", headers: {X-Old: "= secrets.other"}}
  - {type: bearer, token: "= secrets.token"}"""
    assert "X-Old" not in headers(gated)
    assert "X-Old" in headers(gated, settings={"shop": "red"})


def test_without_the_secret_nothing_is_sent() -> None:
    connection, wire = connected(HITS, secrets={"other": "${env:B}"})
    outcome = connection.read("payment.find", PAYMENT)
    assert (outcome.verdict, outcome.code) == (Verdict.AUTH, "secret_missing")
    assert not wire.asked


def test_a_secret_that_cannot_be_had_or_cannot_travel_is_auth_and_is_not_shown() -> None:
    connection, wire = connected(HITS)

    def broken(reference: str) -> str:
        raise RuntimeError("the store is locked")

    connection.keyring.secrets._resolve = broken  # type: ignore[attr-defined]
    assert connection.read("payment.find", PAYMENT).code == "secret_missing"
    connection.keyring.secrets._resolve = lambda reference: "hunter2\r\nX: y"  # type: ignore[attr-defined]
    outcome = connection.read("payment.find", PAYMENT)
    assert outcome.verdict is Verdict.AUTH
    assert "hunter2" not in str(outcome)
    assert not wire.asked


OAUTH = """
  type: oauth2_client_credentials
  token_url: https://{settings.shop}.acme.example/token
  client_id: "= secrets.token"
  client_secret: "= secrets.other"
  scope: orders
  renew_before: 100s"""


def token(name: str, lifetime: Any = 1000, **more: Any) -> Any:
    return answer(200, {"access_token": name, "expires_in": lifetime, **more})


def test_a_token_is_fetched_once_and_renewed_before_it_ends() -> None:
    time = Time()
    connection, wire = connected(
        token("t1"), HITS, HITS, token("t2"), HITS, connector=with_auth(OAUTH), secrets=BOTH, time=time
    )
    connection.read("payment.find", PAYMENT)
    connection.read("payment.find", PAYMENT)
    time.at += 901
    connection.read("payment.find", PAYMENT)
    assert [request.url.rsplit("/", 1)[-1].partition("?")[0] for request in wire.asked] == [
        "token", "p%201%2F2", "p%201%2F2", "token", "p%201%2F2",
    ]  # fmt: skip
    assert wire.asked[0].url == "https://blue.acme.example/token"
    assert parse_qs(wire.asked[0].body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["orders"],
        "client_id": ["secret-of-A"],
        "client_secret": ["secret-of-B"],
    }
    assert [dict(wire.asked[place].headers)["Authorization"] for place in (1, 2, 4)] == [
        "Bearer t1",
        "Bearer t1",
        "Bearer t2",
    ]


def test_a_question_is_asked_again_once_with_a_fresh_token() -> None:
    connection, wire = connected(
        token("t1"), HITS, answer(401), token("t2"), HITS, connector=with_auth(OAUTH), secrets=BOTH
    )
    connection.read("payment.find", PAYMENT)
    assert connection.read("payment.find", PAYMENT).verdict is Verdict.DONE
    assert dict(wire.asked[-1].headers)["Authorization"] == "Bearer t2"


def test_a_fresh_token_that_is_refused_is_auth_and_not_a_loop() -> None:
    connection, wire = connected(token("t1"), answer(401), connector=with_auth(OAUTH), secrets=BOTH)
    assert connection.read("payment.find", PAYMENT).verdict is Verdict.AUTH
    assert len(wire.asked) == 2


def test_a_change_with_an_ended_token_was_not_executed_and_is_sent_once() -> None:
    connection, _ = connected(token("t1"), OK, answer(401), token("t2"), OK, connector=with_auth(OAUTH), secrets=BOTH)
    stored = connection.prepare("payment.capture", PAYMENT)
    assert connection.send("payment.capture", stored, "k").verdict is Verdict.DONE
    outcome = connection.send("payment.capture", stored, "k")
    assert (outcome.verdict, outcome.code) == (Verdict.NOT_EXECUTED, "token_renewed")
    assert connection.send("payment.capture", stored, "k").verdict is Verdict.DONE


@pytest.mark.parametrize(
    ("given", "verdict", "code"),
    [
        (NotSent("refused"), Verdict.NOT_EXECUTED, "token_unavailable"),
        (Unanswered("silence"), Verdict.NOT_EXECUTED, "token_unavailable"),
        (answer(503), Verdict.NOT_EXECUTED, "token_unavailable"),
        (answer(429), Verdict.NOT_EXECUTED, "token_unavailable"),
        (answer(400, {"error": "invalid_client"}), Verdict.AUTH, "token_refused"),
        (answer(200, b"<html>"), Verdict.AUTH, "token_refused"),
        (answer(200, {"access_token": ""}), Verdict.AUTH, "token_refused"),
        (answer(200, {"access_token": ["x"]}), Verdict.AUTH, "token_refused"),
    ],
)
def test_without_a_token_the_change_itself_was_never_sent(given: Any, verdict: Verdict, code: str) -> None:
    connection, wire = connected(given, connector=with_auth(OAUTH), secrets=BOTH)
    outcome: Outcome = connection.send("payment.capture", connection.prepare("payment.capture", PAYMENT), "k")
    assert (outcome.verdict, outcome.code) == (verdict, code)
    assert len(wire.asked) == 1


def test_a_rotated_refresh_token_is_kept() -> None:
    auth = (
        """
  type: oauth2_refresh
  token_url: https://acme.example/token
  client_id: client
  client_secret: "= secrets.token"
  refresh_token: "= secrets.refresh"
  credentials: basic
  body: json
  header: X-Access
  prefix: """
        '""'
    )
    head = manifest(auth=f"auth: {auth}").replace("  other:", "  refresh: {title: Refresh}\n  other:")
    kept: list[tuple[str, str]] = []
    connection, wire = connected(
        token("t1", "soon", refresh_token="r2"), HITS, connector=made(head),
        secrets={"token": "${env:A}", "refresh": "${env:R}"}, keep=lambda name, value: kept.append((name, value)),
    )  # fmt: skip
    connection.read("payment.find", PAYMENT)
    assert kept == [("refresh", "r2")]
    assert json.loads(wire.asked[0].body) == {"grant_type": "refresh_token", "refresh_token": "secret-of-R"}
    assert dict(wire.asked[0].headers)["Authorization"].startswith("Basic ")
    assert dict(wire.asked[1].headers)["X-Access"] == "t1"


def test_no_transcript_holds_a_credential() -> None:
    echo = answer(
        200, {"hits": [], "message": "you sent t1 and secret-of-A", "id": base64.b64encode(b"secret-of-B").decode()}
    )
    connection, _ = connected(token("t1-long-token"), echo, connector=with_auth(OAUTH), secrets=BOTH)
    outcome = connection.read("payment.find", PAYMENT)
    shown = json.dumps(outcome.transcript)
    assert "[REDACTED]" in shown
    for secret in ("secret-of", "t1-long-token", base64.b64encode(b"secret-of-B").decode()):
        assert secret not in shown
