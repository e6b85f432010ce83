"""What books that were put back do not remember is asked about before it is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.flow import gap, resolve
from hub.flow.doubt import ask_first
from hub.flow.gap import Gap
from hub.model.book import Book
from hub.model.capability import Safety
from hub.model.contract import Guarantee
from hub.model.effect import key_of, reference_of
from hub.model.flow import Event, State, after
from hub.model.order import Order
from hub.model.step import Effect, Step

SINCE = datetime(2026, 3, 1, 4, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=6)
NOW = UNTIL + timedelta(minutes=10)
GAP = Gap(SINCE, UNTIL)
KEY = b"k" * 32


def order(placed: datetime) -> Order:
    return Order.model_validate({"id": "1", "label": "#1", "currency": "EUR", "placed_at": placed})


def step(capability: str | None = "payment.capture", state: State = State.READY, **more: Any) -> Step:
    return Step("fulfil-order/x/y", "fulfil-order", "x", "payment:p", state, capability, connection="pay", **more)


def book(*steps: Step, placed: datetime = SINCE) -> Book:
    made = Book("shop:1", "shop", "1", order=order(placed), disposition="active")
    for number, one in enumerate(steps):
        one.id = f"fulfil-order/{number}/{one.subject}"
        made.steps[one.id] = one
    return made


def effect_of(one: Step, made: Book, intended: datetime) -> Effect:
    identity = one.identity(made.key)
    effect = Effect(
        one.capability or "", one.subject, one.generation, one.id, "pay", key_of(KEY, identity),
        reference_of(KEY, identity), b"{}", "", "", {}, intended,
    )  # fmt: skip
    made.effects[(effect.capability, effect.subject, effect.generation)] = effect
    return effect


def promise(safety: Safety, **more: Any) -> Guarantee:
    return Guarantee(safety, deadline_seconds=30.0, settles_within_seconds=60.0, **more)


def pending(capability: str = "payment.capture", state: State = State.UNKNOWN) -> Step:
    one = step(capability, state)
    gap.mark(GAP, book(one))
    one.first_sent, one.last_sent = SINCE, UNTIL
    return one


def test_what_is_not_over_of_an_order_that_was_there_is_to_be_asked_about() -> None:
    due, blocked, done, read = step(), step(state=State.BLOCKED), step(state=State.DONE), step("address.verify")
    gap.mark(GAP, book(due, blocked, done, read))
    assert [gap.pending(one) for one in (due, blocked, done, read)] == [True, True, False, False]


def test_an_order_that_came_afterwards_is_none_of_the_lost_time() -> None:
    one = step()
    gap.mark(GAP, book(one, placed=UNTIL + timedelta(hours=1)))
    assert not gap.pending(one)
    gap.mark(GAP, book(one, placed=UNTIL + timedelta(minutes=1)))  # a storefront's clock may be ahead
    assert gap.pending(one)


def test_it_is_asked_about_once_and_again_after_another_return() -> None:
    one = step()
    gap.mark(GAP, book(one))
    gap.settle(one)
    gap.mark(GAP, book(one))
    assert not gap.pending(one)
    later = Gap(UNTIL + timedelta(hours=1), UNTIL + timedelta(hours=2))
    gap.mark(later, book(one))
    assert gap.span(one) == (later.since, later.until)


def test_a_return_before_all_was_asked_about_reaches_back_to_the_first() -> None:
    one, later = step(), Gap(UNTIL + timedelta(hours=1), UNTIL + timedelta(hours=2))
    gap.mark(GAP, book(one))
    gap.mark(later, book(one))
    assert gap.span(one) == (SINCE, later.until)


def test_what_these_books_intended_themselves_is_not_in_question() -> None:
    one = step(state=State.UNKNOWN)
    made = book(one)
    effect_of(one, made, UNTIL + timedelta(seconds=5))
    gap.mark(GAP, made)
    assert not gap.pending(one)


def test_asking_first_makes_it_a_try_that_may_have_been_the_first_or_the_last_of_the_lost_time() -> None:
    one = pending(state=State.INTENT)
    one.first_sent, one.last_sent, one.tries = NOW, NOW - timedelta(hours=12), 1
    ask_first(one, promise(Safety.LOOKUP, find="payment.find"), NOW)
    assert (one.state, one.unresolved, one.first_sent, one.last_sent, one.tries) == (
        after(State.INTENT, Event.LOST), True, SINCE, UNTIL, 0,
    )  # fmt: skip


@pytest.mark.parametrize("safety", [Safety.KEY, Safety.UNIQUE, Safety.LOOKUP, Safety.REPEATABLE])
def test_whoever_can_be_asked_is_asked_and_nothing_is_sent_before(safety: Safety) -> None:
    found = resolve.choose(promise(safety, find="payment.find", key_life_seconds=1e9), pending(), NOW)
    assert isinstance(found, resolve.Lookup)


def test_nobody_is_asked_before_the_last_call_of_the_lost_time_must_be_visible() -> None:
    found = resolve.choose(promise(Safety.LOOKUP, find="payment.find", index_lag_seconds=30.0), pending(), UNTIL)
    assert found == resolve.Wait(UNTIL + timedelta(seconds=120))


def test_a_key_that_lives_since_the_backup_is_used_where_nobody_can_be_asked() -> None:
    assert isinstance(resolve.choose(promise(Safety.KEY, key_life_seconds=86_400.0), pending(), NOW), resolve.Resend)
    dead = resolve.choose(promise(Safety.KEY, key_life_seconds=3600.0), pending(), NOW)
    assert dead == resolve.Park("restored")


@pytest.mark.parametrize(
    ("capability", "safety"),
    [
        ("notification.send", Safety.AT_LEAST_ONCE),
        ("payment.capture", Safety.NONE),
        ("shipment.create", Safety.REPEATABLE),
    ],
)
def test_a_person_is_asked_where_nobody_else_can_tell(capability: str, safety: Safety) -> None:
    """A label hangs on its shipment: a second one would hide the first."""
    assert resolve.choose(promise(safety), pending(capability), NOW) == resolve.Park("restored")


def test_what_ends_unasked_is_not_said_to_be_surely_undone() -> None:
    """Refused before the backup, done in the gap, and shown as done by the source now: by whom, nobody can say."""
    asked, own = step(), step()
    made = book(asked)
    gap.mark(GAP, made)
    for one, into in ((asked, made), (own, book(own))):
        effect_of(one, into, SINCE).executed = False
        gap.leave(into, one)
        assert [effect.executed for effect in into.effects.values()] == [None if one is asked else False]


def test_a_letter_that_nobody_wants_any_more_is_dropped() -> None:
    found = resolve.choose(promise(Safety.AT_LEAST_ONCE), pending("notification.send"), NOW, wanted=False)
    assert isinstance(found, resolve.Drop)


def test_what_was_refused_mended_and_done_in_the_gap_is_known_by_its_later_name() -> None:
    one = step("fulfillment.create", State.UNKNOWN)
    made = book(one)
    gap.mark(GAP, made)
    effect = effect_of(one, made, NOW)
    (second, _) = gap.later(made, one)
    found = gap.take_later(KEY, made, one, effect, {reference_of(KEY, second)})
    assert (found.generation, one.generation, effect.executed, found.executed) == (2, 2, False, None)
    assert found.key == key_of(KEY, second)
    assert gap.take_later(KEY, made, one, found, {"another"}) is found


def test_a_letter_about_what_these_books_did_themselves_was_not_sent_before() -> None:
    told, letter = step("shipment.announce", State.DONE), step("notification.send", State.BLOCKED)
    made = book(told, letter)
    gap.mark(GAP, made)
    told.spec = {gap.ASKED: GAP.span[1]}
    effect_of(told, made, UNTIL - timedelta(minutes=1)).executed = True
    gap.rule_out(made, letter, [told])
    assert gap.pending(letter)
    effect_of(told, made, NOW).executed = True
    gap.rule_out(made, letter, [told])
    assert not gap.pending(letter)
