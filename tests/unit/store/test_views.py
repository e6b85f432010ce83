"""Lists and single things, read from a real file."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.model.flow import State
from hub.model.message import Delivery, MessageState
from hub.model.view import BadCursor, OrderQuery, Sum
from hub.store.views import Views
from tests.stores import MakeStore
from tests.unit.store.filled import delivery
from tests.unit.store.hand import NOW, add, order_for
from tests.unit.webhook.test_sources import judge

# --- orders


def test_a_list_says_of_each_order_what_a_person_looks_for(views: Views) -> None:
    row = next(row for row in views.orders(OrderQuery(text="#1050")).rows)
    assert (row.key, row.label, row.state, row.cause) == ("shop-eu:5450", "#1050", "parked", "absent")
    assert (row.total, row.buyer, row.country, row.units) == (Sum(12190, "EUR"), "Ewa Sobczak", "PL", 3)
    assert (row.done, row.steps) == (3, 5)


def test_what_comes_after_an_order_is_complete_does_not_count_as_progress(views: Views) -> None:
    split = views.orders(OrderQuery(text="#1051")).rows[0]
    assert (split.done, split.steps) == (9, 10)  # the letter about the delivery is not among them
    assert split.awaits == "shipped"


def test_orders_are_paged_newest_first_without_gap_or_repeat(views: Views) -> None:
    everything = [row.key for row in views.orders(OrderQuery(limit=200)).rows]
    seen: list[str] = []
    after = None
    while True:
        page = views.orders(OrderQuery(limit=7, after=after))
        seen += [row.key for row in page.rows]
        if (after := page.next) is None:
            break
    assert seen == everything
    assert len(set(seen)) == len(seen) == 32


def test_orders_of_the_same_instant_are_paged_too(make_store: MakeStore) -> None:
    store = make_store()
    for number in range(10):
        order = order_for(str(number), f"#{number}", NOW)
        add(store, f"shop:{number}", timedelta(0), lambda hand, order=order: hand.begin(order))
    first = Views(store.readers).orders(OrderQuery(limit=4))
    second = Views(store.readers).orders(OrderQuery(limit=4, after=first.next))
    assert not {row.key for row in first.rows} & {row.key for row in second.rows}
    store.close()


@pytest.mark.parametrize("text", ["#1050", "1050", "5450", "shop-eu:5450"])
def test_an_order_is_found_by_label_id_and_key(views: Views, text: str) -> None:
    assert [row.key for row in views.orders(OrderQuery(text=text)).rows] == ["shop-eu:5450"]


@pytest.mark.parametrize("text", ["%", "_", "!", "1_50", "' OR 1=1 --"])
def test_what_is_searched_for_is_never_a_pattern(views: Views, text: str) -> None:
    assert not views.orders(OrderQuery(text=text)).rows


def test_filters_join(views: Views) -> None:
    page = views.orders(OrderQuery(states=("held", "dead"), connection="woo-outlet"))
    assert {row.label for row in page.rows} == {"#880", "#879"}


@pytest.mark.parametrize("cursor", ["x", "!!!", "bm90IGEgY3Vyc29y", "é", "-"])
def test_a_cursor_that_no_page_gave_is_refused(views: Views, cursor: str) -> None:
    with pytest.raises(BadCursor):
        views.orders(OrderQuery(after=cursor))
    with pytest.raises(BadCursor):
        views.messages(after=cursor)


def test_a_page_has_a_ceiling(views: Views) -> None:
    assert len(views.orders(OrderQuery(limit=10**6)).rows) == 32
    assert len(views.orders(OrderQuery(limit=0)).rows) == 1


def test_one_order_comes_with_all_that_concerns_it(views: Views) -> None:
    found = views.order("shop-eu:5451")
    assert found is not None and found.book.order is not None
    assert found.label == "#1051"
    assert [row.id for row in found.messages] == [5]
    assert found.messages[0].conflicts == 1
    label = next(step for step in found.book.steps.values() if step.name == "label")
    assert [attempt.trigger for attempt in found.attempts_of(label.id)] == ["scheduled", "lookup"]
    assert [version.number for version in found.versions] == [1]
    assert views.order("shop-eu:none") is None
    assert views.knows("shop-eu:5451")
    assert not views.knows("shop-eu:none")


# --- steps, messages, counts


def test_steps_by_state_say_what_is_at_stake(views: Views) -> None:
    (parked,) = views.steps([State.PARKED])
    assert (parked.order, parked.label, parked.at_stake) == ("shop-eu:5450", "#1050", Sum(1240, "EUR"))
    assert {row.step.cause for row in views.steps([State.HELD], "shipbob-de")} == {
        "address_incomplete",
        "approval",
        "paused",
    }
    assert len(views.steps([State.HELD], limit=2)) == 2


def test_messages_are_listed_newest_first_and_paged(views: Views) -> None:
    first = views.messages(limit=2)
    second = views.messages(limit=2, after=first.next)
    assert [row.id for row in first.rows] == [5, 4]
    assert [row.id for row in second.rows] == [3, 2]
    assert [row.id for row in views.messages(MessageState.HELD, "shop-eu").rows] == [3, 2]
    assert first.rows[0].size == len(b'{"id": 5451, "name": "#1051", "currency": "EUR"}')


def test_one_message_has_its_bytes_the_other_bodies_and_the_orders_it_speaks_of(views: Views) -> None:
    found = views.message(5)
    assert found is not None
    assert found.received.body == b'{"id": 5451, "name": "#1051", "currency": "EUR"}'
    assert [other.body for other in found.others] == [b'{"id": 5451, "name": "#1051", "currency": "USD"}']
    assert found.orders == ("shop-eu:5451",)
    assert views.message(99) is None


def test_held_messages_are_chosen_by_connection_and_cause(views: Views) -> None:
    assert views.held_messages("shop-eu", "unmappable") == [2, 3]
    assert views.held_messages(None, None) == [2, 3, 4]
    assert views.held_messages("shop-eu", "unknown_mapping") == []


def test_orders_that_wait_for_a_connection_are_found(views: Views) -> None:
    assert len(views.orders_held_for("shipbob-de", ("paused",), 10)) == 3
    assert len(views.orders_held_for("shipbob-de", ("paused",), 2)) == 2
    assert views.orders_held_for("shipbob-de", ("credentials",), 10) == []


def test_counts(views: Views) -> None:
    counts = views.counts(NOW)
    assert counts.orders == {
        "completed": 18,
        "dead": 1,
        "held": 7,
        "history": 1,
        "parked": 1,
        "running": 2,
        "waiting": 2,
    }
    assert counts.steps["parked"] == 1
    assert counts.causes["paused"] == 3
    assert counts.messages_held == {"unknown_mapping": 1, "unmappable": 2}
    assert (counts.messages_due, counts.conflicts, counts.paused) == (0, 1, ("shipbob-de",))
    assert counts.oldest_due_seconds == 0
    assert views.counts(NOW + timedelta(minutes=2)).oldest_due_seconds == pytest.approx(72)


def test_what_waits_unread_is_overdue(make_store: MakeStore) -> None:
    store = make_store()
    store.keep(delivery("shop", "orders/create", 1, b"{}"), NOW)
    counts = Views(store.readers).counts(NOW + timedelta(seconds=30))
    assert (counts.messages_due, counts.oldest_due_seconds) == (1, 30)
    store.close()


def test_a_list_of_many_orders_reads_one_page_of_documents(make_store: MakeStore) -> None:
    """Whole orders are never parsed for a list: a document that is no order at all does no harm beyond its page."""
    store = make_store()
    for number in range(5):
        order = order_for(str(number), f"#{number}", NOW)
        add(store, f"shop:{number}", timedelta(hours=number), lambda hand, order=order: hand.begin(order))
    store.writer.run(lambda tx: tx.run("UPDATE orders SET document = 'broken' WHERE key = 'shop:4'"))
    assert len(Views(store.readers).orders(OrderQuery(limit=3)).rows) == 3
    store.close()


# --- one id, several bodies


@pytest.mark.parametrize(
    ("name", "header", "topic_header", "topic"),
    [
        ("shopify", "X-Shopify-Event-Id", "X-Shopify-Topic", "orders/updated"),
        ("woocommerce", "X-WC-Webhook-Delivery-ID", "X-WC-Webhook-Topic", "order.updated"),
    ],
)
def test_deliveries_of_one_id_are_all_kept_and_shown_beside_each_other(
    make_store: MakeStore, name: str, header: str, topic_header: str, topic: str
) -> None:
    store = make_store()
    for body in (b'{"id":1}', b'{"id":2}', b'{"id":1}'):
        judged = judge(name, {header: "one", topic_header: topic}, body)
        store.keep(
            Delivery("shop", judged.topic, judged.delivery_id, judged.kind, judged.mapping, (), body, judged.digest),
            NOW,
        )
    found = [Views(store.readers).message(number) for number in (1, 2, 3)]
    assert [one.namesakes if one else None for one in found] == [(2,), (1,), None]
    assert not Views(store.readers).messages(conflicts=True).rows
    store.close()


def test_where_an_id_names_one_delivery_another_body_is_a_conflict_for_a_person(
    make_store: MakeStore,
) -> None:
    store = make_store()
    for body in (b'{"id":"evt_1","type":"charge.captured"}', b'{"id":"evt_1","type":"charge.captured","x":1}'):
        judged = judge("stripe", {}, body)
        store.keep(
            Delivery("stripe", judged.topic, judged.delivery_id, judged.kind, judged.mapping, (), body, judged.digest),
            NOW,
        )
    views = Views(store.readers)
    (need,) = views.attention(NOW)
    assert (need.code, need.action.command) == ("conflict", "crossdock messages show 1")
    assert [row.id for row in views.messages(conflicts=True).rows] == [1]
    found = views.message(1)
    assert found is not None and len(found.others) == 1 and found.namesakes == ()
    store.close()
