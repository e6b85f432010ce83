"""Making the steps a flow declares: one for the order, or one per payment, fulfilment group and parcel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub.flow.manifest import Flow, StepSpec
from hub.flow.scope import group_of, payment_of
from hub.flow.setting import Setting
from hub.model.book import Book
from hub.model.flow import State
from hub.model.step import Run, Step

_PINNED = {"kind", "undoes", "optional"}  # what a step must know of its declaration when the flow is not at hand


def begin(setting: Setting, book: Book, flow: str, now: datetime, run: str | None = None, **inputs: Any) -> Run:
    """Begins a run of a flow for the order; the same run id begins once."""
    name = run or flow
    if name not in book.runs:
        declared = setting.flows[flow]
        book.runs[name] = Run(name, flow, declared.trigger, declared.hash, now, inputs=inputs)
    return book.runs[name]


def expand(setting: Setting, book: Book, run: Run, flow: Flow) -> None:
    for spec in flow.steps:
        for subject in _subjects(book, spec, run):
            step_id = f"{run.id}/{spec.name}/{subject}"
            if step_id not in book.steps:
                book.steps[step_id] = _make(setting, book, run, spec, step_id, subject)


def _subjects(book: Book, spec: StepSpec, run: Run) -> Iterator[str]:
    per, kind = spec.declared.per, spec.declared.kind
    prefix = f"{kind}:" if kind else ""
    if per == "order":
        yield f"{prefix}{_run_subject(run, spec)}"
    elif per == "payment" and book.order is not None:
        yield from (f"{prefix}payment:{entry.id}" for entry in book.order.payments)
    elif per == "group":
        yield from (f"{prefix}group:{group.id}" for group in book.groups.values() if not group.withdrawn)
    elif per == "parcel":
        yield from (f"{prefix}parcel:{parcel.id}" for parcel in book.parcels.values())


def _run_subject(run: Run, spec: StepSpec) -> str:
    """A refund is its own business thing: its effects carry its id."""
    return f"refund:{run.inputs['refund_id']}" if "refund_id" in run.inputs else "order"


def _make(setting: Setting, book: Book, run: Run, spec: StepSpec, step_id: str, subject: str) -> Step:
    declared = spec.declared
    step = Step(
        id=step_id,
        run=run.id,
        name=spec.name,
        subject=subject,
        state=State.BLOCKED,
        capability=declared.capability,
        awaits=declared.awaits,
        tail=declared.tail,
        after=list(declared.after),
        spec=declared.model_dump(include=_PINNED, exclude_defaults=True),
    )
    step.connection = connection_for(setting, book, step, declared.connection)
    return step


def connection_for(setting: Setting, book: Book, step: Step, named: str | None) -> str | None:
    """Whom to ask: the money's custodian, the group's shipper, the mailer, else the storefront."""
    if named is not None:
        return named
    family = (step.capability or step.awaits or "").partition(".")[0]
    if family == "payment" and step.capability:
        money = payment_of(book, step)
        if money is not None and money.custodian == "provider":
            return setting.providers.get(money.provider or "")
        return book.connection
    if step.capability == "notification.send":
        return setting.mail
    if step.capability == "shipment.announce":
        return book.connection
    group = group_of(book, step)
    return group.connection if group is not None else book.connection
