"""What the hub's books must add up to, and agree with in the providers' ledgers, when a run has come to rest."""

from __future__ import annotations

import json
from typing import Any

from hub.flow import gap, groups
from hub.flow.scope import payment_of
from hub.model.book import Book
from hub.model.capability import CAPABILITIES
from hub.model.flow import State
from hub.model.order import Order
from hub.model.step import Effect, Group
from tests.simulation import truth
from tests.simulation.case import Broken, Case
from tests.simulation.result import Violation

_MOVES_MONEY = ("payment.capture", "payment.refund")


def effects(case: Case) -> Broken:
    """What the hub says of each effect is what the provider's ledger says, to the content."""
    ledgers = truth.read(case.scene.world.directory)
    for key, book in case.books.items():
        for effect in book.effects.values():
            if not truth.knows(effect.capability):
                continue
            lines = truth.all_of(effect, book, ledgers)
            name = f"{effect.capability} of {effect.subject} ({effect.generation})"
            if effect.executed and not lines and not case.voided_by_both(key, effect.capability):
                yield Violation("phantom", key, f"{name} is done, and no ledger knows it")
            elif effect.executed is False and lines and not _excused(book, effect, lines):
                yield Violation("disowned", key, f"{name} surely did not happen, says the hub; the ledger knows it")
            elif effect.executed and not _taken_for_ours(book, effect) and (why := _unlike(book, effect, lines)):
                yield Violation("content", key, f"{name}: {why}")


def _taken_for_ours(book: Book, effect: Effect) -> bool:
    """Found after the books were put back, not quite as it would be sent now: a person said that it is the one."""
    step = book.steps.get(effect.step)
    return step is not None and gap.was_in_question(step)


def _excused(book: Book, effect: Effect, lines: list[truth.Line]) -> bool:
    """A status that somebody else changed back is not there; what was called back only in part was not called back;
    another generation's line may be taken for this one's.
    """
    if effect.capability == "order.complete":
        return True
    if all(line.get("result") == "PartialSuccess" for line in lines):
        return True
    return any(e.capability == effect.capability and e is not effect and e.executed for e in book.effects.values())


def _unlike(book: Book, effect: Effect, lines: list[truth.Line]) -> str | None:
    """How what happened differs from what the hub says happened."""
    if effect.capability in _MOVES_MONEY:
        moved = [(line["amount"], line["currency"]) for line in lines]
        said = (effect.amount, effect.currency)
        return None if said in moved else f"the hub says {said}, the ledger {moved}"
    if effect.capability == "fulfillment.create":
        if len(lines) > 1:
            return f"{len(lines)} orders under one reference"
        if lines[0]["lines"] != effect.content["lines"]:
            return f"the hub says {effect.content['lines']}, the ledger {lines[0]['lines']}"
        group = book.groups.get(effect.subject.removeprefix("group:"))
        units = _by_sku(book, group) if group is not None and not group.withdrawn else None
        return (
            f"its group is {units} now, and {lines[0]['lines']} were sent"
            if units not in (None, lines[0]["lines"])
            else None
        )
    return None


def _by_sku(book: Book, group: Group) -> dict[str, int]:
    found: dict[str, int] = {}
    for line_id, quantity in group.lines.items():
        line = book.order.line(line_id) if book.order else None
        sku = (line.item.sku if line else None) or ""
        found[sku] = found.get(sku, 0) + quantity
    return found


def done_means_done(case: Case) -> Broken:
    """A step that changes something is done only by an effect that happened."""
    for key, book in case.books.items():
        for step in book.in_state(State.DONE):
            known = CAPABILITIES.get(step.capability or "")
            effect = book.effect(step)
            if known is not None and known.mutating and (effect is None or not effect.executed):
                yield Violation("phantom", key, f"{step.id} is done without an effect that happened")


def money(case: Case) -> Broken:
    """Captured by the hub <= authorised; given back by it <= captured; by order and currency, in the ledgers."""
    for order_id, lines in case.evidence.effects.items():
        order = case.evidence.orders.get(order_id)
        if order is None:
            continue
        sums: dict[tuple[str, str], int] = {}
        for line in lines:
            if line["effect"] in _MOVES_MONEY:
                name = (line["effect"], line["currency"])
                sums[name] = sums.get(name, 0) + int(line["amount"])
        for (what, currency), amount in sums.items():
            if amount > order["amount"] or currency != order["currency"]:
                yield Violation(
                    "money", order_id, f"{what} {amount} {currency} of {order['amount']} {order['currency']}"
                )


def intended_money(case: Case) -> Broken:
    """No more was ever asked for than there was: what had moved or might have, and the sum of the intent, are within
    what was authorised (of captures) or captured (of refunds)."""
    for key, book in case.books.items():
        told = case.evidence.orders.get(book.source_id)
        for capability in _MOVES_MONEY if told is not None else ():
            asked = [effect for effect in book.effects.values() if effect.capability == capability]
            moved: dict[str, int] = {}
            for effect in sorted(asked, key=lambda effect: effect.intended_at):
                step = book.steps.get(effect.step)
                payment = payment_of(book, step) if step is not None else None
                if payment is None or told is None:
                    continue
                limit = (
                    told["amount"]
                    if capability == "payment.capture"
                    else max(payment.captured, _taken(book, payment.id))
                )
                total = moved.get(payment.id, 0) + (effect.amount or 0)
                if total > limit:
                    yield Violation("sums", key, f"{capability} of {total} in all was asked for, of {limit}")
                if effect.executed is not False:
                    moved[payment.id] = total


def _taken(book: Book, payment_id: str) -> int:
    return sum(e.amount or 0 for e in book.executed("payment.capture") if e.subject == f"payment:{payment_id}")


def goods(case: Case) -> Broken:
    """Allocated <= ordered, and <= still wanted where nothing of it was sent yet; shipped <= allocated."""
    for key, book in case.books.items():
        if book.order is None:
            continue
        frozen = groups.allocated(book, sent_only=True)
        for line_id, quantity in groups.allocated(book).items():
            line = book.order.line(line_id)
            if line is None or (book.taken_back and line_id not in frozen):
                continue  # what was never sent of an order that is taken back stays as it was last planned
            wanted = line.quantity.original if line_id in frozen else line.quantity.total
            if quantity > wanted and (line_id not in frozen or quantity > _ever_ordered(case, key, line_id)):
                yield Violation("goods", key, f"{quantity} of line {line_id} are allocated, {wanted} were ordered")
        for group in book.groups.values():
            for line_id, quantity in groups.shipped(book, group).items():
                if quantity > group.lines.get(line_id, 0):
                    yield Violation("goods", key, f"{quantity} of line {line_id} left, of {group.lines} in {group.id}")


def _ever_ordered(case: Case, key: str, line_id: str) -> int:
    """The most that any version of the order said: some shops forget what was ordered when units are removed."""
    documents = case.rows("SELECT document FROM order_versions WHERE order_key = ?", key)
    lines = [Order.model_validate(json.loads(document)).line(line_id) for (document,) in documents]
    return max((max(line.quantity.original, line.quantity.total) for line in lines if line), default=0)


def left_alone(case: Case) -> Broken:
    """Nothing is sent for what is history, a test, or only observed."""
    for key, book in case.books.items():
        if book.disposition in ("history", "ignored") and book.effects:
            yield Violation("left alone", key, f"it is {book.disposition}, and has {sorted(book.effects)}")
        lines: list[dict[str, Any]] = case.evidence.effects.get(book.source_id, [])
        if book.connection in case.scene.observed and (book.effects or lines):
            told = sorted({line["effect"] for line in lines}) or sorted(book.effects)
            yield Violation("left alone", key, f"{book.connection} only observes, and {told} happened")


def reports_are_no_commands(case: Case) -> Broken:
    """Money moves back only for a person at the hub: never because the storefront cancelled or gave it back."""
    for key, book in case.books.items():
        for effect in book.effects.values():
            voided = effect.capability == "payment.void" and key not in case.cancelled
            refunded = effect.capability == "payment.refund" and key not in case.refunded
            if voided or refunded:
                yield Violation("report obeyed", key, f"nobody commanded {effect.capability} of {effect.subject}")


ALL = (effects, done_means_done, money, intended_money, goods, left_alone, reports_are_no_commands)
