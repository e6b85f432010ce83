"""From templates to the exact bytes of a request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.connector.rest import Prepared
from hub.model.contract import CannotPrepare
from hub.model.outcome import Verdict
from tests.unit.connector.provider import CAPTURE, FIND, PAYMENT, answer, connected, made, manifest

OK = answer(200, {"state": "ok", "id": 77, "amount": 1999})


def test_the_prepared_request_is_canonical_and_holds_no_credential() -> None:
    connection, wire = connected(OK)
    stored = connection.prepare("payment.capture", PAYMENT)
    assert stored == connection.prepare("payment.capture", dict(reversed(PAYMENT.items())))
    assert json.loads(stored) == {
        "method": "POST",
        "path": "/pay/p%201%2F2/capture",
        "query": [],
        "headers": [["Content-Type", "application/json"]],
        "body": '{"amount":1999,"ref":"cdref"}',
        "input": {"currency": "EUR"},
    }
    assert not wire.asked
    assert b"secret" not in stored
    assert Prepared.stored(stored).store() == stored


def test_what_is_stored_is_what_is_sent_with_key_and_credentials_on_top() -> None:
    connection, wire = connected(OK, OK)
    stored = connection.prepare("payment.capture", PAYMENT)
    outcome = connection.send("payment.capture", stored, "k" * 40)
    assert outcome.verdict is Verdict.DONE
    assert outcome.result == {"id": "77", "amount": 1999, "currency": "EUR", "status": "ok"}
    connection.send("payment.capture", stored, "k" * 40)
    first, second = wire.asked
    assert first == second
    assert first.url == "https://blue.acme.example/api/pay/p%201%2F2/capture"
    assert first.body == b'{"amount":1999,"ref":"cdref"}'
    assert dict(first.headers) == {
        "User-Agent": "Crossdock",
        "Content-Type": "application/json",
        "Idempotency-Key": "k" * 40,
        "Authorization": "Bearer secret-of-TOKEN",
    }
    assert (first.timeout.connect, first.timeout.total) == (5.0, 30.0)


@pytest.mark.parametrize(
    "identity", ["../../admin", "@127.0.0.1/", "//evil.example", "a?b#c", "..%2f", "\u2028x", "x\r\ny"]
)
def test_order_data_in_a_path_stays_one_segment(identity: str) -> None:
    connection, wire = connected(OK)
    stored = connection.prepare("payment.capture", {**PAYMENT, "payment": {"id": identity}})
    connection.send("payment.capture", stored, "k")
    url = wire.asked[0].url
    assert url.startswith("https://blue.acme.example/api/pay/")
    assert url.count("/") == 6
    assert url.endswith("/capture")


@pytest.mark.parametrize("identity", ["", ".", "..", None, {"a": 1}])
def test_a_path_without_its_value_cannot_be_prepared(identity: Any) -> None:
    connection, _ = connected()
    with pytest.raises(CannotPrepare) as caught:
        connection.prepare("payment.capture", {**PAYMENT, "payment": {"id": identity}})
    assert "path" in caught.value.path


@pytest.mark.parametrize("value", ["ok\r\nX: y", "ok\x00", "\u560a\u560dSet-Cookie: a=b"])
def test_a_header_that_would_break_the_request_cannot_be_prepared(value: str) -> None:
    text = manifest(CAPTURE.replace('"= settings.rank"', '"= input.reference"'), FIND)
    connection, wire = connected(connector=made(text))
    with pytest.raises(CannotPrepare, match="control or non-ASCII"):
        connection.prepare("payment.capture", {**PAYMENT, "reference": value})
    assert not wire.asked


def bodied(body: str, safety: str = "{class: none}") -> str:
    text = CAPTURE.replace('{json: {amount: "= input.amount", ref: "= input.reference"}}', body)
    start, end = text.index("    safety:"), text.index("    outcomes:")
    return manifest(text[:start] + f"    safety: {safety}\n" + text[end:], FIND)


def sent(text: str, **more: Any) -> tuple[str, str]:
    connection, wire = connected(OK, connector=made(text))
    connection.send("payment.capture", connection.prepare("payment.capture", {**PAYMENT, **more}), "k1")
    return wire.asked[0].body.decode(), dict(wire.asked[0].headers)["Content-Type"]


def test_a_form_nests_by_brackets_and_leaves_null_out() -> None:
    body = "{form: {a: {b: '= input.amount', c: [x, 'y z']}, d: true, e: '= input.order'}}"
    assert sent(bodied(body)) == ("a[b]=1999&a[c][0]=x&a[c][1]=y+z&d=true", "application/x-www-form-urlencoded")


def test_xml_escapes_and_has_attributes() -> None:
    body = (
        "{xml: {Order: {'@id': '= input.reference', Line: [{Sku: a<b}, {Sku: c}], N: '= input.order', '#text': '&'}}}"
    )
    text, kind = sent(bodied(body))
    assert kind == "application/xml"
    assert text.endswith('<Order id="cdref">&amp;<Line><Sku>a&lt;b</Sku></Line><Line><Sku>c</Sku></Line></Order>')


def test_xml_refuses_what_it_cannot_carry() -> None:
    connection, _ = connected(connector=made(bodied("{xml: {Order: '= input.reference'}}")))
    with pytest.raises(CannotPrepare, match="control character"):
        connection.prepare("payment.capture", {**PAYMENT, "reference": "a\x07b"})


def test_graphql_is_a_query_with_variables() -> None:
    body = "{graphql: {query: 'mutation($a: Int!) { pay(a: $a) }', variables: {a: '= input.amount'}}}"
    text, kind = sent(bodied(body))
    assert json.loads(text) == {"query": "mutation($a: Int!) { pay(a: $a) }", "variables": {"a": 1999}}
    assert kind == "application/json"


def test_the_key_may_ride_in_a_field_of_the_body() -> None:
    key = "{class: key, field: idempotency_key, lifetime: 1h}"
    assert sent(bodied("{json: {amount: '= input.amount'}}", key))[0] == '{"amount":1999,"idempotency_key":"k1"}'
    assert sent(bodied("{form: {amount: '= input.amount'}}", key))[0] == "amount=1999&idempotency_key=k1"


def test_64_bit_numbers_and_decimals_keep_every_digit() -> None:
    text, _ = sent(bodied("{json: {a: '= input.amount', b: 0.10, c: 12345678901234567890}}"), amount=9007199254740993)
    assert text == '{"a":9007199254740993,"b":0.10,"c":12345678901234567890}'


def test_what_the_provider_cannot_serve_is_refused_with_a_mend() -> None:
    refuse = "    refuse: [{when: '= input.amount > `1000`', what: too much, mend: split it}]\n    safety:"
    connection, _ = connected(connector=made(manifest(CAPTURE.replace("    safety:", refuse), FIND)))
    with pytest.raises(CannotPrepare) as caught:
        connection.prepare("payment.capture", PAYMENT)
    assert (caught.value.what, caught.value.mend) == ("too much", "split it")
    assert connection.prepare("payment.capture", {**PAYMENT, "amount": 5})


def test_an_unknown_capability_and_an_unreadable_intent_are_held_and_not_raised() -> None:
    connection, wire = connected()
    with pytest.raises(CannotPrepare):
        connection.prepare("label.buy", {})
    assert connection.send("label.buy", b"{}", None).verdict is Verdict.HELD
    assert connection.send("payment.capture", b"not json", None).verdict is Verdict.HELD
    assert connection.read("label.buy", {}).verdict is Verdict.REFUSED
    assert not wire.asked
