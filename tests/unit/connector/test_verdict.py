"""What answers mean: the table first, then defaults under which only an explicit success is success."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.connector.verdict import retry_after
from hub.model.outcome import Outcome, Verdict
from hub.wire.call import Blocked, NotSent, Unanswered
from tests.unit.connector.provider import CAPTURE, FIND, PAYMENT, answer, connected, made, manifest

DONE, REFUSED, UNKNOWN, AUTH = Verdict.DONE, Verdict.REFUSED, Verdict.UNKNOWN, Verdict.AUTH
NOT_EXECUTED, BUSY, DUPLICATE, HELD = Verdict.NOT_EXECUTED, Verdict.BUSY, Verdict.DUPLICATE, Verdict.HELD


def capture(given: Any) -> Outcome:
    connection, _ = connected(given)
    return connection.send("payment.capture", connection.prepare("payment.capture", PAYMENT), "k")


def find(given: Any) -> Outcome:
    return connected(given)[0].read("payment.find", PAYMENT)


@pytest.mark.parametrize(
    ("given", "verdict", "code"),
    [
        (answer(200, {"state": "ok", "id": 1, "amount": 5}), DONE, None),
        (answer(200, {"state": "pending", "id": 1}), UNKNOWN, "200"),
        (answer(200, {"state": "ok"}), UNKNOWN, "unreadable"),  # a success that names nothing
        (answer(200, b'{"state": "ok", "id"'), UNKNOWN, "200"),
        (answer(200, b"<html>ok</html>"), UNKNOWN, "200"),
        (answer(200), UNKNOWN, "200"),
        (answer(201, {"state": "ok", "id": 1}), UNKNOWN, "201"),
        (answer(302, None, location="https://x.example"), UNKNOWN, "302"),
        (answer(400, {}), REFUSED, "400"),
        (answer(402, {"code": "declined", "text": "no"}), REFUSED, "declined"),
        (answer(401, {}), AUTH, "401"),
        (answer(403, b"<html>"), AUTH, "403"),
        (answer(404), REFUSED, "404"),
        (answer(408), UNKNOWN, "408"),
        (answer(409, {"code": "other"}), BUSY, "409"),
        (answer(409, {"code": "taken", "id": 9}), DUPLICATE, "taken"),
        (answer(422, {}), REFUSED, "422"),
        (answer(425), UNKNOWN, "425"),
        (answer(429), NOT_EXECUTED, "429"),
        (answer(500), UNKNOWN, "500"),
        (answer(503, {"code": "closed", "wait": 9}), NOT_EXECUTED, "503"),
        (answer(503, {"code": "else"}), UNKNOWN, "503"),
        (NotSent("refused"), NOT_EXECUTED, "not_sent"),
        (Blocked("guard"), HELD, "blocked"),
        (Unanswered("silence"), UNKNOWN, "unanswered"),
    ],
)
def test_a_change(given: Any, verdict: Verdict, code: str | None) -> None:
    outcome = capture(given)
    assert (outcome.verdict, outcome.code) == (verdict, code)
    if verdict is not DONE and verdict is not DUPLICATE:
        assert outcome.result == {}


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (answer(200, {"hits": []}), DONE),
        (answer(200, {"hits": None}), UNKNOWN),
        (answer(200, {"hits": "x"}), UNKNOWN),
        (answer(200, b"{"), UNKNOWN),
        (answer(400), REFUSED),
        (answer(401), AUTH),
        (answer(404), REFUSED),
        (answer(409), UNKNOWN),
        (answer(429), NOT_EXECUTED),
        (answer(500), UNKNOWN),
        (answer(302), UNKNOWN),
        (NotSent("refused"), NOT_EXECUTED),
        (Unanswered("silence"), UNKNOWN),
    ],
)
def test_a_question(given: Any, verdict: Verdict) -> None:
    assert find(given).verdict is verdict


def test_a_row_may_give_what_it_knows() -> None:
    assert capture(answer(409, {"code": "taken", "id": 9})).result == {"id": "9"}
    assert capture(answer(503, {"code": "closed", "wait": 9})).retry_after_seconds == 9.0
    assert capture(answer(503, {"code": "closed", "wait": 99999})).retry_after_seconds == 3600.0
    assert capture(answer(503, {"code": "closed", "wait": "soon"})).retry_after_seconds is None


def test_a_stored_answer_is_known_as_one_even_where_no_row_fits() -> None:
    assert capture(answer(200, {"state": "ok", "id": 1}, replayed="yes")).replayed
    assert capture(answer(500, None, replayed="yes")).replayed
    assert not capture(answer(500)).replayed


def test_what_the_provider_says_is_fit_to_be_shown() -> None:
    outcome = capture(answer(402, {"code": "c", "text": "card 4242424242424242 of jon@doe.example\n" + "x" * 900}))
    assert outcome.message is not None
    assert outcome.message.startswith("card [PAN ****4242] of j***@d***\\u000a")
    assert len(outcome.message) <= 300


NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        (" 2.5 ", 2.5),
        ("86400", 3600.0),
        ("-5", None),
        ("soon", None),
        ("٣", None),
        ("1e9", None),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Mon, 02 Mar 2026 12:00:00 GMT", 3600.0),
        ("Sun, 99 Mar 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds


def test_the_header_that_says_to_wait_has_the_name_the_manifest_gives() -> None:
    text = manifest().replace("operations:", "budget: {retry_after: X-Retry-After}\noperations:")
    connection, _ = connected(answer(429, None, x_retry_after="13", retry_after="99"), connector=made(text))
    outcome = connection.send("payment.capture", connection.prepare("payment.capture", PAYMENT), "k")
    assert outcome.retry_after_seconds == 13.0


GRAPHQL = '{graphql: {query: "{ a }", variables: {}}}'


@pytest.mark.parametrize(
    ("errors", "verdict", "code"),
    [
        ([{"message": "slow down", "extensions": {"code": "THROTTLED"}}], NOT_EXECUTED, "THROTTLED"),
        ([{"message": "no scope", "extensions": {"code": "ACCESS_DENIED"}}], AUTH, "ACCESS_DENIED"),
        ([{"message": "boom", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}], UNKNOWN, "INTERNAL_SERVER_ERROR"),
        ([{"message": "what?"}], UNKNOWN, "graphql"),
        ("throttled", UNKNOWN, "graphql"),
        ([None], UNKNOWN, "graphql"),
    ],
)
def test_graphql_says_no_with_a_200(errors: Any, verdict: Verdict, code: str) -> None:
    text = CAPTURE.replace('{json: {amount: "= input.amount", ref: "= input.reference"}}', GRAPHQL)
    connection, _ = connected(answer(200, {"errors": errors}), connector=made(manifest(text, FIND)))
    outcome = connection.send("payment.capture", connection.prepare("payment.capture", PAYMENT), "k")
    assert (outcome.verdict, outcome.code) == (verdict, code)


@pytest.mark.parametrize("name", [{"id": 1}, [1], True, 1.5])
def test_a_success_whose_id_is_no_name_is_unknown(name: Any) -> None:
    """A mapping as the id went on to a column of texts."""
    outcome = capture(answer(200, {"state": "ok", "id": name, "amount": 5}))
    assert (outcome.verdict, outcome.code) == (UNKNOWN, "unreadable")
