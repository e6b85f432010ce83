"""Which cases there are: every point of every walk, and what may come of the calls there."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tests.crash.outcomes import MAIL_OUTCOMES, OUTCOMES, SUCCESS
from tests.crash.point import AFTER, BEFORE, LOST, Case, Event, Fault, Kill
from tests.crash.walks import Walk
from tests.losing import UNANSWERED

_LOST = {True: ("answer lost", "reset before"), False: ("5xx after", "5xx before")}  # by whether it is a letter


def singles(walk: Walk, events: Sequence[Event], *, losses: bool = False) -> Iterator[Case]:
    """Of an undisturbed walk: one crash at each point, times the outcomes of the call that it is about. `losses`: and
    the loss of the database connection at each COMMIT.
    """
    for event in events:
        if not _is_point(walk, event):
            continue
        asked = _asked(events, event)
        for when in _whens(event, losses):
            outcomes: tuple[str, ...] = outcomes_of(asked) if asked and _matters(event, when) else (SUCCESS,)
            if losses and when == BEFORE and event.name.startswith("poll "):
                outcomes = (SUCCESS,)  # while its lease is waited out, a webhook tells what it would have asked
            for outcome in outcomes:
                yield Case(walk.name, (Kill.at(event, when),), _fault(asked, event, when, outcome))


def doubted(walk: Walk, events: Sequence[Event]) -> Iterator[Case]:
    """Each changing call of a walk with its answer lost, once executed and once not; and each question that is asked
    to prepare one, without an answer. Nobody dies.
    """
    for event in events:
        if not _is_point(walk, event) or not event.calls:
            continue
        if event.name.startswith("send "):
            for outcome in _LOST[_is_letter(event)]:
                yield Case(walk.name, (), (Fault(1, event.who, event.name, event.n, outcome),))
        elif event.name.startswith("prepare "):
            yield Case(walk.name, (), (Fault(1, event.who, event.name, event.n, "5xx before"),))


def within_doubt(base: Case, events: Sequence[Event], *, losses: bool = False) -> Iterator[Case]:
    """Of a walk with one lost answer: a crash at each event by which the hub finds out what became of the call."""
    (lost,) = base.faults
    mine = [event for event in events if event.who == lost.who]
    after = [index for index, event in enumerate(mine) if event.place == (lost.who, lost.name, lost.n)]
    known = 2 if lost.name.startswith("send ") else 1  # the settlement of a call is among the singles
    for event in mine[after[0] + known :] if after else ():
        if not event.outside:
            continue
        for when in _whens(event, losses):
            if when == AFTER and event.wire and event.calls:
                for outcome in outcomes_of(event):
                    yield base.but(kills=(Kill.at(event, when),), faults=(lost, *_fault(event, event, when, outcome)))
            else:
                yield base.but(kills=(Kill.at(event, when),))


def again(base: Case, events: Sequence[Event], chance: random.Random, *, losses: bool = False) -> Case | None:
    """The same crash, and a second one somewhere in the recovery: mostly about what the first was about."""
    process = base.kills[-1].process + base.kills[-1].fatal
    recovery = [event for event in events if event.process == process and event.outside]
    if not base.kills[-1].fatal:
        places = [event.place for event in recovery]
        first = places.index(base.kills[-1].place) if base.kills[-1].place in places else len(places)
        recovery = recovery[first + 1 :]
    if not recovery:
        return None
    near = [event for event in recovery if event.who in (base.kills[-1].who, "hub")]
    event = chance.choice(near if near and chance.random() < 0.6 else recovery)
    when = chance.choice(_whens(event, losses))
    faults = base.faults
    if event.wire and event.calls and not any(fault.process == process for fault in faults):
        faults += _fault(event, event, when, chance.choice(outcomes_of(event)))
    return base.but(kills=(*base.kills, Kill.at(event, when)), faults=faults)


def outcomes_of(event: Event) -> tuple[str, ...]:
    return MAIL_OUTCOMES if _is_letter(event) else OUTCOMES


def _is_letter(event: Event) -> bool:
    return event.name == "send notification.send"


def _is_point(walk: Walk, event: Event) -> bool:
    return event.outside and (not walk.points or any(part in event.who for part in walk.points))


def _whens(event: Event, losses: bool = False) -> tuple[str, ...]:
    deaths = (AFTER,) if event.name.startswith("claim") else (BEFORE, AFTER)
    # Who is only just starting ends when it loses its database, which the deaths at its events show as well.
    starts = event.who == "hub" and not event.name.startswith("claim")
    commits = event.durable and not event.wire  # what a call keeps (a sweep's pages) is an event of its own
    return (*deaths, *LOST) if losses and commits and not starts else deaths


def _asked(events: Sequence[Event], event: Event) -> Event | None:
    """The call that an event is about: itself, or the call right before it whose answer it settles."""
    if event.wire:
        return event if event.calls else None
    mine = [other for other in events if (other.process, other.who) == (event.process, event.who)]
    index = mine.index(event)
    before = mine[index - 1] if index else None
    return before if before is not None and before.wire and before.calls else None


def _matters(event: Event, when: str) -> bool:
    """Before a settlement is after its call, which is a point of its own."""
    return event.wire or when in (AFTER, UNANSWERED)


def _fault(asked: Event | None, event: Event, when: str, outcome: str) -> tuple[Fault, ...]:
    """Before a call, the outcome is that of the first such call that is made afterwards."""
    if asked is None or outcome == SUCCESS:
        return ()
    if event.wire and when == BEFORE:
        return (Fault(event.process + 1, asked.who, asked.name, 0, outcome),)
    return (Fault(asked.process, asked.who, asked.name, asked.n, outcome),)
