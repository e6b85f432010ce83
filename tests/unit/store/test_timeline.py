"""What happened to an order, in order and in words."""

from __future__ import annotations

from datetime import timedelta

from hub.model.effect import Identity, key_of
from hub.model.flow import State
from hub.model.view import Entry
from hub.store.views import Views
from tests.stores import MakeStore
from tests.unit.store.hand import INSTALL_KEY, NOW, Hand, add, order_for


def entries(views: Views, key: str) -> tuple[Entry, ...]:
    found = views.order(key)
    assert found is not None
    return views.timeline(found)


def test_a_walk_is_told_in_the_order_it_was_gone(views: Views) -> None:
    told = [entry.text for entry in entries(views, "shop-eu:5450")]
    assert told == [
        "Placed at shop-eu",
        "The order was received.",
        "The payment is there",
        "Capture a payment: done",
        "Prepare a carrier shipment: done",
        "Buy a label: no clear answer; what happened is found out before anything else is sent",
        "Buy a label: looked up",
        "Buy a label: looked up",
        "Buy a label: not found, but not certain",
    ]


def test_times_never_run_backwards_and_what_is_to_come_stands_last(views: Views) -> None:
    told = entries(views, "shop-eu:5451")
    past = [entry.at for entry in told if entry.kind != "planned"]
    assert past == sorted(past)
    assert [entry.kind for entry in told[-2:]] == ["planned", "planned"]


def test_a_try_names_provider_key_reference_and_the_providers_id(views: Views) -> None:
    capture = next(entry for entry in entries(views, "shop-eu:5450") if entry.capability == "payment.capture")
    identity = Identity("shop-eu:5450", "payment.capture", "payment:pay-5450")
    assert capture.key == key_of(INSTALL_KEY, identity)
    assert (capture.connection, capture.provider_id, capture.verdict) == ("stripe-main", "pi_35450Kq", "done")
    assert (capture.tone, capture.kind) == ("good", "attempt")


def test_a_try_without_an_answer_is_a_doubt_with_the_reason(views: Views) -> None:
    lost = next(entry for entry in entries(views, "shop-eu:5450") if entry.verdict == "unknown")
    assert lost.tone == "doubt"
    assert lost.more == "The connection was reset after the request had been sent."
    assert lost.provider_id is None


def test_messages_that_spoke_of_it_and_conflicts_are_in_it(views: Views) -> None:
    message = next(entry for entry in entries(views, "shop-eu:5451") if entry.kind == "message")
    assert (message.text, message.message) == ("shop-eu sent orders/create", 5)
    assert message.more == "Same number, other content"


def test_evidence_says_who_reports_what(views: Views) -> None:
    report = next(entry for entry in entries(views, "shop-eu:5452") if entry.kind == "evidence")
    assert report.text == "stripe-main reports the payment captured"
    assert report.message == 1


def test_a_change_says_what_changed_and_a_decision_who_took_it(make_store: MakeStore) -> None:
    store = make_store()
    add(store, "shop:1", timedelta(hours=2), lambda hand: hand.begin(order_for("1", "#1", NOW)))

    def change(hand: Hand) -> None:
        order = hand.book.order
        assert order is not None
        hand.book.order, hand.book.version = (
            order.model_copy(update={"note": "leave at the door", "standing": "on_hold"}),
            2,
        )
        hand.book.note(hand.at, "ana", "release", "she called", step="fulfil-order/capture/payment:1")

    add(store, "shop:1", timedelta(hours=1), change)
    told = entries(Views(store.readers), "shop:1")
    assert "The order changed: the note, it is on hold now" in [entry.text for entry in told]
    decision = next(entry for entry in told if entry.actor == "ana")
    assert (decision.text, decision.more) == ("ana released it", "she called")
    store.close()


def test_what_was_skipped_for_a_reason_is_told_and_what_never_applied_is_not(make_store: MakeStore) -> None:
    store = make_store()

    def write(hand: Hand) -> None:
        hand.begin(order_for("1", "#1", NOW))
        for name, cause in (("capture", "done_at_source"), ("label", "does_not_apply")):
            hand.step(
                name, "order", State.SKIPPED, "s", "payment.capture" if name == "capture" else "label.buy", cause=cause
            )

    add(store, "shop:1", timedelta(hours=1), write)
    told = {entry.text: entry.more for entry in entries(Views(store.readers), "shop:1")}
    assert told["Capture a payment: not needed"] == "The storefront has already done it."
    assert "Buy a label: not needed" not in told
    store.close()


def test_what_a_try_says_is_said_once_and_a_question_is_no_doubt(make_store: MakeStore) -> None:
    store = make_store()

    def write(hand: Hand) -> None:
        hand.begin(order_for("1", "#1", NOW))
        hand.step("letter", "shipped:order", State.DONE, "mail", "notification.send", tries=[
            ("scheduled", "not_executed", "451", "451 4.3.0 try again later"), ("scheduled", "done", "250", None),
        ])  # fmt: skip
        hand.step("address", "group:1", State.DONE, "easypost-main", "address.verify", tries=[
            ("scheduled", "unknown", "503", None), ("scheduled", "done", None, None),
        ])  # fmt: skip

    add(store, "shop:1", timedelta(hours=1), write)
    views = Views(store.readers)
    found = views.order("shop:1")
    assert found is not None
    told = [(entry.text, entry.more) for entry in views.timeline(found) if entry.kind == "attempt"]
    assert told == [
        ("Send a customer message: not executed; it is tried again", "451 4.3.0 try again later"),
        ("Send a customer message: done", None),
        ("Check an address: no clear answer; it is asked again", "503"),
        ("Check an address: done", None),
    ]
    store.close()
