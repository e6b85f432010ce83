"""Every cell of the transition table: what is allowed leads where the table says, everything else is impossible."""

from __future__ import annotations

import itertools

import pytest

from hub.model.flow import NEEDS_PERSON, TERMINAL, TRANSITIONS, Event, Impossible, State, after

CELLS = list(itertools.product(State, Event))


@pytest.mark.parametrize(("state", "event"), CELLS, ids=lambda value: value.name)
def test_every_cell_is_decided(state, event):
    cell = TRANSITIONS.get((state, event))
    if cell is None:
        with pytest.raises(Impossible):
            after(state, event)
        with pytest.raises(Impossible):
            after(state, event, State.DONE)
        return
    for target in cell.next:
        assert after(state, event, target) is target
    for target in set(State) - set(cell.next):
        with pytest.raises(Impossible):
            after(state, event, target)
    if len(cell.next) == 1:
        assert after(state, event) is cell.next[0]


def test_nothing_leaves_a_terminal_state():
    assert not [cell for cell in TRANSITIONS if cell[0] in TERMINAL]


def test_every_state_that_needs_a_person_has_a_way_out_by_a_person():
    by_person = {
        Event.MEND,
        Event.REPLAY,
        Event.EDIT,
        Event.HAPPENED,
        Event.DID_NOT,
        Event.NEW_GENERATION,
        Event.ABANDON,
    }
    for state in NEEDS_PERSON:
        assert {event for (from_state, event) in TRANSITIONS if from_state is state} & by_person


def test_what_may_have_happened_is_never_cancelled_or_withdrawn():
    for state in (State.INTENT, State.UNKNOWN, State.PARKED):
        for event in (Event.CANCEL, Event.WITHDRAW):
            cell = TRANSITIONS.get((state, event))
            assert cell is None or cell.next == (state,)


def test_only_an_intent_leads_to_the_wire():
    sends = {cell for cell, transition in TRANSITIONS.items() if State.INTENT in transition.next}
    assert sends == {(State.LEASED, Event.INTEND), (State.UNKNOWN, Event.RESEND), (State.INTENT, Event.CANCEL)}


def test_every_open_state_can_be_reached_and_left():
    reached = {state for transition in TRANSITIONS.values() for state in transition.next} | {State.BLOCKED}
    assert reached == set(State)
    assert {state for state, _ in TRANSITIONS} == set(State) - TERMINAL
