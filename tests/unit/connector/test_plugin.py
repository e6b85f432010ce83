"""The hatch: two halves, a guarded way out, and whatever an SDK raises ends as an outcome."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.connector.load import Connector, load_sources
from hub.language.problem import Problems
from hub.model.contract import CannotPrepare
from hub.model.outcome import Outcome, Verdict
from hub.wire.call import Blocked, NotSent, Response, Unanswered, WireError
from tests.unit.connector.provider import CAPTURE, FIND, answer, connected, made, manifest

BUY = """
  label.buy:
    hatch: true
    safety: {class: none}
    outcomes:
      - {status: 200, when: "= answer.ok", then: done}
      - {status: 402, then: refused, code: "= answer.code"}
    result:
      id: "= answer.id"
      currency: "= input.rate_id"
    examples: [{name: it, outcome: {}}]
  tracking.get:
    hatch: true
    examples: [{name: it, outcome: {}}]
"""

HATCH = """
from __future__ import annotations

from dataclasses import dataclass

from hub.model.outcome import Outcome, Verdict


def prepare_label_buy(input, settings):
    return {"shipment": input["shipment_id"], "shop": settings["shop"]}


def send_label_buy(stored, context):
    how = stored["shipment"]
    if how == "outcome":
        return Outcome(Verdict.BUSY, code="mine")
    if how == "result":
        return {"id": 7, "tracking_number": context.secret("token"), "amount": 5}
    if how == "nameless":
        return {"id": None}
    if how == "bug":
        raise KeyError("sk_live_" + "x" * 24)
    if how == "no secret":
        context.secret("other")
    answer = context.session().post(f"{context.base_url}/buy", json=stored, headers={"Key": context.key})
    return context.judge(answer.status_code, dict(answer.headers), answer.content)


@dataclass(frozen=True)
class Kept:
    number: int | None = None


def prepare_tracking_get(input, settings):
    return input["tracking_number"]


def send_tracking_get(stored, context):
    return {"status": "delivered", "events": [{"type": "delivered", "at": stored}]}
"""


def hatched(hatch: str = HATCH) -> Connector:
    return made(manifest(CAPTURE, FIND, BUY), hatch)


def buy(how: str, *given: Response | WireError, hatch: str = HATCH) -> tuple[Outcome, Any]:
    connection, wire = connected(*given, connector=hatched(hatch))
    stored = connection.prepare("label.buy", {"shipment_id": how, "rate_id": "EUR"})
    assert json.loads(stored) == {"hatch": {"shipment": how, "shop": "blue"}, "input": {"rate_id": "EUR"}}
    return connection.send("label.buy", stored, "k1"), wire


def test_the_two_halves_and_the_table_work_together() -> None:
    outcome, wire = buy("x", answer(200, {"ok": True, "id": 9}))
    assert (outcome.verdict, outcome.result["id"], outcome.result["currency"]) == (Verdict.DONE, "9", "EUR")
    (request,) = wire.asked
    assert (request.method, request.url) == ("POST", "https://blue.acme.example/api/buy")
    assert json.loads(request.body) == {"shipment": "x", "shop": "blue"}
    assert ("Key", "k1") in request.headers
    assert buy("x", answer(402, {"code": "broke"}))[0].code == "broke"
    assert buy("x", answer(500))[0].verdict is Verdict.UNKNOWN


def test_a_hatch_may_give_the_result_or_the_outcome_itself() -> None:
    assert buy("outcome")[0].code == "mine"
    done = buy("result")[0]
    assert (done.verdict, done.result["id"], done.result["label_url"]) == (Verdict.DONE, "7", None)
    assert buy("nameless")[0].verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("given", "verdict", "code"),
    [
        (NotSent("refused"), Verdict.NOT_EXECUTED, "not_sent"),
        (Blocked("guard"), Verdict.HELD, "blocked"),
        (Unanswered("silence"), Verdict.UNKNOWN, "unanswered"),
    ],
)
def test_what_the_wire_said_is_found_under_the_sdk_s_exceptions(given: WireError, verdict: Verdict, code: str) -> None:
    outcome, _ = buy("x", given)
    assert (outcome.verdict, outcome.code) == (verdict, code)


def test_any_other_exception_is_unknown_and_shows_no_secret() -> None:
    outcome, _ = buy("bug")
    assert (outcome.verdict, outcome.code) == (Verdict.UNKNOWN, "hatch_failed")
    assert "sk_live" not in str(outcome)
    assert buy("no secret")[0].verdict is Verdict.AUTH


def test_a_question_through_a_hatch() -> None:
    connection, _ = connected(connector=hatched())
    outcome = connection.read("tracking.get", {"tracking_number": "1Z"})
    assert outcome.result == {"status": "delivered", "events": [{"type": "delivered", "at": "1Z"}]}


def test_a_first_half_that_fails_cannot_prepare() -> None:
    connection, _ = connected(connector=hatched(HATCH.replace('input["shipment_id"]', "object()")))
    with pytest.raises(CannotPrepare, match="hatch"):
        connection.prepare("label.buy", {"shipment_id": "x"})


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("import hub.store", "may not import hub.store"),
        ("from hub import connector", "may not import hub.connector"),
        ("from hub.connector.load import load", "may not import hub.connector.load"),
        ("def f():\n    from hub.vault.store import Vault", "may not import hub.vault.store"),
        ("from connectors.stripe import operations", "may not import connectors.stripe"),
        ("from . import x", "may not import ."),
        ("import no_such_sdk", "does not load"),
        ("1 / 0", "does not load"),
        ("def broken(:", "not Python"),
    ],
)
def test_a_hatch_that_reaches_too_far_or_does_not_run_is_a_problem_with_a_line(line: str, what: str) -> None:
    with pytest.raises(Problems) as caught:
        hatched(HATCH + "\n" + line + "\n")
    problem = next(problem for problem in caught.value.problems if what in problem.what)
    assert problem.file == "operations.py"
    assert problem.line > 30 if "not Python" not in what else problem.line >= 1


def test_a_missing_half_is_a_problem_at_its_operation() -> None:
    with pytest.raises(Problems, match="no function send_label_buy"):
        hatched(HATCH.replace("def send_label_buy", "def sent_label_buy"))


def test_the_hatch_is_part_of_the_connector_s_identity_and_can_be_loaded_again() -> None:
    one, two = hatched(), hatched(HATCH + "\n# changed\n")
    assert one.hash != two.hash
    again = load_sources(one.sources)
    assert again.hash == one.hash
    assert again.hatch is not None
