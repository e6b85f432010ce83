"""Shops take turns: how the places of a claim are dealt among what is due."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hub.model.lane import Lane, Room
from hub.store.sharing import Turns, fits

NOISY, QUIET = Lane("noisy", "carrier"), Lane("quiet", "carrier")


def shops(given: dict[Lane, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for lane, places in given.items():
        found[lane.shop] += places
    return found


def test_a_lane_is_stored_as_text_and_read_back() -> None:
    for lane in (Lane("shop"), Lane("shop", "carrier"), Lane("shop", "carrier", late=True), Lane("", late=True)):
        assert Lane.of(str(lane)) == lane
    assert Lane.of("") == Lane("")  # as an earlier version wrote


def test_each_shop_gets_as_much_as_every_other_while_it_has_anything() -> None:
    due = {NOISY: 1000, QUIET: 3, Lane("small", "carrier"): 1}
    assert Turns().share(due, 12) == {NOISY: 8, QUIET: 3, Lane("small", "carrier"): 1}


def test_with_one_place_at_a_time_shops_take_turns() -> None:
    turns = Turns()
    names = [next(iter(turns.share({NOISY: 1000, QUIET: 1000, Lane("small"): 9}, 1))).shop for _ in range(9)]
    assert Counter(names) == {"noisy": 3, "quiet": 3, "small": 3}
    assert all(one != other for one, other in pairwise(names))


def test_no_shop_is_passed_over_for_ever() -> None:
    turns, served = Turns(), Counter[str]()
    many = {Lane(f"shop-{number:03}"): 5 for number in range(100)}
    for _ in range(50):
        served += shops(turns.share(many, 4))
    assert set(served.values()) == {2}


def test_a_full_connection_is_left_out_and_its_shops_other_work_is_not() -> None:
    due = {Lane("shop", "dead"): 500, Lane("shop", "mail"): 5, Lane("other", "dead"): 5, Lane("other", "mail"): 1}
    given = Turns().share(due, 4, Room(lambda connection: 0 if connection == "dead" else 10))
    assert given == {Lane("shop", "mail"): 3, Lane("other", "mail"): 1}


def test_no_connection_gets_more_than_it_has_room_for() -> None:
    due = {Lane("a", "slow"): 9, Lane("b", "slow"): 9, Lane("c", "mail"): 1}
    given = Turns().share(due, 10, Room(lambda connection: 3))
    assert sum(places for lane, places in given.items() if lane.connection == "slow") == 3
    assert given[Lane("c", "mail")] == 1


def test_what_people_had_tried_again_waits_for_what_is_new_but_not_for_ever() -> None:
    late = Lane("quiet", "carrier", late=True)
    assert Turns().share({NOISY: 100, late: 100}, 16) == {NOISY: 14, late: 2}
    assert Turns().share({NOISY: 3, late: 100}, 16) == {NOISY: 3, late: 13}
    turns = Turns()
    one_by_one = Counter(next(iter(turns.share({NOISY: 100, late: 100}, 1))) for _ in range(80))
    assert one_by_one == {NOISY: 70, late: 10}


def test_a_shop_gets_no_more_than_it_has_room_for() -> None:
    due = {Lane("noisy", "mail"): 9, Lane("noisy", "carrier"): 9, Lane("quiet", "mail"): 1}
    room = Room(of=lambda shop: 2 if shop == "noisy" else 8)
    assert sorted(Turns().share(due, 10, room).items()) == [
        (Lane("noisy", "carrier"), 1), (Lane("noisy", "mail"), 1), (Lane("quiet", "mail"), 1),
    ]  # fmt: skip
    assert not fits(due, room)
    assert fits({Lane("noisy", "mail"): 1, Lane("noisy", "carrier"): 1, Lane("quiet", "mail"): 8}, room)
    assert not fits({Lane("quiet", "mail"): 8, Lane("other", "mail"): 1}, Room(at=lambda connection: 8))
