"""The drawing of an order's walk: every step in its place, nothing upon anything else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest

from hub.assembly.hub import Hub
from hub.model.book import Book
from hub.model.flow import State
from hub.model.step import Group, Parcel, Run, Step
from hub.server.walk import HEIGHT, WIDTH, Walk, walk_of


def step(book: Book, name: str, subject: str = "order", state: State = State.DONE, **said: object) -> Step:
    made = Step(f"fulfil-order/{name}/{subject}", "fulfil-order", name, subject, state)
    for attribute, value in said.items():
        setattr(made, attribute, value)
    book.steps[made.id] = made
    return made


@pytest.fixture
def book() -> Book:
    made = Book("shop:1", "shop", "1")
    made.runs["fulfil-order"] = Run("fulfil-order", "fulfil-order", "placed", "", None)  # type: ignore[arg-type]
    return made


def drawn(book: Book) -> Walk:
    walk = walk_of(book)
    assert walk is not None
    return walk


def columns(walk: Walk) -> dict[str, float]:
    return {box.title: box.x for box in walk.boxes}


def overlaps(walk: Walk) -> Iterator[tuple[str, str]]:
    for one, other in combinations(walk.boxes, 2):
        if abs(one.x - other.x) < WIDTH and abs(one.y - other.y) < HEIGHT:
            yield one.step, other.step


def test_nothing_begun_nothing_drawn(book: Book) -> None:
    assert walk_of(book) is None


def test_a_step_stands_right_of_what_it_waits_for(book: Book) -> None:
    step(book, "payment")
    step(book, "capture", after=["payment"])
    step(book, "warehouse", "group:a", after=["capture"])
    found = columns(drawn(book))
    assert found["Payment"] < found["Capture"] < found["Warehouse"]
    assert len(drawn(book).lines) == 2


def test_what_was_skipped_is_left_out_and_seen_through(book: Book) -> None:
    step(book, "payment")
    step(book, "address", after=["payment"], state=State.SKIPPED)
    step(book, "capture", after=["address"])
    walk = drawn(book)
    assert [box.title for box in walk.boxes] == ["Payment", "Capture"]
    assert len(walk.lines) == 1


def test_a_line_past_several_columns_that_says_nothing_new_is_left_out(book: Book) -> None:
    step(book, "payment")
    step(book, "capture", after=["payment"])
    step(book, "shipped", after=["payment", "capture"])
    assert len(drawn(book).lines) == 2


def test_groups_and_parcels_go_their_own_ways(book: Book) -> None:
    for name in ("a", "b"):
        book.groups[name] = Group(name, "warehouse", "shipbob", None, {"1": 1})
        book.parcels[f"p{name}"] = Parcel(f"p{name}", name, {"1": 1})
    step(book, "payment")
    for name in ("a", "b"):
        step(book, "warehouse", f"group:{name}", after=["payment"])
        step(book, "shipped", f"group:{name}", after=["warehouse"], awaits="shipped")
        step(book, "announce", f"parcel:p{name}", capability="shipment.announce")
        step(book, "shipped-letter", f"shipped:parcel:p{name}", after=["announce"])
    walk = drawn(book)
    assert not list(overlaps(walk))
    rows = {box.step: box.y for box in walk.boxes}
    for name in ("a", "b"):
        mine = {rows[f"fulfil-order/{one}"] for one in (f"warehouse/group:{name}", f"announce/parcel:p{name}")}
        assert len(mine) == 1  # one way, one line
    assert len(set(rows.values())) == 2
    assert len(walk.lines) == 8


def test_steps_that_a_groups_method_will_never_need_are_not_promised(book: Book) -> None:
    book.groups["a"] = Group("a", "warehouse", "shipbob", None, {"1": 1})
    step(book, "warehouse", "group:a", State.BLOCKED, capability="fulfillment.create")
    step(book, "label", "group:a", State.BLOCKED, capability="label.buy")
    assert [box.title for box in drawn(book).boxes] == ["Warehouse"]


def test_a_circle_of_steps_does_no_harm(book: Book) -> None:
    step(book, "one", after=["two"])
    step(book, "two", after=["one"])
    step(book, "three", after=["two"])
    assert walk_of(book) is None or drawn(book).boxes


def test_what_the_invented_orders_look_like(hub: Hub) -> None:
    for row in hub.views.orders_held_for("shipbob-de", ("paused", "address_incomplete"), 50):
        found = hub.views.order(row)
        assert found is not None
        assert not list(overlaps(drawn(found.book)))
    split = hub.views.order("shop-eu:5451")
    assert split is not None
    walk = drawn(split.book)
    assert not list(overlaps(walk))
    assert walk.width == max(box.x for box in walk.boxes) + WIDTH + 2
    assert {box.state for box in walk.boxes} == {"done", "awaiting"}
