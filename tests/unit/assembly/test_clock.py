"""The hub's time never goes back, and follows the wall forwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.assembly.clock import AnchoredClock, Steady, boot_identity

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Times:
    """A wall clock and a monotonic one that a test moves."""

    def __init__(self) -> None:
        self.wall, self.mono = NOON, 100.0

    def clock(self) -> AnchoredClock:
        return AnchoredClock(lambda: self.wall, lambda: self.mono)

    def pass_(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.mono += seconds


def test_it_goes_with_the_monotonic_clock() -> None:
    times = Times()
    clock = times.clock()
    times.pass_(5)
    assert clock() == NOON + timedelta(seconds=5)


def test_a_wall_that_is_set_back_does_not_take_it_along() -> None:
    times = Times()
    clock = times.clock()
    times.wall -= timedelta(hours=1)
    times.pass_(3)
    assert clock() == NOON + timedelta(seconds=3)


def test_after_a_sleep_of_the_machine_it_is_right_again() -> None:
    times = Times()
    clock = times.clock()
    times.wall += timedelta(hours=8)  # the monotonic clock stood still
    assert clock() == NOON + timedelta(hours=8)
    times.pass_(1)
    assert clock() == NOON + timedelta(hours=8, seconds=1)


def test_it_says_since_when_it_only_ran() -> None:
    times = Times()
    clock = times.clock()
    times.pass_(5)
    clock()
    assert clock.steady_since() == NOON
    times.wall -= timedelta(hours=1)
    clock()
    assert clock.steady_since() == NOON
    times.wall += timedelta(hours=2)
    assert clock() == clock.steady_since() == times.wall


def test_a_new_process_trusts_it_as_far_back_as_the_old_one_where_the_wall_kept_step() -> None:
    first = Steady("2026-03-01T12:00:00+00:00", "boot-1", 1000.0)
    later = Steady("2026-03-01T15:00:00+00:00", "boot-1", 1000.5)
    assert later.after(first.text()).since == first.since
    assert later.after(None) == later
    assert later.after("{}") == later
    for changed in (replace(later, offset_seconds=1300.0), replace(later, boot="boot-2"), replace(later, boot="")):
        assert changed.after(first.text()) == changed


def test_small_steps_of_the_wall_do_not_add_up_unseen() -> None:
    told = Steady("2026-03-01T12:00:00+00:00", "boot-1", 1000.0)
    for step in range(1, 4):
        told = Steady(f"2026-03-01T12:0{step}:00+00:00", "boot-1", 1000.0 + step).after(told.text())
    assert told.since == "2026-03-01T12:03:00+00:00"


def test_the_real_one_knows_its_boot_and_itself_again() -> None:
    clock, again = AnchoredClock(), AnchoredClock()
    said = clock.steady(None, boot_identity())
    assert again.steady(said.text(), boot_identity()).since == said.since
    assert again.steady_since() == clock.steady_since()


def test_the_real_one_is_aware_and_in_step() -> None:
    clock = AnchoredClock()
    assert abs(clock() - datetime.now(UTC)) < timedelta(seconds=1)
    assert clock().tzinfo is UTC
