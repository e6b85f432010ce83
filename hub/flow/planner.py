"""What an order needs now: pure on the book, run at the end of every moment until nothing moves.

It never asks anybody anything. It lays groups, makes the steps a flow declares for each payment, group and parcel,
frees
what may go, skips what does not apply, takes back what is no longer wanted, and raises what a person must see.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from hub.flow import gap, groups, life, payment
from hub.flow.expand import begin, connection_for, expand
from hub.flow.inputs import all_shipped
from hub.flow.manifest import StepSpec
from hub.flow.review import review
from hub.flow.scope import document_of, group_of, parcel_of, scope_of
from hub.flow.setting import Setting
from hub.language.expression import ExpressionError
from hub.model.book import Book
from hub.model.flow import SATISFIES, TERMINAL, Event, State
from hub.model.step import Step

_GONE = ("cancelled", "deleted")
_MENDED_BY_THE_SOURCE = {
    "payment_unknown", "source_on_hold", "address_incomplete", "cod_split", "cod_not_collectable", "unbalanced",
    "expression", "cannot_prepare", "unrouted", "not_open",
}  # fmt: skip
_ROUNDS = 64  # more rounds than any flow has levels: a guard, never reached


def advance(setting: Setting, book: Book, now: datetime) -> None:
    """Brings the book up to date with its order, its parcels and its settled steps."""
    if book.order is None or book.disposition != "active":
        return
    document = document_of(book.order)
    _start_cancel(setting, book, now)
    blind = not book.groups and gap.concerns(setting.gap, book.order)
    if (blind or not book.taken_back) and "fulfil-order" in book.runs:
        groups.replan(book, setting.routing, document, blind=blind)
    for run in book.runs.values():
        flow = setting.flow_of(run)
        if flow is not None:
            expand(setting, book, run, flow)
    gap.mark(setting.gap, book)
    for _ in range(_ROUNDS):
        if not _round(setting, book, document, now):
            break
    if "fulfil-order" in book.runs:
        review(book, now, is_open=not book.taken_back)
    _end_runs(book, now)


def _start_cancel(setting: Setting, book: Book, now: datetime) -> None:
    """An order cancelled at its source, or by a person, undoes what it set going: by a flow of its own."""
    assert book.order is not None
    known = "cancel-order" in setting.flows and "cancel-order" not in book.runs
    if book.order.standing in _GONE and book.runs and known:
        begin(setting, book, "cancel-order", now, commanded=False)
        book.note(now, book.connection, "cancelled", "The order was cancelled at its source.")


# --- moving steps


def _round(setting: Setting, book: Book, document: dict[str, Any], now: datetime) -> bool:
    moved = False
    for step in list(book.steps.values()):
        if step.state in TERMINAL:
            continue
        moved |= _withdraw_unwanted(book, step, now) or _mend_by_source(book, step, now)
        if step.state is State.BLOCKED:
            moved |= _unblock(setting, book, step, document, now)
        if step.state is State.AWAITING or (step.state is State.HELD and step.awaits):
            moved |= _fulfil_wait(book, step, now)
    return moved


def _predecessors(book: Book, step: Step) -> Iterator[Step]:
    """Steps of the same run named in `after`, about the same subject where both are per subject."""
    for other in book.steps.values():
        if other.run == step.run and other.name in step.after and _related(book, step, other):
            yield other
    undoes = _spec_undoes(step)
    if undoes:
        yield from (o for o in book.steps.values() if o.capability == undoes and o.subject == step.subject)


def _spec_undoes(step: Step) -> str | None:
    found = step.spec.get("undoes")
    return str(found) if found else None


def _related(book: Book, step: Step, other: Step) -> bool:
    group, theirs = group_of(book, step), group_of(book, other)
    if group is not None and theirs is not None and group.id != theirs.id:
        return False
    parcel, their_parcel = parcel_of(book, step), parcel_of(book, other)
    return not (parcel is not None and their_parcel is not None and parcel.id != their_parcel.id)


def _unblock(setting: Setting, book: Book, step: Step, document: dict[str, Any], now: datetime) -> bool:
    before = list(_predecessors(book, step))
    compensating = _spec_undoes(step) is not None
    if any(other.state not in (TERMINAL if compensating else SATISFIES | {State.CANCELLED}) for other in before):
        return False
    if not compensating and any(other.state is State.CANCELLED for other in before):
        life.move(step, Event.WITHDRAW, now, cause="predecessor_cancelled")
        return True
    spec = _spec(setting, book, step)
    if spec is None:
        life.hold(step, "unknown_flow", now)
        return True
    try:
        applies = spec.applies(scope_of(setting, book, step, document))
    except ExpressionError as error:
        life.hold(step, "expression", now, what=str(error))
        return True
    if not applies:
        life.move(step, Event.SKIP, now, cause="does_not_apply")
        return True
    gap.rule_out(book, step, before)
    step.connection = step.connection or connection_for(setting, book, step, spec.declared.connection)
    _free(setting, book, step, spec, now)
    return True


def _free(setting: Setting, book: Book, step: Step, spec: StepSpec, now: datetime) -> None:
    if step.awaits is None:
        life.move(step, Event.FREED, now, target=State.READY, next_at=now)
        return
    life.move(step, Event.FREED, now, target=State.AWAITING)
    if step.awaits != "payment":  # money that is awaited costs nobody anything: no deadline, the source will say
        wait = 0.0 if gap.pending(step) else poll_seconds(setting, book, step)
        step.deadline_at = now + timedelta(seconds=wait)


def _spec(setting: Setting, book: Book, step: Step) -> StepSpec | None:
    run = book.runs.get(step.run)
    flow = setting.flow_of(run) if run else None
    return flow.by_name.get(step.name) if flow else None


def poll_seconds(setting: Setting, book: Book, step: Step) -> float:
    """How often an awaited thing is asked for: the connection's word, else the flow's."""
    connection = setting.connections.get(step.connection or "")
    if connection is not None and connection.poll_seconds is not None:
        return connection.poll_seconds
    spec = _spec(setting, book, step)
    return spec.declared.poll_seconds if spec else 3600.0


def overdue(setting: Setting, book: Book, step: Step, now: datetime) -> bool:
    """Whether an awaited thing has been awaited for longer than its flow allows."""
    spec = _spec(setting, book, step)
    limit = spec.declared.deadline_seconds if spec else 259200.0
    return step.began_at is not None and now - step.began_at > timedelta(seconds=limit)


def _fulfil_wait(book: Book, step: Step, now: datetime) -> bool:
    assert book.order is not None
    if step.awaits == "payment":
        return _judge_payment(book, step, payment.readiness(book.order), now)
    if step.awaits == "shipped":
        group = group_of(book, step)
        come = group is not None and all_shipped(book, group)
    else:
        parcel = parcel_of(book, step)
        come = parcel is not None and parcel.delivered_at is not None
    if come:
        life.move(step, Event.EVIDENCE, now)
    return come


def _judge_payment(book: Book, step: Step, readiness: str, now: datetime) -> bool:
    vouched = readiness == payment.UNKNOWN and step.detail.get("released") is True  # a person knows the method
    if readiness == payment.READY or vouched:
        life.move(step, Event.EVIDENCE, now)
        return True
    if readiness == payment.UNKNOWN and step.state is State.AWAITING:
        methods = sorted({p.method for p in book.order.payments}) if book.order else []
        life.hold(step, "payment_unknown", now, methods=methods)
        return True
    return False


def _mend_by_source(book: Book, step: Step, now: datetime) -> bool:
    """A hold that only the order's content caused is looked at again whenever the order changes."""
    if step.state is not State.HELD or step.cause not in _MENDED_BY_THE_SOURCE:
        return False
    if step.detail.get("version") == book.version or step.awaits == "payment":
        return False
    if "version" not in step.detail:  # remember for which version it was raised; later versions mend it
        step.detail = {**step.detail, "version": book.version}
        return False
    life.mend(step, now)
    return True


# --- taking back


def _withdraw_unwanted(book: Book, step: Step, now: datetime) -> bool:
    assert book.order is not None
    if not life.can_withdraw(step) or _spec_undoes(step) is not None or step.name == "review":
        return False
    why = unwanted(book, step)
    if why is None:
        return False
    if gap.unasked(book, step.run) and step.state not in (State.REJECTED, State.DEAD):
        if step.awaits == "payment" or (step.awaits is None and step.capability != "notification.send"):
            return _let_ask(step, now)
    life.move(step, Event.WITHDRAW, now, cause=why)
    return True


def _let_ask(step: Step, now: datetime) -> bool:
    """A step of a run that may have gone on while these books were not kept: it is asked about before it is taken
    back, each in its turn.
    """
    if step.awaits is not None and step.state is not State.BLOCKED:
        life.move(step, Event.EVIDENCE, now)  # for all we know, the money was there
        return True
    if step.state is not State.HELD or step.spec.get(gap.RECALLED):
        return False
    step.spec = {**step.spec, gap.RECALLED: True}
    life.mend(step, now)
    return True


def unwanted(book: Book, step: Step) -> str | None:
    """Why a step is no longer wanted; None while it is."""
    run = book.runs.get(step.run)
    if book.taken_back and run is not None and run.trigger == "placed":
        parcel = parcel_of(book, step)  # what has left is still told to the storefront
        return None if parcel is not None and step.capability == "shipment.announce" else "order_cancelled"
    group = group_of(book, step)
    if group is not None and group.withdrawn:
        return "nothing_to_ship"
    return None


def _end_runs(book: Book, now: datetime) -> None:
    for run in book.runs.values():
        mine = [step for step in book.steps.values() if step.run == run.id and not step.tail]
        if run.ended_at is None and mine and all(step.state in TERMINAL for step in mine):
            run.ended_at = now
        elif run.ended_at is not None and any(step.state not in TERMINAL for step in mine):
            run.ended_at = None
