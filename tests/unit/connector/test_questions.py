"""Further questions of a change are asked while its request is prepared, and what they say is stored with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.connector.connection import Account, Connection
from hub.connector.example import run_examples
from hub.connector.load import Connector, load
from hub.language.decode import canonical_json, decode_json
from hub.language.problem import Problems
from hub.model.contract import NotPrepared
from hub.model.outcome import Verdict
from hub.wire.call import Request, Response, Unanswered

MANIFEST = """
name: made_up
title: Made up
docs: https://provider.example/docs
api: {version: "1"}
base_url: https://provider.example
operations:
  label.refund:
    method: POST
    path: /graphql
    also:
      found:
        path: /graphql
        body: {graphql: {query: "query F($id: ID!) { f(id: $id) { n } }", variables: {id: "= input.shipment_id"}}}
    body:
      graphql:
        query: "mutation R($n: Int!, $key: String) { r(n: $n) @idempotent(key: $key) { id } }"
        variables: {n: "= also.found.data.f.n"}
    safety: {class: key, field: key, lifetime: 24h}
    outcomes:
      - {status: 200, when: "= answer.data.r.id", then: done}
    result: {id: "= answer.data.r.id", status: done}
    examples:
      - name: refunded
        input: {shipment_id: s1}
        also: {found: {json: {data: {f: {n: 7}}}}}
        request: {variables: {n: 7, key: example-key}}
        answer: {json: {data: {r: {id: 9}}}}
        outcome: {verdict: done, result: {id: "9", status: done}}
"""

HATCHED = """
name: made_up
title: Made up
docs: https://provider.example/docs
api: {version: "1"}
base_url: https://provider.example
headers: {X-Version: "1"}
auth: {type: bearer, token: "= secrets.token"}
secrets: {token: {title: Token}}
operations:
  label.refund:
    hatch: true
    also: {found: {path: "/found/{input.shipment_id}"}}
    safety: {class: repeatable}
    outcomes: [{status: 200, when: "= answer.id", then: done}]
    result: {id: "= answer.id", status: done}
    examples:
      - name: refunded
        input: {shipment_id: s1}
        also: {found: {json: {n: 7}}}
        request: {method: POST, path: /r/7, headers: {X-Version: "1"}, json: {n: 7}}
        answer: {json: {id: 9}}
        outcome: {verdict: done, result: {id: "9", status: done}}
"""

HATCH = """
def prepare_label_refund(given, settings):
    return {"n": given["also"]["found"]["n"]}


def send_label_refund(stored, context):
    return context.request("POST", f"/r/{stored['n']}", stored)
"""


class Script:
    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), []  # type: ignore[var-annotated]

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Response(200, {}, canonical_json(answer))


def made(tmp_path: Path, manifest: str, hatch: str | None = None) -> Connector:
    folder = tmp_path / "made_up"
    folder.mkdir()
    (folder / "connector.yaml").write_text(manifest)
    if hatch:
        (folder / "operations.py").write_text(hatch)
    return load(folder)


def connection(connector: Connector, script: Script) -> Connection:
    return Connection(connector, Account("c", secrets={"token": "${env:T}"}), lambda _: "t0ken", lambda *_: script)


def test_the_answer_joins_the_request_and_is_stored(tmp_path: Path) -> None:
    script = Script({"data": {"f": {"n": 7}}}, {"data": {"r": {"id": 9}}})
    line = connection(made(tmp_path, MANIFEST), script)
    body = line.prepare("label.refund", {"shipment_id": "s1"})
    assert len(script.asked) == 1
    outcome = line.send("label.refund", body, "k1")
    assert outcome.verdict is Verdict.DONE
    assert len(script.asked) == 2
    assert decode_json(script.asked[0].body)["variables"] == {"id": "s1"}
    assert decode_json(script.asked[1].body)["variables"] == {"n": 7, "key": "k1"}


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ({"errors": [{"message": "slow down", "extensions": {"code": "THROTTLED"}}]}, Verdict.NOT_EXECUTED),
        ({"errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED"}}]}, Verdict.AUTH),
        ({"data": None, "errors": [{"message": "what"}]}, Verdict.REFUSED),
        (Unanswered("no answer"), Verdict.UNKNOWN),
    ],
)
def test_a_question_without_answer_prepares_nothing(tmp_path: Path, answer: Any, verdict: Verdict) -> None:
    script = Script(answer)
    line = connection(made(tmp_path, MANIFEST), script)
    with pytest.raises(NotPrepared) as caught:
        line.prepare("label.refund", {"shipment_id": "s1"})
    assert caught.value.outcome.verdict is verdict
    assert len(script.asked) == 1


def test_a_hatch_sees_the_answer_and_may_send_with_the_connections_credentials(tmp_path: Path) -> None:
    script = Script({"n": 7}, {"id": 9})
    line = connection(made(tmp_path, HATCHED, HATCH), script)
    outcome = line.send("label.refund", line.prepare("label.refund", {"shipment_id": "s1"}), None)
    assert (outcome.verdict, outcome.result) == (Verdict.DONE, {"id": "9", "status": "done"})
    headers = dict(script.asked[1].headers)
    assert (script.asked[1].method, script.asked[1].url) == ("POST", "https://provider.example/r/7")
    assert (headers["Authorization"], headers["X-Version"]) == ("Bearer t0ken", "1")
    assert outcome.transcript["request"]["method"] == "POST"


def test_a_question_must_not_change_anything(tmp_path: Path) -> None:
    text = MANIFEST.replace('"query F', '"mutation F')
    with pytest.raises(Problems, match="a further question changes something"):
        made(tmp_path, text)


def test_examples_answer_the_questions_first(tmp_path: Path) -> None:
    assert run_examples(made(tmp_path, MANIFEST)) == []


def test_examples_of_a_hatch_too(tmp_path: Path) -> None:
    assert run_examples(made(tmp_path, HATCHED, HATCH)) == []
    wrong = HATCHED.replace("json: {n: 7}}\n        answer", "json: {n: 8}}\n        answer")
    assert wrong != HATCHED
    folder = tmp_path / "other"
    folder.mkdir()
    assert [problem.what for problem in run_examples(made(folder, wrong, HATCH))] == [
        "example 'refunded': the request's json is {\"n\":7}"
    ]


def test_a_token_url_may_lie_below_the_connections_own_address(tmp_path: Path) -> None:
    oauth = "type: oauth2_client_credentials, token_url: /oauth/token, client_id: me, client_secret: '= secrets.token'"
    text = HATCHED.replace('auth: {type: bearer, token: "= secrets.token"}', f"auth: {{{oauth}}}")
    script = Script({"access_token": "fresh", "expires_in": 60}, {"n": 7})
    account = Account("c", secrets={"token": "${env:T}"}, base_url="https://other.example/shop/")
    line = Connection(made(tmp_path, text, HATCH), account, lambda _: "t0ken", lambda *_: script)
    line.prepare("label.refund", {"shipment_id": "s1"})
    assert [asked.url for asked in script.asked] == [
        "https://other.example/shop/oauth/token",
        "https://other.example/shop/found/s1",
    ]
