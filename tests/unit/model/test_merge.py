"""Facts join in any order, any number of times, to the same canonical order."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.model.merge import contradicts, join, order_of
from hub.model.message import Entity
from hub.model.order import LineItem, Order

PLACED = "2026-03-01T12:00:00+00:00"


def snapshot(version: str, *, net: bool = False, lines: dict[str, int] | None = None, **changes: Any) -> Entity:
    document = {
        "id": "1",
        "label": "#1",
        "currency": "EUR",
        "placed_at": PLACED,
        "line_items": [
            {"id": line, "item": {"title": line, "price": 100}, "quantity": {"original": quantity, "total": quantity}}
            for line, quantity in (lines or {"a": 3, "b": 1}).items()
        ],
        "hub": {"quantities_net": True} if net else {},
    }
    return Entity("order", "1", "1", version, document | changes)


def refund(refund_id: str, version: str, lines: dict[str, int], status: str = "completed") -> Entity:
    items = [{"id": line, "quantity": quantity} for line, quantity in lines.items()]
    return Entity(
        "refund", "1", refund_id, version, {"id": refund_id, "type": "refund", "status": status, "line_items": items}
    )


def shipment(event_id: str, version: str, kind: str) -> Entity:
    return Entity("fulfillment", "1", event_id, version, {"id": event_id, "type": kind})


DELETED = Entity("deleted", "1", "1", "9", {})


def fold(entities):
    facts: dict[str, Any] = {}
    for entity in entities:
        facts = join(facts, entity)
    return facts


def line_of(order: Order | None, line_id: str) -> LineItem:
    assert order is not None
    line = order.line(line_id)
    assert line is not None
    return line


entities = st.one_of(
    st.builds(
        snapshot,
        st.sampled_from(["1", "2", "3"]),
        net=st.booleans(),
        note=st.sampled_from([None, "x", "yy"]),
        tags=st.lists(st.sampled_from(["a", "b"]), max_size=2),
        standing=st.sampled_from(["open", "cancelled"]),
    ),
    st.builds(
        refund,
        st.sampled_from(["r1", "r2"]),
        st.sampled_from(["1", "2", "3"]),
        st.dictionaries(st.sampled_from(["a", "b"]), st.integers(1, 2), max_size=2),
        st.sampled_from(["pending", "completed"]),
    ),
    st.builds(
        shipment, st.sampled_from(["f1", "f2"]), st.sampled_from(["1", "2"]), st.sampled_from(["shipped", "delivered"])
    ),
    st.just(DELETED),
)


@given(st.lists(entities, min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_every_order_and_duplication_ends_in_the_same_canonical_order(events, rng):
    shuffled = events + rng.choices(events, k=rng.randrange(4))
    rng.shuffle(shuffled)
    assert order_of(fold(events)) == order_of(fold(shuffled))


@given(st.lists(st.tuples(entities, st.sampled_from(["", "t1", "t2"])), min_size=1, max_size=7), st.randoms())
def test_so_do_facts_that_were_read_and_facts_that_were_told(events, rng):
    def fold_read(told):
        facts: dict[str, Any] = {}
        for entity, asked in told:
            facts = join(facts, entity, asked)
        return order_of(facts)

    shuffled = events + rng.choices(events, k=rng.randrange(4))
    rng.shuffle(shuffled)
    assert fold_read(events) == fold_read(shuffled)


def test_of_one_second_what_was_read_last_counts_as_it_was_read():
    facts: dict[str, Any] = {}
    for lines, asked in (({"a": 3, "b": 1}, ""), ({"a": 2, "b": 1}, "t1"), ({"a": 1}, "t2"), ({"a": 9}, "")):
        facts = join(facts, snapshot("2", lines=lines), asked)
    order = order_of(facts)
    assert order is not None
    assert {line.id: line.quantity.total for line in order.line_items} == {"a": 1}
    later = order_of(join(facts, snapshot("3", lines={"a": 9})))
    assert line_of(later, "a").quantity.total == 9


def test_only_what_is_asked_for_contradicts():
    facts = join({}, snapshot("2"))
    assert not contradicts(facts, snapshot("2", note="another"))
    assert not contradicts(facts, snapshot("3", lines={"a": 1}))
    assert not contradicts({}, snapshot("2"))
    assert contradicts(facts, snapshot("2", lines={"a": 1}))
    assert contradicts(facts, snapshot("2", standing="cancelled"))


def test_all_permutations_of_a_walk():
    walk = [
        snapshot("1"),
        snapshot("2", note="edited"),
        refund("r1", "3", {"a": 1}),
        shipment("f1", "2", "shipped"),
        DELETED,
    ]
    orders = [order_of(fold(events)) for events in itertools.permutations(walk)]
    assert all(order == orders[0] for order in orders)
    assert orders[0] is not None
    assert orders[0].note == "edited"
    assert orders[0].standing == "deleted"


def test_a_stale_snapshot_never_regresses():
    order = order_of(fold([snapshot("2", note="new"), snapshot("1", note="old")]))
    assert order is not None
    assert order.note == "new"


def test_refunded_units_are_taken_off_once_when_the_snapshot_counts_them():
    entry = {"id": "r1", "type": "refund", "line_items": [{"id": "a", "quantity": 1}]}
    counted = snapshot("3", net=True, lines={"a": 2, "b": 1}, adjustments=[entry])
    order = order_of(fold([counted, refund("r1", "2", {"a": 1})]))
    assert line_of(order, "a").quantity.total == 2


def test_refunded_units_are_taken_off_when_the_snapshot_does_not_know_them():
    order = order_of(fold([snapshot("1", net=True), refund("r1", "2", {"a": 1})]))
    assert line_of(order, "a").quantity.total == 2


def test_a_gross_snapshot_has_every_refund_taken_off():
    entry = {"id": "r1", "type": "refund", "line_items": []}
    order = order_of(fold([snapshot("3", adjustments=[entry]), refund("r1", "3", {"a": 3})]))
    assert line_of(order, "a").status == "removed"


def test_nothing_new_is_the_same_object():
    facts = fold([snapshot("1")])
    assert join(facts, snapshot("1")) is facts


def test_side_facts_alone_are_no_order_yet():
    assert order_of(fold([refund("r1", "1", {})])) is None


def test_two_addresses_of_one_second_are_never_mixed():
    def going_to(**place: str) -> Entity:
        return snapshot("1", fulfillment={"expectations": [{"id": "e", "destination": place}], "events": []})

    one = {"street_address": "210 Lantern Lane", "address_locality": "Burlington", "postal_code": "05401"}
    other = {"street_address": "238 Orchard Avenue", "address_locality": "Madison", "postal_code": "53703"}
    order = order_of(fold([going_to(**one), going_to(**other)]))
    assert order is not None
    assert order.destination is not None
    assert order.destination.model_dump(exclude_none=True) in (one, other)
