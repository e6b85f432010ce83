"""An order's walk as a drawing: its steps from left to right, each in the colour of its state. Only the layout is here.

A step stands one column after the last one it waits for. Each column's steps stand where the ones before them stand, so
that the walk of one group or parcel reads as one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hub.model.book import Book
from hub.model.capability import CAPABILITIES
from hub.model.flow import State
from hub.model.step import Step

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 136, 50, 26, 12, 2

_WAREHOUSE = ("fulfillment",)
_OWN_LABEL = ("address", "rate", "shipment", "label")
# Families of capabilities that a group of this method never needs: its steps of them are declared, and will be skipped.
_STRANGE: Mapping[str, tuple[str, ...]] = {
    "warehouse": _OWN_LABEL,
    "self": _WAREHOUSE,
    "unrouted": _OWN_LABEL,
    "pickup": (*_WAREHOUSE, *_OWN_LABEL),
    "digital": (*_WAREHOUSE, *_OWN_LABEL),
    "storefront": (*_WAREHOUSE, *_OWN_LABEL),
    "none": (*_WAREHOUSE, *_OWN_LABEL),
}


@dataclass(frozen=True)
class Box:
    """One step. `under` is the second line: who does it, or what it waits for."""

    step: str
    title: str
    under: str
    state: str
    x: float
    y: float
    tail: bool


@dataclass(frozen=True)
class Line:
    """A curve from one box to a later one; `walked` when the earlier step is behind it."""

    path: str
    walked: bool


@dataclass(frozen=True)
class Walk:
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


@dataclass
class _Node:
    step: Step
    before: list[_Node] = field(default_factory=list)
    children: list[_Node] = field(default_factory=list)
    column: int = 0
    row: float = -1.0


def walk_of(book: Book) -> Walk | None:
    """None where nothing has begun."""
    nodes = {step.id: _Node(step) for step in book.steps.values() if _is_drawn(book, step)}
    for node in nodes.values():
        node.before = [nodes[found] for found in _before(book, node.step) if found in nodes]
    if not nodes:
        return None
    _columns(list(nodes.values()))
    for node in nodes.values():
        node.before = _nearest(node)
    roots = _tree(list(nodes.values()))
    rows = 0.0
    for root in roots:
        rows = _place(root, rows)
    return _draw(list(nodes.values()), rows)


def _is_drawn(book: Book, step: Step) -> bool:
    if step.state is State.SKIPPED:
        return False
    group = book.groups.get(_group_id(book, step) or "")
    if step.state is State.CANCELLED:
        return group is None or not group.withdrawn
    if step.state is State.BLOCKED and group is not None:
        family = (step.capability or "").partition(".")[0]
        return family not in _STRANGE.get(group.method, ())
    return True


def _subject(step: Step, kind: str) -> str | None:
    """`shipped:parcel:1` is about parcel 1."""
    head, found, name = step.subject.partition(f"{kind}:")
    return name if found and (not head or head.endswith(":")) else None


def _group_id(book: Book, step: Step) -> str | None:
    parcel = book.parcels.get(_subject(step, "parcel") or "")
    return parcel.group if parcel else _subject(step, "group")


def _before(book: Book, step: Step) -> Iterator[str]:
    """The steps it is drawn after: those it waits for, seen through skipped ones; a parcel's after its group's."""
    mine = _group_id(book, step)
    found = False
    for other in book.steps.values():
        if other.run != step.run or other.name not in step.after or other.id == step.id:
            continue
        if not _belong(book, step, other):
            continue
        found = True
        if other.state is State.SKIPPED:
            yield from _before(book, other)
        else:
            yield other.id
    if not found and _subject(step, "parcel") is not None:
        yield from _parcel_root(book, step, mine)


def _belong(book: Book, step: Step, other: Step) -> bool:
    groups = {_group_id(book, step), _group_id(book, other)} - {None}
    parcels = {_subject(step, "parcel"), _subject(other, "parcel")} - {None}
    return len(groups) < 2 and len(parcels) < 2


def _parcel_root(book: Book, step: Step, group: str | None) -> Iterator[str]:
    """Nothing declares that a parcel comes of a group's shipping: it appears when it leaves."""
    if step.awaits is not None:
        for other in book.steps.values():
            if other.capability == "shipment.announce" and other.subject == step.subject:
                yield other.id
                return
    for other in book.steps.values():
        if group is not None and other.awaits == "shipped" and _group_id(book, other) == group:
            yield other.id


def _columns(nodes: list[_Node]) -> None:
    for _ in nodes:
        moved = False
        for node in nodes:
            column = max((before.column + 1 for before in node.before), default=0)
            moved |= column != node.column
            node.column = min(column, len(nodes))
        if not moved:
            return


def _nearest(node: _Node) -> list[_Node]:
    """Those before it that no other of them waits for already: a line past several columns says nothing new."""
    behind: set[str] = set()
    for before in node.before:
        behind |= _ancestors(before)
    return [before for before in node.before if before.step.id not in behind]


def _ancestors(node: _Node) -> set[str]:
    found: set[str] = set()
    waiting = list(node.before)
    while waiting:
        one = waiting.pop()
        if one.step.id not in found:
            found.add(one.step.id)
            waiting += one.before
    return found


def _tree(nodes: list[_Node]) -> list[_Node]:
    """Each node hangs from the deepest of those before it."""
    roots: list[_Node] = []
    for node in sorted(nodes, key=lambda n: (n.column, n.step.tail, n.step.subject, n.step.id)):
        parent = max(node.before, key=lambda before: before.column, default=None)
        (parent.children if parent is not None else roots).append(node)
    return roots


def _place(node: _Node, free: float) -> float:
    """Gives the node and all that hangs from it rows from `free` on; returns the next free row."""
    if node.row >= 0:
        return free
    first = free
    for child in node.children:
        free = _place(child, free)
    free = max(free, first + 1)
    node.row = node.children[0].row if node.children else first
    return free


def _draw(nodes: list[_Node], rows: float) -> Walk:
    boxes = tuple(_box(node) for node in nodes)
    lines = tuple(
        Line(_curve(before, node), before.step.state is State.DONE) for node in nodes for before in node.before
    )
    columns = max(node.column for node in nodes) + 1
    width = columns * (WIDTH + GAP_X) - GAP_X + 2 * MARGIN
    height = max(rows, 1) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    return Walk(width, height, boxes, lines)


def _box(node: _Node) -> Box:
    step = node.step
    under = step.connection or {"payment": "the buyer", "delivered": "the carrier"}.get(step.awaits or "", "")
    return Box(step.id, title_of_step(step), under, step.state.value, _x(node), _y(node), step.tail)


def title_of_step(step: Step) -> str:
    """What the flow calls it: `shipped-letter` is "Shipped letter"; about a change after dispatch, what to do."""
    return step.name.replace("-", " ").replace("_", " ").capitalize()


def capability_title(step: Step) -> str:
    """What it asks for, in full."""
    found = CAPABILITIES.get(step.capability or "")
    return found.title if found else title_of_step(step)


def _x(node: _Node) -> float:
    return MARGIN + node.column * (WIDTH + GAP_X)


def _y(node: _Node) -> float:
    return MARGIN + node.row * (HEIGHT + GAP_Y)


def _curve(before: _Node, after: _Node) -> str:
    """From the right edge's middle to the left edge's, leaving and arriving level; round corners where rows differ."""
    x0, y0 = _x(before) + WIDTH, _y(before) + HEIGHT / 2
    x1, y1 = _x(after), _y(after) + HEIGHT / 2
    if y0 == y1:
        return f"M{x0:g} {y0:g}H{x1:g}"
    bend, round_ = x1 - GAP_X / 2, min(9.0, abs(y1 - y0) / 2)
    down = 1 if y1 > y0 else -1
    return (
        f"M{x0:g} {y0:g}H{bend - round_:g}Q{bend:g} {y0:g} {bend:g} {y0 + down * round_:g}"
        f"V{y1 - down * round_:g}Q{bend:g} {y1:g} {bend + round_:g} {y1:g}H{x1:g}"
    )
