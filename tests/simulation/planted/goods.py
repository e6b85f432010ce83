"""Goods: what is ordered, what left, what was told of it, what is called back."""

from __future__ import annotations

from typing import Any

from hub.flow import evidence, groups, inputs, scope
from hub.model.step import Parcel
from tests.simulation.planted.patching import Patch, everywhere, together
from tests.simulation.planted.registry import bug


@bug("parcel-counted-twice", "Every report of a parcel adds its lines once more.")
def parcel_counted_twice() -> Patch:
    original = evidence.add_parcel

    def add_parcel(setting: Any, book: Any, connection: str, parcel: Parcel, now: Any) -> None:
        known = book.parcels.get(parcel.id)
        before = dict(known.lines) if known else {}
        original(setting, book, connection, parcel, now)
        kept = book.parcels[parcel.id]
        kept.lines = {line: quantity + before.get(line, 0) for line, quantity in parcel.lines.items()}

    return everywhere(evidence.add_parcel, add_parcel)


@bug("complete-at-first-parcel", "The first of several parcels completes the order.")
def complete_at_first_parcel() -> Patch:
    return everywhere(inputs.all_shipped, lambda book, group: bool(groups.shipped(book, group)))


@bug("label-kept", "A cancelled order's label is not given back.")
def label_kept() -> Patch:
    original = scope.group_facts
    return everywhere(scope.group_facts, lambda book, group: {**original(book, group), "labelled": False})


@bug("allocated-twice", "Units that are on their way already are allocated once more.", behind="the sums of the intent")
def allocated_twice() -> Patch:
    return everywhere(groups.allocated, lambda book, sent_only=False: {})


@bug("sent-group-changes", "A group follows its order even after it was sent, so that it says what nobody was told.",
     edits=True)  # fmt: skip
def sent_group_changes() -> Patch:
    original = groups.replan

    def replan(book: Any, rules: Any, document: Any) -> None:
        sent = [group for group in book.groups.values() if group.sent]
        for group in sent:
            group.sent = False
        original(book, rules, document)
        for group in sent:
            group.sent = True

    return together(everywhere(groups.replan, replan))
