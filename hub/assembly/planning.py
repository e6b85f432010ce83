"""What the hub would call for the latest orders of its storefronts, with amounts. Everything is read, nothing is
kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hub.assembly.home import Unfit
from hub.assembly.hub import Hub
from hub.flow.plan import OVERTAKEN, WILL_DO, PlannedEffect, preview
from hub.language.problem import suggestion
from hub.model.book import Book
from hub.model.capability import doing
from hub.model.cause import in_words
from hub.model.merge import Facts, join, order_of
from hub.model.message import FieldProblem
from hub.model.order import Order
from hub.model.outcome import Outcome, Verdict
from hub.reconcile.sweep import Source

_WINDOWS = (timedelta(days=2), timedelta(days=14), timedelta(days=60))
_PAGES = 40
_OVER = ("cancelled", "deleted", "draft")


@dataclass(frozen=True)
class OrderPlan:
    """One order. `alone` says why it would be left alone; `problems` why it could not be read at all. Amounts are in
    minor units of `currency`.
    """

    connection: str
    source_id: str
    label: str
    placed_at: datetime | None = None
    total: int | None = None
    currency: str | None = None
    alone: str | None = None
    effects: tuple[PlannedEffect, ...] = ()
    problems: tuple[FieldProblem, ...] = ()

    @property
    def stopped(self) -> tuple[PlannedEffect, ...]:
        """Effects that something stands in the way of."""
        return tuple(effect for effect in self.effects if effect.verdict == OVERTAKEN)


@dataclass
class Summary:
    """Of many plans: what would be done, with sums by currency, and what stands in the way."""

    orders: int = 0
    alone: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)  # (capability, connection)
    amounts: Counter[tuple[str, str]] = field(default_factory=Counter)  # (capability, currency) -> minor units
    stopped: Counter[str] = field(default_factory=Counter)  # cause -> orders


class Silent(Exception):
    """A storefront did not answer; the words say how."""

    def __init__(self, connection: str, outcome: Outcome) -> None:
        super().__init__(f"{connection} could not be asked for its orders: {outcome.message or outcome.verdict.value}")
        self.outcome = outcome


def plan(hub: Hub, names: Sequence[str], last: int, *, as_they_stand: bool = False) -> Iterator[OrderPlan]:
    """A plan for each of the latest orders of the storefronts (all of them where none is named), the newest first.

    As if each had just come in: what was shipped or closed since is disregarded, unless `as_they_stand`. Raises Unfit,
    Silent.
    """
    sources = hub.built.storefronts
    for name in names:
        if name not in sources:
            raise Unfit(f"no storefront is called '{name}': {suggestion(name, sources)}")
    for name in names or sorted(sources):
        for document in _latest(hub, sources[name], last):
            yield _planned(hub, sources[name], document, as_they_stand=as_they_stand)


def summarise(plans: Sequence[OrderPlan]) -> Summary:
    found = Summary(orders=len(plans))
    for one in plans:
        found.unreadable += bool(one.problems)
        if one.alone:
            found.alone[one.alone] += 1
        for cause in {effect.why or "stopped" for effect in one.stopped}:
            found.stopped[cause] += 1
        for effect in one.effects:
            if effect.verdict == WILL_DO and effect.capability:
                found.calls[effect.capability, effect.connection or ""] += 1
                if effect.amount is not None and effect.currency:
                    found.amounts[effect.capability, effect.currency] += effect.amount
    return found


def words(effect: PlannedEffect) -> str:
    """Why an effect is stopped, in a sentence; empty where nothing stands in its way."""
    if effect.verdict != OVERTAKEN:
        return ""
    return in_words(effect.why, connection=effect.connection, what=doing(effect.capability))


def _latest(hub: Hub, source: Source, last: int) -> list[Any]:
    """The newest documents, from a window that grows until it holds enough."""
    for window in _WINDOWS:
        found = _listed(hub, source, hub.clock() - window)
        if len(found) >= last or window is _WINDOWS[-1]:
            return sorted(found, key=_placed(hub, source), reverse=True)[:last]
    return []


def _listed(hub: Hub, source: Source, since: datetime) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        asked = {"updated_since": since.isoformat(), "cursor": cursor}
        outcome = hub.connections.read(source.connection, "order.list", asked)
        if outcome.verdict is not Verdict.DONE:
            raise Silent(source.connection, outcome)
        found += outcome.result.get("orders") or []
        cursor = outcome.result.get("next")
        if cursor is None:
            break
    return found


def _placed(hub: Hub, source: Source) -> Any:
    def when(document: Any) -> str:
        translation = hub.built.translator.translate_document(source.mapping, document, source.settings)
        return max((str(entity.document.get("placed_at") or "") for entity in translation.entities), default="~")

    return when


def _planned(hub: Hub, source: Source, document: Any, *, as_they_stand: bool) -> OrderPlan:
    translation = hub.built.translator.translate_document(source.mapping, document, source.settings)
    named = str(document.get("id", "?")) if isinstance(document, Mapping) else "?"
    if translation.problems:
        return OrderPlan(source.connection, named, named, problems=translation.problems)
    facts: Facts = {}
    for entity in translation.entities:
        facts = join(facts, entity)
    order = order_of(facts)
    if order is None:
        return OrderPlan(source.connection, named, named, alone="it tells of no order")
    alone = _alone(hub, source.connection, order)
    if alone is None and not as_they_stand:
        order = _fresh(order)
    effects = () if alone else tuple(_preview(hub, source.connection, order))
    total = order.total("total")
    return OrderPlan(source.connection, order.id, order.label, order.placed_at, total, order.currency, alone, effects)


def _alone(hub: Hub, connection: str, order: Order) -> str | None:
    if order.test and hub.setting.connections[connection].live:
        return "a test order"
    return order.standing if order.standing in _OVER else None


def _fresh(order: Order) -> Order:
    """The order as it came in: nothing shipped, nothing closed."""
    lines = [
        line.model_copy(update={"quantity": line.quantity.model_copy(update={"fulfilled": 0})})
        for line in order.line_items
    ]
    fulfillment = order.fulfillment.model_copy(update={"events": []})
    standing = "open" if order.standing == "completed" else order.standing
    changes = {"line_items": lines, "fulfillment": fulfillment, "standing": standing, "closed_at": None}
    return order.model_copy(update=changes)


def _preview(hub: Hub, connection: str, order: Order) -> list[PlannedEffect]:
    now = hub.clock()
    book = Book(key=f"{connection}:{order.id}", connection=connection, source_id=order.id, order=order, read_at=now)
    return preview(hub.setting, book, now)
