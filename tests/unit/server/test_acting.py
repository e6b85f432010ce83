"""Decisions by form: who may, with what plan, and what is on record afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.assembly.hub import Hub
from hub.model.flow import State
from tests.unit.server.browser import Browser
from tests.unit.store.hand import NOW, Hand, add, order_for

LABEL = "fulfil-order/label/group:self-easypost-1"
WAREHOUSE = "fulfil-order/warehouse/group:warehouse-shipbob-de-1"


def steps(hub: Hub, key: str) -> dict[str, State]:
    book = hub.store.read(key)
    assert book is not None
    return {step.id: step.state for step in book.steps.values()}


def last_decision(hub: Hub) -> dict[str, Any]:
    row = hub.store.readers.tx().one("SELECT * FROM audit ORDER BY id DESC LIMIT 1")
    assert row is not None
    return dict(row)


def test_a_replay_shows_its_plan_first_and_then_does_it(hub: Hub, operator: Browser) -> None:
    page = operator.get(f"/act/replay?order=shop-eu:5449&step={WAREHOUSE}").text
    assert "will do" in page and "Warehouse" in page
    assert steps(hub, "shop-eu:5449")[WAREHOUSE] is State.REJECTED
    answer = operator.send(f"/act/replay?order=shop-eu:5449&step={WAREHOUSE}", "/act/replay", why="the SKU is mapped")
    assert answer.headers["Location"] == "/orders/shop-eu/5449?done=replay"
    assert steps(hub, "shop-eu:5449")[WAREHOUSE] is not State.REJECTED
    assert (last_decision(hub)["actor"], last_decision(hub)["action"]) == ("operator", "replay")
    page = operator.get("/orders/shop-eu/5449?done=replay").text
    assert "It is tried again." in page and "operator asked for another try" in page and "the SKU is mapped" in page


def test_a_release_overrules_what_the_order_says(hub: Hub, approver: Browser) -> None:
    assert "will do" in approver.get("/act/release?order=shop-eu:5448").text
    approver.send("/act/release?order=shop-eu:5448", "/act/release", why="called the buyer")
    book = hub.store.read("shop-eu:5448")
    assert book is not None and book.approved
    assert steps(hub, "shop-eu:5448")["fulfil-order/capture/payment:pay-5448"] is State.READY


def test_a_wait_that_is_released_goes_on_and_says_so(hub: Hub, approver: Browser) -> None:
    def write(hand: Hand) -> None:
        hand.begin(order_for("669", "#669", NOW))
        hand.step("payment", "order", State.HELD, "shop-eu", awaits="payment", cause="payment_unknown")

    add(hub.store, "shop-eu:669", timedelta(hours=1), write)
    page = approver.get("/act/release?order=shop-eu:669&step=fulfil-order/payment/order").text
    assert '<span class="verdict busy">goes on</span>' in page and "nothing" not in page
    assert "The order was paid by a method the hub does not know." in page


def test_a_release_of_messages_says_how_many_and_why(hub: Hub, approver: Browser) -> None:
    page = approver.get("/act/messages?connection=shop-eu&cause=unmappable").text
    assert "Release messages of shop-eu" in page and "<dd>2</dd>" in page and "Cannot be understood" in page
    assert "order&#39;s history" not in page


def test_a_doubt_is_resolved_by_a_persons_word(hub: Hub, approver: Browser) -> None:
    path = f"/act/resolve?order=shop-eu:5450&step={LABEL}"
    missing = approver.send(path, "/act/resolve", why="seen", decision="happened")
    assert missing.status_code == 409 and "needs the provider" in missing.text and "seen" in missing.text
    assert steps(hub, "shop-eu:5450")[LABEL] is State.PARKED
    approver.send(path, "/act/resolve", why="seen", decision="happened", reference="shp_88")
    assert steps(hub, "shop-eu:5450")[LABEL] is State.DONE
    book = hub.store.read("shop-eu:5450")
    assert book is not None
    assert next(e for e in book.effects.values() if e.capability == "label.buy").provider_id == "shp_88"


def test_a_paused_connection_is_resumed_and_what_waits_goes_on(hub: Hub, operator: Browser) -> None:
    answer = operator.send("/act/resume?connection=shipbob-de", "/act/resume", why="stocktaking is over")
    assert answer.status_code == 303
    assert not hub.store.standing("shipbob-de").paused
    assert [steps(hub, f"shop-eu:{number}")[WAREHOUSE] for number in (5444, 5445, 5446)] == [State.READY] * 3


def test_held_messages_are_released_by_cause_or_one_by_one(hub: Hub, operator: Browser) -> None:
    operator.send("/act/messages?connection=shop-eu&cause=unmappable", "/act/messages", why="mapping mended")
    states = {row.id: row.state for row in hub.views.messages().rows}
    assert states == {1: "translated", 2: "kept", 3: "kept", 4: "held", 5: "translated"}
    operator.send("/act/messages?message=4", "/act/messages", why="mapping added")
    assert {row.id: row.state for row in hub.views.messages().rows}[4] == "kept"


def test_a_conflict_is_judged(hub: Hub, operator: Browser) -> None:
    operator.send("/act/messages?message=5&cause=conflict", "/act/messages", why="the first is right")
    assert hub.views.counts(hub.clock()).conflicts == 0


def test_history_is_adopted_with_its_plan(hub: Hub, approver: Browser) -> None:
    assert "will do" in approver.get("/act/adopt?order=shop-eu:4711").text
    approver.send("/act/adopt?order=shop-eu:4711", "/act/adopt", why="it never left the old system")
    book = hub.store.read("shop-eu:4711")
    assert book is not None and book.disposition == "active" and book.adopted


def test_an_order_is_cancelled(hub: Hub, approver: Browser) -> None:
    approver.send("/act/cancel?order=shop-eu:5447", "/act/cancel", why="the buyer wrote")
    book = hub.store.read("shop-eu:5447")
    assert book is not None and "cancel-order" in book.runs


def test_a_connection_is_paused(hub: Hub, operator: Browser) -> None:
    operator.send("/act/pause?connection=stripe-main", "/act/pause", why="audit")
    assert hub.store.standing("stripe-main").why == "audit"
    answer = operator.send("/act/pause?connection=stripe-main", "/act/pause", why="x", connection="nobody")
    assert answer.status_code == 409 and "There is no connection" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/act/replay?order=shop-eu:5449",
        "/act/release?order=shop-eu:5447",
        "/act/resume?connection=shipbob-de",
        "/act/messages?message=2",
        "/act/adopt?order=shop-eu:4711",
    ],
)
def test_a_viewer_decides_nothing(viewer: Browser, path: str) -> None:
    answer = viewer.get(path)
    assert answer.status_code == 403 and "needs the role" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/act/release?order=shop-eu:5448",  # flagged as risky
        "/act/release?order=woo-outlet:879",  # waits for approval
        f"/act/resolve?order=shop-eu:5450&step={LABEL}",  # money
        "/act/adopt?order=shop-eu:4711",
        "/act/cancel?order=shop-eu:5447",
    ],
)
def test_what_decides_about_money_is_an_approvers(operator: Browser, approver: Browser, path: str) -> None:
    assert operator.get(path).status_code == 403
    assert approver.get(path).status_code == 200


def test_the_form_cannot_talk_itself_into_more_rights(hub: Hub, operator: Browser) -> None:
    form = operator.hidden("/act/release?order=shop-eu:5447")
    sly = {**form, "order": "shop-eu:5448", "cause": "address_incomplete", "why": "x"}
    assert operator.post("/act/release", sly).status_code == 403
    book = hub.store.read("shop-eu:5448")
    assert book is not None and not book.approved


def test_nothing_without_a_reason(hub: Hub, operator: Browser) -> None:
    answer = operator.send("/act/resume?connection=shipbob-de", "/act/resume", why=" \n ")
    assert answer.status_code == 400 and "Say why" in answer.text
    assert hub.store.standing("shipbob-de").paused


def test_nothing_without_the_sessions_secret(hub: Hub, operator: Browser, approver: Browser) -> None:
    form = operator.hidden("/act/resume?connection=shipbob-de")
    for csrf in ("", "x", approver.hidden("/act/resume?connection=shipbob-de")["csrf"]):
        assert operator.post("/act/resume", {**form, "csrf": csrf, "why": "x"}).status_code == 403
    assert hub.store.standing("shipbob-de").paused


@pytest.mark.parametrize(
    "path",
    ["/act/nothing", "/act/replay", "/act/replay?order=shop-eu:none", "/act/replay?order=shop-eu:5449&step=none"],
)
def test_a_form_about_nothing_does_not_exist(approver: Browser, path: str) -> None:
    assert approver.get(path).status_code == 404


def test_a_form_is_never_followed_without_a_session(browser: Browser) -> None:
    answer = browser.post("/act/resume", {"connection": "shipbob-de", "why": "x"})
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/login")
