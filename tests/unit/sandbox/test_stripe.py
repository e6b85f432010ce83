from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from hub.sandbox.books import StoreOrder
from hub.sandbox.ledger import read_ledgers
from hub.sandbox.world import World
from tests.unit.sandbox.clerk import Clerk

BASALT = "woocommerce/basalt"


@pytest.fixture
def order(clerk: Clerk) -> StoreOrder:
    return clerk.place(BASALT, "authorised at Stripe")


def path_of(order: StoreOrder, verb: str = "/capture") -> str:
    return f"v1/payment_intents/{order.means.intent}{verb}"


def book(world: World) -> list[dict[str, Any]]:
    return read_ledgers(world.directory)["stripe-main"]


def test_a_live_key_replays_status_and_body(clerk: Clerk, order: StoreOrder) -> None:
    first = clerk.stripe("POST", path_of(order), {"amount_to_capture": order.due}, key="k1")
    again = clerk.stripe("POST", path_of(order), {"amount_to_capture": order.due}, key="k1")
    assert (first.status, again.status, first.body) == (200, 200, again.body)
    assert first.json()["status"] == "succeeded"
    assert (first.header("idempotent-replayed"), again.header("idempotent-replayed")) == (None, "true")
    assert [line["kind"] for line in book(clerk.world)] == ["effect"]


def test_a_key_with_other_parameters_is_an_idempotency_error(clerk: Clerk, order: StoreOrder) -> None:
    clerk.stripe("POST", path_of(order), {"amount_to_capture": order.due}, key="k1")
    other = clerk.stripe("POST", path_of(order), {"amount_to_capture": order.due - 1}, key="k1")
    assert (other.status, other.json()["error"]["type"]) == (400, "idempotency_error")
    assert len(book(clerk.world)) == 1


def test_a_key_in_use_is_a_conflict_until_its_answer_has_left(clerk: Clerk, order: StoreOrder) -> None:
    clerk.world.desk.faults.script("capture", "timeout_after")
    assert clerk.stripe("POST", path_of(order), key="k1").ending == "hang"
    meanwhile = clerk.stripe("POST", path_of(order), key="k1")
    assert (meanwhile.status, meanwhile.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    clerk.wait(clerk.world.settings.hold_seconds)
    later = clerk.stripe("POST", path_of(order), key="k1")
    assert (later.status, later.header("idempotent-replayed")) == (200, "true")
    assert [line["kind"] for line in book(clerk.world)] == ["effect"]


def test_a_stored_500_is_replayed_though_the_money_moved(clerk: Clerk, order: StoreOrder) -> None:
    clerk.world.desk.faults.script("capture", "500_kept")
    answers = [clerk.stripe("POST", path_of(order), key="k1") for _ in range(3)]
    assert [each.status for each in answers] == [500, 500, 500]
    assert answers[2].header("idempotent-replayed") == "true"
    assert clerk.stripe("GET", path_of(order, "")).json()["status"] == "succeeded"
    assert len(book(clerk.world)) == 1


def test_past_its_life_a_key_executes_anew_and_is_an_attempted_double(clerk: Clerk, order: StoreOrder) -> None:
    clerk.stripe("POST", path_of(order), key="k1")
    clerk.wait(clerk.world.settings.stripe_key_seconds)
    late = clerk.stripe("POST", path_of(order), key="k1")
    error = late.json()["error"]
    assert (late.status, error["code"]) == (400, "payment_intent_unexpected_state")
    assert error["payment_intent"]["status"] == "succeeded"
    assert [line["kind"] for line in book(clerk.world)] == ["effect", "double"]


@pytest.mark.parametrize("key", ["k2", ""])
def test_another_key_or_none_is_an_attempted_double(clerk: Clerk, order: StoreOrder, key: str) -> None:
    clerk.stripe("POST", path_of(order), key="k1")
    assert clerk.stripe("POST", path_of(order), key=key).status == 400
    assert [line["kind"] for line in book(clerk.world)] == ["effect", "double"]


def test_wrong_parameters_do_not_take_the_key(clerk: Clerk, order: StoreOrder) -> None:
    assert clerk.stripe("POST", path_of(order), {"amount": 5}, key="k1").json()["error"]["code"] == "parameter_unknown"
    assert clerk.stripe("POST", path_of(order), {"amount_to_capture": order.due}, key="k1").status == 200


def test_looking_is_never_a_double(clerk: Clerk, order: StoreOrder) -> None:
    clerk.stripe("POST", path_of(order), key="k1")
    for _ in range(3):
        assert clerk.stripe("GET", path_of(order, "")).status == 200
        assert clerk.stripe("GET", "v1/refunds", payment_intent=str(order.means.intent)).json()["data"] == []
    assert len(book(clerk.world)) == 1


def test_refunds_are_listed_capped_and_a_second_of_the_same_sum_is_noticed(clerk: Clerk, order: StoreOrder) -> None:
    intent = order.means.intent
    clerk.stripe("POST", path_of(order), key="k1")
    half = order.due // 2
    form = {"payment_intent": intent, "amount": half, "metadata[source_refund]": "r1"}
    assert clerk.stripe("POST", "v1/refunds", form, key="r1").json()["metadata"] == {"source_refund": "r1"}
    assert clerk.stripe("POST", "v1/refunds", form | {"metadata[source_refund]": "r2"}, key="r2").status == 200
    assert clerk.stripe("POST", "v1/refunds", {"payment_intent": intent, "amount": half}, key="r3").status == 400
    listed = clerk.stripe("GET", "v1/refunds", payment_intent=str(intent), limit="1").json()
    assert (len(listed["data"]), listed["has_more"]) == (1, True)
    assert [line["kind"] for line in book(clerk.world)] == ["effect", "effect", "double", "effect", "double"]


def test_a_cancelled_intent_cannot_be_captured(clerk: Clerk, order: StoreOrder) -> None:
    assert (
        clerk.stripe("POST", path_of(order, "/cancel"), {"cancellation_reason": "abandoned"}).json()["status"]
        == "canceled"
    )
    assert clerk.stripe("POST", path_of(order), key="k1").json()["error"]["payment_intent"]["status"] == "canceled"
    assert [line["effect"] for line in book(clerk.world)] == ["payment.void"]


def test_strangers_and_unknown_things_are_refused(clerk: Clerk) -> None:
    wrong = clerk.ask("stripe/main", "GET", "v1/account", authorization="Bearer sk_live_nobody")
    assert wrong.status == 401
    assert clerk.stripe("GET", "v1/payment_intents/pi_none").json()["error"]["code"] == "resource_missing"
    assert clerk.stripe("GET", "v1/nothing").status == 404
    assert clerk.stripe("POST", "v1/refunds", {"payment_intent": "pi_none"}).status == 400


def test_events_are_signed_with_the_time_of_each_attempt(clerk: Clerk, order: StoreOrder) -> None:
    form = {"url": "http://hub.example/stripe", "enabled_events[]": "payment_intent.succeeded"}
    endpoint = clerk.stripe("POST", "v1/webhook_endpoints", form).json()
    clerk.stripe("POST", path_of(order), key="k1")
    clerk.wait(1, status=503)
    clerk.wait(2)
    attempts = [each for each in clerk.posted if each.prefix == "stripe/main"]
    assert [each.attempt for each in attempts][:2] == [1, 2]
    stamps = set()
    for each in attempts:
        headers = dict(each.headers)
        stamp, _, signature = headers["Stripe-Signature"].removeprefix("t=").partition(",v1=")
        signed = stamp.encode() + b"." + each.body
        assert hmac.new(endpoint["secret"].encode(), signed, hashlib.sha256).hexdigest() == signature
        stamps.add(stamp)
    assert len(stamps) == len(attempts)


def test_the_shop_hears_of_the_capture(clerk: Clerk, order: StoreOrder) -> None:
    clerk.world.subscribe(BASALT, "http://hub.example/woo")
    clerk.stripe("POST", path_of(order), key="k1")
    clerk.wait(2)
    assert (order.status, bool(order.paid_at), order.meta["_stripe_charge_captured"]) == ("processing", True, "yes")
    assert [each.topic for each in clerk.posted] == ["order.updated"]
