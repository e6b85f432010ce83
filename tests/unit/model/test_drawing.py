from __future__ import annotations

from hub.model.drawing import redrawn, section
from hub.model.flow import TRANSITIONS, State


def test_the_page_shows_the_table_the_code_runs(checkout):
    page = (checkout / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert redrawn(page) == page, "the states in docs/architecture.md are stale: run `make docs`"


def test_every_state_and_cell_is_drawn():
    drawn = section()
    assert all(state.value in drawn for state in State)
    assert drawn.count("\n| ") == len(TRANSITIONS) + 1
