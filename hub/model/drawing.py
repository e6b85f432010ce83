"""The life of a step as a picture and a table, made from the table the code runs."""

from __future__ import annotations

from hub.model.flow import NEEDS_PERSON, TERMINAL, TRANSITIONS, State

BEGIN, END = "<!-- states: made from hub/model/flow.py, by `make docs` -->", "<!-- /states -->"


def diagram() -> str:
    """A Mermaid state diagram: one arrow for each pair of states, labelled with what leads there."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for transition in TRANSITIONS.values():
        for target in transition.next:
            if target is not transition.state:
                arrows.setdefault((transition.state, target), []).append(transition.event.value)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> blocked"]
    lines += [f"    {source} --> {target}: {' / '.join(events)}" for (source, target), events in arrows.items()]
    lines += [f"    {state} --> [*]" for state in State if state in TERMINAL]
    lines += ["    classDef person fill:#f6d365,color:#222", "    classDef end fill:#8fd19e,color:#222"]
    lines += [f"    class {', '.join(s.value for s in State if s in NEEDS_PERSON)} person"]
    lines += [f"    class {', '.join(s.value for s in State if s in TERMINAL)} end", "```"]
    return "\n".join(lines)


def table() -> str:
    """Every cell of the table as Markdown."""
    rows = ["| State | Event | Next | Written in the same transaction |", "|---|---|---|---|"]
    for transition in TRANSITIONS.values():
        targets = ", ".join(state.value.upper() for state in transition.next)
        rows.append(
            f"| {transition.state.value.upper()} | {transition.event.value} | {targets} | {transition.writes} |"
        )
    return "\n".join(rows)


def section() -> str:
    """What stands between the marks in the documentation."""
    return f"{BEGIN}\n\n{diagram()}\n\n{table()}\n\n{END}"


def redrawn(page: str) -> str:
    """A page with its section made anew. Raises ValueError where the marks are missing."""
    start, stop = page.index(BEGIN), page.index(END) + len(END)
    return page[:start] + section() + page[stop:]
