"""What stands between a due step and its call. Pure: looked at before the call is prepared and again with the
intent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hub.flow import gap, groups, payment
from hub.flow.scope import document_of, group_of, payment_of, reads_source, scope_of, storefront_of
from hub.flow.setting import APPROVE, OBSERVE, Setting
from hub.language.expression import ExpressionError
from hub.model.book import Book
from hub.model.capability import CAPABILITIES
from hub.model.flow import State
from hub.model.order import Order, Payment
from hub.model.step import Effect, Group, Step

# What holds an order back keeps nobody from asking whether a thing has happened before.
_ASKED_ALL_THE_SAME = ("source_on_hold", "high_risk", "unbalanced", "payment_waiting", "overtaken")
_SHIPS = ("fulfillment.create", "shipment.create", "label.buy")


@dataclass(frozen=True)
class Go:
    """Nothing stands in the way."""


@dataclass(frozen=True)
class Hold:
    cause: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Skip:
    cause: str


@dataclass(frozen=True)
class Withdraw:
    cause: str


@dataclass(frozen=True)
class Postpone:
    """Not now: another step of the order must settle first."""

    seconds: float


@dataclass(frozen=True)
class Refresh:
    """The source must be read again first."""


Gate = Go | Hold | Skip | Withdraw | Postpone | Refresh


def judge(setting: Setting, book: Book, step: Step, now: datetime) -> Gate:
    """The first thing that stands in the way, sternest first. What may have happened while these books were not kept is
    asked about even where the order is held back, or nobody wants it any more.
    """
    found = _judge(setting, book, step, now)
    stopped = isinstance(found, Withdraw) or (isinstance(found, Hold) and found.cause in _ASKED_ALL_THE_SAME)
    if stopped and book.disposition == "active" and _to_ask(book, step):
        return _judge_mutation(setting, book, step, now)
    return found


def _to_ask(book: Book, step: Step) -> bool:
    """Of money that is no longer to be had the source has said it already."""
    if step.capability == "payment.capture":
        money = payment_of(book, step)
        return gap.askable(step) and money is not None and payment.capturable(money) > 0
    return gap.askable(step) or (not CAPABILITIES[step.capability or ""].mutating and gap.unasked(book, step.run))


def _judge(setting: Setting, book: Book, step: Step, now: datetime) -> Gate:
    order = book.order
    if order is None or book.disposition != "active":
        return Withdraw(book.disposition)
    if step.connection is None:
        return Hold("no_connection", {"capability": step.capability})
    if step.connection not in setting.connections or not setting.connectors.supports(
        step.connection, step.capability or ""
    ):
        if step.spec.get("optional"):
            return Skip("unsupported")
        return Hold("unsupported", {"capability": step.capability, "connection": step.connection})
    standing = setting.standing(book, step.connection)
    if standing.paused:
        return Hold("paused", {"connection": step.connection, "why": standing.why})
    if step.detail.get("released") is not True and (found := _judge_order(setting, book, step, order)) is not None:
        return found
    if (found := _judge_applies(setting, book, step)) is not None:
        return found
    return _judge_mutation(setting, book, step, now)


def _judge_order(setting: Setting, book: Book, step: Step, order: Order) -> Gate | None:
    if book.taken_back and step.spec.get("undoes") is None and _forward(book, step):
        return Withdraw("order_cancelled")
    if step.capability in _SHIPS or step.capability == "payment.capture":
        if order.standing == "on_hold":
            return Hold("source_on_hold", {"source_status": order.source_status})
        if order.high_risk and not book.approved:
            return Hold("high_risk")
        if _unbalanced(setting, book, order):
            return Hold("unbalanced")
    if step.capability in _SHIPS:
        return _judge_shipping(setting, book, step, order)
    if step.capability == "order.complete" and any(_leaves_otherwise(group) for group in book.groups.values()):
        return Skip("not_all_shipped")
    if step.capability == "payment.capture":
        money = payment_of(book, step)
        if money is None or payment.capturable(money) == 0:
            return Skip("done_at_source")
    return None


def _leaves_otherwise(group: Group) -> bool:
    return not group.withdrawn and group.method not in (*groups.SHIPPED_METHODS, "digital")


def _forward(book: Book, step: Step) -> bool:
    run = book.runs.get(step.run)
    return run is not None and run.trigger == "placed" and step.capability != "shipment.announce"


def _unbalanced(setting: Setting, book: Book, order: Order) -> bool:
    storefront = storefront_of(setting, book)
    flagged = any(message.code == "unbalanced" for message in order.messages)
    return flagged and not storefront.trust_balance and not book.approved


def _judge_shipping(setting: Setting, book: Book, step: Step, order: Order) -> Gate | None:
    group = group_of(book, step)
    if group is None or group.withdrawn or not group.lines:
        return Withdraw("nothing_to_ship")
    if gaps := groups.address_gaps(group.destination):
        return Hold("address_incomplete", {"missing": gaps})
    if not _paid(book, order):
        return Hold("payment_waiting")
    if payment.given_back(order):
        return Hold("overtaken", {"changed": "refund"})
    if group.sent and (changed := _changed(book, group)):
        return Hold("overtaken", {"changed": changed, "group": group.id})
    if order.cod_amount:
        return _judge_cash(setting, book, group)
    return None


def _paid(book: Book, order: Order) -> bool:
    """A method that nobody knows counts as paid once a person has vouched for it."""
    readiness = payment.readiness(order)
    if readiness != payment.UNKNOWN:
        return readiness == payment.READY
    return any(step.awaits == "payment" and step.state is State.DONE for step in book.steps.values())


def _changed(book: Book, group: Group) -> str | None:
    """What the source has changed since the group was laid down for good."""
    assert book.order is not None
    want = groups.wanted(book)
    if any(quantity > want.get(line, 0) for line, quantity in group.lines.items()):
        return "quantity"
    place, _ = groups.promise(document_of(book.order), group.lines)
    return "address" if place is not None and place != group.destination else None


def _judge_cash(setting: Setting, book: Book, group: Group) -> Gate | None:
    """The cash to collect rides on exactly one parcel stream, at a warehouse that can collect."""
    connection = setting.connections.get(group.connection or "")
    if connection is None or not connection.collects_cash:
        return Hold("cod_not_collectable", {"connection": group.connection})
    if len([g for g in book.groups.values() if not g.withdrawn and g.method in groups.SHIPPED_METHODS]) > 1:
        return Hold("cod_split")
    return None


def _judge_applies(setting: Setting, book: Book, step: Step) -> Gate | None:
    """`when` is asked again: what was true when the step was freed may have been done at the source since."""
    run = book.runs.get(step.run)
    flow = setting.flow_of(run) if run else None
    spec = flow.by_name.get(step.name) if flow else None
    if spec is None or book.order is None:
        return Hold("unknown_flow", {"flow": run.flow if run else None})
    try:
        return None if spec.applies(scope_of(setting, book, step, document_of(book.order))) else Skip("does_not_apply")
    except ExpressionError as error:
        return Hold("expression", {"what": str(error)})


def _judge_mutation(setting: Setting, book: Book, step: Step, now: datetime) -> Gate:
    capability = CAPABILITIES[step.capability or ""]
    if not capability.mutating:
        return Go()
    mode = setting.mode_of(step.connection or "", capability.name)
    storefront_mode = setting.mode_of(book.connection, capability.name)
    if OBSERVE in (mode, storefront_mode):
        return Hold("observe", {"connection": step.connection})
    if APPROVE in (mode, storefront_mode) and not book.approved:
        return Hold("approval", {"connection": step.connection})
    if _live(setting, step.connection or "") != _live(setting, book.connection):
        return Hold("test_and_live", {"connection": step.connection})
    if capability.name == "shipment.announce" and _announcing(book, step):
        return Postpone(1.0)
    if capability.irreversible and _is_stale(setting, book, now):
        return Refresh()
    return Go()


def _live(setting: Setting, connection: str) -> bool:
    found = setting.connections.get(connection)
    return found is not None and found.live


def _announcing(book: Book, step: Step) -> bool:
    """Whether the last parcel completes the order is known only when the earlier ones have been told."""
    busy = (State.INTENT, State.UNKNOWN)
    return any(o.capability == step.capability and o.id != step.id and o.state in busy for o in book.steps.values())


def _is_stale(setting: Setting, book: Book, now: datetime) -> bool:
    storefront = storefront_of(setting, book)
    if not reads_source(setting, book.connection):
        return False
    if book.read_at is None:
        return True
    return now - book.read_at > timedelta(seconds=storefront.fresh_for_seconds)


def sums(book: Book, step: Step, amount: int | None) -> str | None:
    """What adding up forbids, checked in the intent's transaction; None where it adds up."""
    if gap.pending(step):
        return None  # it is only asked about; before it is sent, this is asked again
    if step.capability in ("payment.capture", "payment.refund"):
        money = payment_of(book, step)
        if money is None or amount is None or amount <= 0:
            return "there is no amount to move"
        ours = [e for e in book.executed(step.capability) if _same_money(book, e.step, money.id) and e.step != step.id]
        limit, moved = _moved(book, step.capability, money, ours)
        if moved + amount > limit:
            return f"{moved} were moved already, {amount} more would exceed {limit}"
    if step.capability in _SHIPS:
        return _oversold(book, group_of(book, step))
    return None


def _moved(book: Book, capability: str, money: Payment, ours: list[Effect]) -> tuple[int, int]:
    """(limit, moved already). Our own refunds that the source lists by now are not counted twice."""
    assert book.order is not None
    if capability == "payment.capture":
        return money.authorized, max(sum(effect.amount or 0 for effect in ours), money.captured)
    # The order may list a refund of ours before it counts it among what this payment gave back.
    told = money.refunded + payment.untold(book.order, money, ours)
    return money.captured, max(told, sum(effect.amount or 0 for effect in ours))


def _same_money(book: Book, step_id: str, payment_id: str) -> bool:
    step = book.steps.get(step_id)
    found = payment_of(book, step) if step else None
    return found is not None and found.id == payment_id


def _oversold(book: Book, group: Group | None) -> str | None:
    assert book.order is not None
    want, given = groups.wanted(book), groups.allocated(book)
    for line in group.lines if group else ():
        if given.get(line, 0) > want.get(line, 0):
            return f"line {line}: {given[line]} allocated, {want.get(line, 0)} wanted"
    return None
