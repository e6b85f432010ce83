"""What needs a person: each need once, in words, with what is at stake and one thing to do."""

from __future__ import annotations

import shlex
from datetime import timedelta
from typing import Any

import pytest

from hub.model.cause import CAUSES, Act, Weight
from hub.model.detail import said
from hub.model.flow import State
from hub.model.view import Need, Sum
from hub.store.attend import attend
from hub.store.views import Views
from tests.stores import MakeStore
from tests.unit.store.filled import fill
from tests.unit.store.hand import NOW, Hand, add, order_for


@pytest.fixture(scope="module")
def needs(views: Views) -> list[Need]:
    return views.attention(NOW)


def of(needs: list[Need], code: str) -> Need:
    return next(need for need in needs if need.code == code)


def test_every_way_of_stopping_is_told_once(needs: list[Need]) -> None:
    assert sorted(need.code for need in needs) == sorted(
        "absent refused exhausted high_risk expiring approval address_incomplete paused unmappable unknown_mapping "
        "conflict".split()
    )
    assert all(need.needs_person for need in needs)


def test_a_date_that_is_near_comes_first_then_what_weighs_most(needs: list[Need]) -> None:
    assert [need.code for need in needs[:3]] == ["high_risk", "expiring", "absent"]
    weights = [list(Weight).index(need.weight) for need in needs[2:]]
    assert weights == sorted(weights)


def test_a_need_names_the_order_the_money_and_the_date(needs: list[Need]) -> None:
    risky = of(needs, "high_risk")
    assert (risky.order, risky.label, risky.at_stake) == ("shop-eu:5448", "#1048", (Sum(8990, "EUR"),))
    assert risky.due_at == NOW + timedelta(hours=19)
    assert risky.due == "the authorisation ends"


def test_the_money_of_a_step_is_its_own_where_it_moves_money(needs: list[Need]) -> None:
    assert of(needs, "absent").at_stake == (Sum(1240, "EUR"),)  # the label, not the order


def test_what_the_provider_said_is_passed_on(needs: list[Need]) -> None:
    assert of(needs, "refused").said == "Product with reference id TRAY-ASH does not exist in this channel."
    assert of(needs, "unmappable").said == "currency: 'XXXX' is not a currency; send an ISO 4217 code, such as EUR"
    assert of(needs, "address_incomplete").said == "missing: street"


def test_a_paused_connection_is_one_need_however_many_orders_wait(needs: list[Need]) -> None:
    paused = of(needs, "paused")
    assert (paused.count, paused.connection, paused.order) == (3, "shipbob-de", None)
    assert paused.at_stake == (Sum(24270, "EUR"),)
    assert paused.said == "stocktaking until Thursday"
    assert paused.action.command == "crossdock resume shipbob-de"


def test_a_paused_connection_is_told_even_when_nothing_waits_yet(make_store: MakeStore) -> None:
    store = make_store()
    store.set_standing("stripe-main", NOW, paused=True, why="audit")
    (need,) = Views(store.readers).attention(NOW)
    assert (need.code, need.count) == ("paused", 0)
    store.close()


def test_messages_of_one_cause_are_one_need(needs: list[Need]) -> None:
    held = of(needs, "unmappable")
    assert (held.count, held.connection) == (2, "shop-eu")
    assert held.action.command == "crossdock messages release --connection shop-eu --cause unmappable"
    assert of(needs, "unknown_mapping").action.command == "crossdock messages show 4"


def test_an_order_that_waits_for_one_decision_asks_once(needs: list[Need]) -> None:
    approval = of(needs, "approval")
    assert approval.count == 2  # two groups, one yes
    assert approval.action.command == "crossdock release woo-outlet:879"


def test_doubts_are_never_thrown_together(make_store: MakeStore) -> None:
    store = make_store()

    def write(hand: Hand) -> None:
        hand.begin(order_for("1", "#1", NOW))
        for name in ("one", "two"):
            hand.step(
                "label", f"group:{name}", State.PARKED, "easypost", "label.buy", cause="absent", tries=[], amount=100
            )

    add(store, "shop:1", timedelta(hours=1), write)
    found = Views(store.readers).attention(NOW)
    assert len({need.action.command for need in found}) == len(found) == 2
    store.close()


def test_a_conflict_asks_until_a_person_has_judged_it(make_store: MakeStore) -> None:
    store = make_store()
    fill(store)
    views = Views(store.readers)
    conflict = of(views.attention(NOW), "conflict")
    assert (conflict.message, conflict.action.act) == (5, Act.SHOW)
    assert attend(store.writer, 5, "ana", "the second is a test", NOW) == 1
    assert "conflict" not in {need.code for need in views.attention(NOW)}
    assert attend(store.writer, 5, "ana", "again", NOW) == 0
    store.close()


@pytest.mark.parametrize(("hours", "code"), [(-3, "expired"), (47, "expiring"), (49, None)])
def test_an_authorisation_is_told_two_days_before_it_ends(make_store: MakeStore, hours: int, code: str | None) -> None:
    store = make_store()
    payment = {"status": "authorized", "captured": 0, "expires_at": NOW + timedelta(hours=hours)}
    add(
        store,
        "shop:1",
        timedelta(hours=1),
        lambda hand: (
            hand.begin(order_for("1", "#1", NOW, payment=payment)),
            hand.step("payment", "order", State.READY, next_at=NOW),
        ),
    )
    assert [need.code for need in Views(store.readers).attention(NOW)] == ([code] if code else [])
    store.close()


def test_a_failing_provider_is_told_but_needs_nobody(make_store: MakeStore) -> None:
    store = make_store()

    def write(hand: Hand) -> None:
        hand.begin(order_for("1", "#1", NOW))
        hand.step("capture", "payment:1", State.HELD, "stripe-main", "payment.capture", cause="breaker", tries=[])

    add(store, "shop:1", timedelta(hours=1), write)
    (need,) = Views(store.readers).attention(NOW)
    assert not need.needs_person
    assert need.action.command is None
    store.close()


def test_a_code_the_table_lacks_still_sends_a_person_to_look(make_store: MakeStore) -> None:
    store = make_store()

    def write(hand: Hand) -> None:
        hand.begin(order_for("1", "#1", NOW))
        hand.step("capture", "payment:1", State.HELD, "stripe-main", "payment.capture", cause="of_tomorrow", tries=[])

    add(store, "shop:1", timedelta(hours=1), write)
    (need,) = Views(store.readers).attention(NOW)
    assert need.needs_person
    assert need.title == "Of tomorrow"
    assert need.action.command == "crossdock orders show shop:1"
    store.close()


def test_a_hostile_source_id_cannot_break_out_of_the_command(make_store: MakeStore) -> None:
    store = make_store()
    hostile = "1; rm -rf ~ $(id) '"

    def write(hand: Hand) -> None:
        hand.begin(order_for(hostile, "#1", NOW))
        hand.step("capture", "payment:1", State.HELD, "s", "payment.capture", cause="high_risk", tries=[])

    add(store, f"shop:{hostile}", timedelta(hours=1), write)
    (need,) = Views(store.readers).attention(NOW)
    assert shlex.split(need.action.command or "") == ["crossdock", "release", f"shop:{hostile}"]
    store.close()


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        ({}, None),
        ({"message": "No."}, "No."),
        ({"what": "no SKU", "mend": "give it one"}, "no SKU; give it one"),
        ({"methods": ["klarna", "mystery"]}, "paid by: klarna, mystery"),
        ({"problems": [{"path": "a", "what": "b", "mend": "c"}, {}, {}]}, "a: b; c (and 2 more)"),
        ({"problems": ["street unknown"]}, "street unknown"),
        ({"version": 3}, None),
    ],
)
def test_a_detail_in_one_sentence(detail: dict[str, Any], text: str | None) -> None:
    assert said(detail) == text


def test_every_cause_is_said_in_full() -> None:
    for code, cause in CAUSES.items():
        assert code == cause.code
        assert cause.words.endswith((".", "?")) and cause.advice.endswith(".")
        assert "{" not in cause.words.replace("{connection}", "").replace("{what}", "")
