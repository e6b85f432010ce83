"""Changes that came after the goods were ordered: the hub cannot make them any more, so a person must see them.

One task per group and kind of change, raised anew when what was changed changes again; it goes away by itself when the
change is taken back, or the order is cancelled (calling the goods back is then the cancel flow's).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from hub.flow import groups, life
from hub.flow.inputs import all_shipped
from hub.flow.scope import document_of
from hub.model.book import Book
from hub.model.effect import digest_of
from hub.model.flow import TERMINAL, Event, State
from hub.model.step import Group, Step

_CAUSE = "changed_after"


def review(book: Book, now: datetime, *, is_open: bool) -> None:
    """Raises what changed after dispatch, and drops what is no longer different. Pure on the book."""
    changes = _changes(book) if is_open else {}
    for step in book.in_state(State.HELD):
        if step.cause == _CAUSE and step.subject not in changes:
            life.move(step, Event.SKIP, now, cause="changed_back" if is_open else "order_cancelled")
    for subject, (group, kind, change) in changes.items():
        # Fewer goods after they left are a return; another address is news to somebody even then.
        if kind == "address" or not all_shipped(book, group):
            _task(book, group, subject, kind, change, now)


def _changes(book: Book) -> dict[str, tuple[Group, str, dict[str, Any]]]:
    """Subject -> (group, kind, what): where what was sent differs from what is wanted now."""
    assert book.order is not None
    found: dict[str, tuple[Group, str, dict[str, Any]]] = {}
    want, document = groups.wanted(book), document_of(book.order)
    for group in book.groups.values():
        if not group.sent:
            continue
        fewer = {line: want.get(line, 0) for line, sent in group.lines.items() if sent > want.get(line, 0)}
        if fewer and group.method in groups.SHIPPED_METHODS:
            found[f"quantity:group:{group.id}"] = (group, "quantity", {"wanted": fewer})
        place, _ = groups.promise(document, group.lines)
        if place is not None and group.destination is not None and place != group.destination:
            found[f"address:group:{group.id}"] = (group, "address", {"destination": place})
    return found


def _task(book: Book, group: Group, subject: str, kind: str, change: dict[str, Any], now: datetime) -> None:
    mark = digest_of(json.dumps(change, sort_keys=True).encode())[:12]
    raised = [step for step in book.steps.values() if step.name == "review" and step.subject == subject]
    last = max(raised, key=lambda step: int(step.spec.get("number", 1)), default=None)
    if last is not None and (last.state not in TERMINAL or _dealt_with(last, mark)):
        return
    number = len(raised) + 1
    step_id = f"fulfil-order/review/{subject}" if number == 1 else f"fulfil-order/review-{number}/{subject}"
    step = Step(step_id, "fulfil-order", "review", subject, State.BLOCKED, connection=group.connection)
    step.spec = {"change": mark, "number": number}
    book.steps[step_id] = step
    life.hold(step, _CAUSE, now, change=kind, **_told(group, kind, change))
    step.returns_to = State.DONE
    book.note(now, "hub", "task", f"The {kind} changed after the order was sent.", group=group.id)


def _told(group: Group, kind: str, change: dict[str, Any]) -> dict[str, Any]:
    return {"lines": {line: group.lines[line] for line in change["wanted"]}} if kind == "quantity" else {}


def _dealt_with(step: Step, mark: str) -> bool:
    """A person has seen this very change and decided."""
    return step.state is not State.SKIPPED and step.spec.get("change", mark) == mark
