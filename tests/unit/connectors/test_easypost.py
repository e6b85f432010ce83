"""EasyPost's hatch: against answers that EasyPost really gave, and against a wire that breaks."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
import vcr

from hub.connector.connection import Account, Connection
from hub.connector.load import Connector, load
from hub.connector.promise import Overrides
from hub.language.decode import canonical_json, decode_json
from hub.model.outcome import Outcome, Verdict
from hub.wire.call import NotSent, Request, Response, Unanswered
from tests.unit.connectors.carried import Carrier, Line
from tests.unit.sandbox.clerk import Clerk

ADDRESS = {
    "first_name": "Jack",
    "last_name": "Sparrow",
    "street_address": "388 Townsend St",
    "address_locality": "San Francisco",
    "address_region": "CA",
    "postal_code": "94107",
    "address_country": "US",
}
GROUP = {"id": "g1", "lines": [], "destination": ADDRESS, "currency": "USD"}
SHIPMENT: dict[str, Any] = {
    "reference": "cdexample000000000000000001",
    "group": GROUP,
    "buyer": {"email": "jack@buyer.example"},
    "origin": ADDRESS,
    "parcel": {"weight_grams": 437},
}


class Replay:
    """Carries calls to a recorded cassette, past the first `skip` of a path; what is not in it is an error."""

    def __init__(self, cassette: Path, skip: int = 0) -> None:
        self._cassette, self._skip = cassette, skip
        self.asked: list[Request] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        recorder = vcr.VCR(record_mode="none", match_on=["method", "path"], decode_compressed_response=True)
        with recorder.use_cassette(str(self._cassette)), requests.Session() as session:
            for _ in range(self._skip + 1):
                answer = session.request(request.method, request.url, data=request.body, timeout=5)
        framing = ("content-encoding", "transfer-encoding", "content-length")
        headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in framing}
        return Response(answer.status_code, headers, answer.content)


class Script:
    """Answers in turn, or breaks."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), []  # type: ignore[var-annotated]

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        return Response(status, headers, body if isinstance(body, bytes) else canonical_json(body))


@pytest.fixture(scope="module")
def connector(checkout: Path) -> Connector:
    return load(checkout / "connectors/easypost")


@pytest.fixture
def cassettes(shared: Path) -> Path:
    return shared / "recordings/easypost/cassettes-python"


def connection(connector: Connector, transport: Any, key: str = "EZTKexample", **settings: Any) -> Connection:
    account = Account("carrier", "test", settings, {"api_key": "${env:K}"}, overrides=Overrides(total_seconds=9))
    return Connection(connector, account, lambda _: key, lambda *_: transport)


def done(line: Connection, capability: str, inputs: dict[str, Any]) -> Outcome:
    operation = line.connector.operations[capability]
    if operation.mutating:
        return line.send(capability, line.prepare(capability, inputs), None)
    return line.read(capability, inputs)


def identity(cassette: Path, kind: str = "shp") -> str:
    found = re.search(rf"{kind}_[0-9a-f]{{32}}", cassette.read_text())
    assert found
    return found[0]


def test_a_real_shipment_is_created(connector: Connector, cassettes: Path) -> None:
    replay = Replay(cassettes / "test_shipment_create.yaml")
    outcome = done(connection(connector, replay), "shipment.create", SHIPMENT)
    assert outcome.verdict is Verdict.DONE
    assert outcome.result["id"] == identity(cassettes / "test_shipment_create.yaml")
    rates = {rate["service"]: rate for rate in outcome.result["rates"]}
    assert all(isinstance(rate["amount"], int) and rate["currency"] == "USD" for rate in rates.values())
    assert "Priority" in rates
    sent = decode_json(replay.asked[0].body)["shipment"]
    assert str(sent["parcel"]["weight"]) == "15.5"
    assert sent["reference"] == SHIPMENT["reference"]
    assert outcome.transcript["answer"]["status"] == 201
    assert "EZTK" not in str(outcome.transcript)


def test_a_real_label_is_bought_by_the_shipments_id(connector: Connector, cassettes: Path) -> None:
    cassette = cassettes / "test_shipment_buy.yaml"
    inputs = {"shipment_id": identity(cassette), "rate_id": identity(cassette, "rate"), "group": GROUP}
    outcome = done(connection(connector, Replay(cassette)), "label.buy", inputs)
    assert outcome.verdict is Verdict.DONE, outcome
    assert outcome.result["tracking_number"].isdigit()
    assert outcome.result["label_url"].startswith("https://")
    assert (outcome.result["carrier"], outcome.result["currency"]) == ("USPS", "USD")
    assert outcome.result["amount"] > 100


def test_a_real_shipment_is_found(connector: Connector, cassettes: Path) -> None:
    cassette = cassettes / "test_shipment_retrieve.yaml"
    outcome = done(connection(connector, Replay(cassette)), "shipment.find", {"id": identity(cassette)})
    assert outcome.verdict is Verdict.DONE
    (hit,) = outcome.result["hits"]
    assert (hit["status"], hit.get("refund_status")) == ("created", None)
    assert hit["rates"]


def test_a_real_label_is_given_back(connector: Connector, cassettes: Path) -> None:
    cassette = cassettes / "test_shipment_refund.yaml"
    outcome = done(connection(connector, Replay(cassette)), "label.refund", {"shipment_id": identity(cassette)})
    assert (outcome.verdict, outcome.result["status"]) == (Verdict.DONE, "submitted")


def test_a_real_address_is_judged(connector: Connector, cassettes: Path) -> None:
    good = connection(connector, Replay(cassettes / "test_address_create_verify_carrier.yaml"))
    outcome = done(good, "address.verify", {"destination": ADDRESS})
    assert outcome.verdict is Verdict.DONE
    assert outcome.result["verified"] is True
    assert outcome.result["destination"]["street_address"].isupper()
    cassette = Replay(cassettes / "test_address_create_verify.yaml", skip=1)
    outcome = done(connection(connector, cassette), "address.verify", {"destination": ADDRESS})
    assert outcome.result["verified"] is False
    assert outcome.result["problems"] == ["Address not found"]


def test_real_rates_are_listed(connector: Connector, cassettes: Path) -> None:
    replay = Replay(cassettes / "test_beta_retrieve_stateless_rates.yaml")
    inputs = {"origin": ADDRESS, "destination": ADDRESS, "parcel": {"weight_grams": 437}}
    outcome = done(connection(connector, replay), "rate.list", inputs)
    assert outcome.verdict is Verdict.DONE
    assert {"USPS:Priority"} <= {rate["id"] for rate in outcome.result["rates"]}


def test_a_real_parcel_is_followed(connector: Connector, cassettes: Path) -> None:
    replay = Replay(cassettes / "test_tracker_all.yaml")
    outcome = done(
        connection(connector, replay), "tracking.get", {"tracking_number": "EZ1000000001", "carrier": "USPS"}
    )
    assert outcome.verdict is Verdict.DONE
    assert outcome.result["status"]
    assert all(event["type"] and event["occurred_at"].endswith("Z") for event in outcome.result["events"])


def test_a_real_refusal_is_one(connector: Connector, cassettes: Path) -> None:
    outcome = done(connection(connector, Replay(cassettes / "test_error.yaml")), "shipment.create", SHIPMENT)
    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "PARAMETER.REQUIRED")


BUY = {"shipment_id": "shp_1", "rate_id": "rate_1", "group": GROUP}


@pytest.mark.parametrize(
    ("answer", "verdict", "code"),
    [
        (NotSent("nobody listens"), Verdict.NOT_EXECUTED, "not_sent"),
        (Unanswered("no answer in time"), Verdict.UNKNOWN, "unanswered"),
        ((502, {"content-type": "text/html"}, b"<html>Bad Gateway</html>"), Verdict.UNKNOWN, "502"),
        ((500, {}, {"error": {"code": "INTERNAL"}}), Verdict.UNKNOWN, "INTERNAL"),
        ((409, {}, {"error": {"code": "CONFLICT"}}), Verdict.UNKNOWN, "CONFLICT"),
        ((200, {}, b'{"id": "shp_1", "tracki'), Verdict.UNKNOWN, None),
        ((200, {}, {"id": "shp_1"}), Verdict.UNKNOWN, None),
        ((301, {"location": "https://elsewhere.example/"}, b""), Verdict.UNKNOWN, None),
        ((401, {}, {"error": {"code": "APIKEY.INACTIVE"}}), Verdict.AUTH, "APIKEY.INACTIVE"),
        ((422, {}, {"error": {"code": "SHIPMENT.POSTAGE.FAILURE"}}), Verdict.REFUSED, "SHIPMENT.POSTAGE.FAILURE"),
        ((429, {"retry-after": "9"}, {"error": {"code": "RATE_LIMITED"}}), Verdict.NOT_EXECUTED, "RATE_LIMITED"),
    ],
)
def test_what_a_purchase_comes_to(connector: Connector, answer: Any, verdict: Verdict, code: str | None) -> None:
    script = Script(answer)
    outcome = done(connection(connector, script), "label.buy", BUY)
    assert outcome.verdict is verdict
    assert code is None or outcome.code == code
    assert len(script.asked) == 1
    assert outcome.retry_after_seconds == (9.0 if code == "RATE_LIMITED" else None)


def test_a_reading_is_not_repeated_either(connector: Connector) -> None:
    script = Script((503, {}, b""), (200, {}, {"id": "shp_1"}))
    assert done(connection(connector, script), "shipment.find", {"id": "shp_1"}).verdict is Verdict.UNKNOWN
    assert len(script.asked) == 1


def test_every_call_has_the_operations_time_outs_and_the_key_of_its_account(connector: Connector) -> None:
    script = Script((404, {}, {"error": {}}), (404, {}, {"error": {}}))
    for key in ("EZAKone", "EZAKtwo"):
        done(connection(connector, script, key), "shipment.find", {"id": "shp_1"})
    assert [dict(asked.headers)["Authorization"] for asked in script.asked] == ["Bearer EZAKone", "Bearer EZAKtwo"]
    assert [(asked.timeout.connect, asked.timeout.total) for asked in script.asked] == [(5.0, 9.0)] * 2
    assert {asked.url for asked in script.asked} == {"https://api.easypost.com/v2/shipments/shp_1"}


def test_another_base_url_is_enough_to_go_elsewhere(connector: Connector) -> None:
    for base in ("http://127.0.0.1:9/easypost/main", "http://127.0.0.1:9/easypost/main/v2/"):
        script = Script((404, {}, {"error": {}}))
        account = Account("carrier", secrets={"api_key": "${env:K}"}, base_url=base)
        line = Connection(connector, account, lambda _: "EZTK", lambda *_, script=script: script)
        done(line, "shipment.find", {"id": "shp_1"})
        assert script.asked[0].url == "http://127.0.0.1:9/easypost/main/v2/shipments/shp_1"


def test_threads_do_not_share_a_client(connector: Connector) -> None:
    seen: list[tuple[str, str]] = []

    def ask(name: str) -> None:
        for _ in range(20):
            script = Script((200, {}, {"id": name, "rates": []}))
            outcome = done(connection(connector, script), "shipment.find", {"id": name})
            seen.append((name, outcome.result["hits"][0]["id"]))

    threads = [threading.Thread(target=ask, args=(f"shp_{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 80
    assert all(asked == answered for asked, answered in seen)


def test_test_keys_are_known_as_such(connector: Connector) -> None:
    assert connection(connector, Script(), "EZTKexample").uses_test_credentials() is True
    assert connection(connector, Script(), "EZAKexample").uses_test_credentials() is False


def test_a_labels_whole_life_in_the_sandbox(checkout: Path, clerk: Clerk) -> None:
    account: Any = clerk.world.accounts["easypost/main"]
    line = Line(checkout, Carrier(clerk.world, clerk.clock), account.prefix, {"api_key": account.key}, {})
    made = line.do("shipment.create", **SHIPMENT)
    assert made.verdict is Verdict.DONE, made
    cheapest = min(made.result["rates"], key=lambda rate: rate["amount"])
    wanted = {"shipment_id": made.result["id"], "rate_id": cheapest["id"], "group": GROUP}
    bought = line.do("label.buy", **wanted)
    assert (bought.verdict, bought.result["amount"]) == (Verdict.DONE, cheapest["amount"])
    assert line.do("label.buy", **wanted).verdict is Verdict.DUPLICATE
    for inputs in ({"id": made.result["id"]}, {"reference": SHIPMENT["reference"]}):
        (hit,) = line.do("shipment.find", **inputs).result["hits"]
        assert (hit["status"], hit["tracking_number"]) == ("purchased", bought.result["tracking_number"])
    assert line.do("shipment.find", id="shp_none").result["hits"] == []
    followed = line.do(
        "tracking.get", tracking_number=bought.result["tracking_number"], carrier=bought.result["carrier"]
    )
    assert followed.result["status"] == "processing"
    assert line.do("label.refund", shipment_id=made.result["id"]).result["status"] == "submitted"
    assert line.do("label.refund", shipment_id=made.result["id"]).verdict is Verdict.REFUSED
    (hit,) = line.do("shipment.find", id=made.result["id"]).result["hits"]
    assert hit["refund_status"] == "submitted"
