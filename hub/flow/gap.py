"""Books that were put back from a backup do not remember what was done after it.

Between the backup and its return lies a gap: another hub went on from there, whose calls had their effects. So whatever
that hub may have done is asked about before it is done, as if its answer had been lost: by the effect's reference at
whoever can look it up, under the same key at whoever still knows it, by a person where nobody can tell. Pure on the
book.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.model.book import Book
from hub.model.capability import CAPABILITIES
from hub.model.effect import Identity, key_of, reference_of
from hub.model.flow import TERMINAL, State
from hub.model.order import Order
from hub.model.step import Effect, Step

ASK, ASKED = "ask", "asked"  # in a step's spec: [since, until] while it is to be asked about; until when it was
RECALLED = "recalled"  # in a step's spec: what held it was passed over once, to ask about it
# A storefront's clock may run ahead of ours, and a sweep looks back: an order is rather asked about than not.
_MENDED = 2  # so often something is refused, mended and tried again in one gap, and still found
SKEW = timedelta(minutes=5)
LOOKBACK = timedelta(hours=1)
_SHIPPING = ("fulfillment.create", "shipment.create", "label.buy", "shipment.announce")
_REFUSED = (State.REJECTED, State.DEAD)


@dataclass(frozen=True)
class Gap:
    """`since`: what the books remember was done by then, at the earliest the backup. `until`: they were put back, and
    nobody went on from the others any more.
    """

    since: datetime
    until: datetime

    @property
    def span(self) -> list[str]:
        return [_text(self.since), _text(self.until)]


def concerns(gap: Gap | None, order: Order | None) -> bool:
    """Whether something may have been done for the order in the gap."""
    return gap is not None and order is not None and order.placed_at <= gap.until + SKEW


def fell_into(gap: Gap | None, order: Order) -> bool:
    """Whether the order came in the gap: what is over at its source by now may have been the lost hub's doing."""
    return gap is not None and gap.since - LOOKBACK <= order.placed_at <= gap.until + SKEW


def mark(gap: Gap | None, book: Book) -> None:
    """Whatever of the order may have been done in the gap is to be asked about before it is done."""
    if gap is None or not concerns(gap, book.order):
        return
    since, until = gap.span
    for step in (*_changing(book), *_awaited(book)):
        known = step.spec.get(ASK)
        if (known or ["", step.spec.get(ASKED, "")])[1] >= until:
            continue
        effect = book.effect(step)
        if effect is not None and effect.intended_at > gap.until:
            continue  # these books' own
        step.spec = {**step.spec, ASK: [min(since, known[0]) if known else since, until]}


def recall(gap: Gap, book: Book, now: datetime) -> None:
    """What the books' return means for one order that they hold: to be asked about, read and looked at again."""
    if book.order is None or book.disposition != "active":
        return
    mark(gap, book)
    book.distrust(now)
    for step in book.in_state(State.AWAITING):
        if step.deadline_at is not None:
            step.deadline_at = now  # what reported itself in the gap does not report again
    book.note(now, "hub", "restored", "These books are a backup: what may have been done since is asked about first.")


def pending(step: Step) -> bool:
    """Whether it may have happened in the gap, and nobody was asked yet."""
    return ASK in step.spec


def was_in_question(step: Step) -> bool:
    """Whether it was to be asked about, be it that it is known by now."""
    return ASK in step.spec or ASKED in step.spec


def shipping(book: Book) -> bool:
    """Whether goods may have been ordered, labelled, sent or written back in the gap."""
    return any(
        pending(step) and step.state not in TERMINAL and (step.capability in _SHIPPING or step.awaits == "shipped")
        for step in book.steps.values()
    )


def unasked(book: Book, run: str) -> bool:
    """Whether anything of a run may have happened in the gap; what the books know to be refused needs a person."""
    return any(step.run == run and askable(step) and step.state not in _REFUSED for step in _changing(book))


def askable(step: Step) -> bool:
    """Whether it is to be asked about even when nobody wants it any more. Of a letter that would change nothing."""
    return pending(step) and step.capability != "notification.send"


def span(step: Step) -> tuple[datetime, datetime]:
    """Of the gap that a pending step may have happened in."""
    since, until = step.spec[ASK]
    return datetime.fromisoformat(since), datetime.fromisoformat(until)


def later(book: Book, step: Step) -> list[Identity]:
    """Under what else it may have been done in the gap: whoever mends what was refused makes another generation."""
    if not pending(step):
        return []
    known = step.identity(book.key)
    return [replace(known, generation=known.generation + more) for more in range(1, 1 + _MENDED)]


def take_later(install_key: bytes, book: Book, step: Step, effect: Effect, names: set[str]) -> Effect:
    """The effect that a provider knows under one of `names`: this one, or that of a later generation."""
    if effect.reference in names:
        return effect
    for identity in later(book, step):
        reference = reference_of(install_key, identity)
        if reference in names:
            effect.executed = False
            key = key_of(install_key, identity)
            found = replace(effect, generation=identity.generation, key=key, reference=reference, executed=None)
            book.effects[(found.capability, found.subject, found.generation)] = found
            step.generation = identity.generation
            return found
    return effect


def rule_out(book: Book, step: Step, before: list[Step]) -> None:
    """A letter follows what it tells of: what had not happened, and was done by these books, nobody told before."""
    if not pending(step) or step.capability != "notification.send":
        return
    until = span(step)[1]
    for other in before:
        effect = book.effect(other)
        if effect is not None and effect.executed and ASKED in other.spec and effect.intended_at > until:
            settle(step)
            return


def leave(book: Book, step: Step) -> None:
    """It ends without having been asked about, by what the source says: that it surely did not happen was known only of
    the tries before the gap.
    """
    effect = book.effect(step)
    if effect is not None and pending(step):
        effect.executed = effect.executed or None


def settle(step: Step) -> None:
    """It is known by now, or settled by what its books know."""
    if ASK in step.spec:
        rest = {name: value for name, value in step.spec.items() if name != ASK}
        step.spec = {**rest, ASKED: step.spec[ASK][1]}


def _changing(book: Book) -> Iterator[Step]:
    """Steps that are not over, and would change something at a provider."""
    for step in book.steps.values():
        if step.capability is not None and step.state not in TERMINAL and CAPABILITIES[step.capability].mutating:
            yield step


def _awaited(book: Book) -> Iterator[Step]:
    """What may have come in the gap, and will not report itself again."""
    for step in book.steps.values():
        if step.awaits in ("shipped", "delivered") and step.state not in TERMINAL:
            yield step


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
