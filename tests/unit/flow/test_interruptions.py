"""A worker may be gone or asleep at any point: what the next one finds, and what the late one may still do."""

from __future__ import annotations

from stage import order

from hub.model.book import state_of
from hub.model.flow import State


def test_what_a_dead_process_had_leased_is_due_even_if_the_order_changes_before_it_is_claimed(stage):
    stage.receive(order())
    while not stage.store.claim_steps(10, stage.now):  # claimed, and then nobody works on it
        stage.piece()
    stage.store.expire_leases(stage.now)
    stage.store.change("shop:1", lambda book: book.note(stage.now, "somebody", "note", "Looked at it."), stage.now)
    stage.tick(1)
    stage.run()
    assert stage.state("capture") is State.DONE
    assert state_of(stage.book()) == "waiting"
