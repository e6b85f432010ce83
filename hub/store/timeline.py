"""An order's timeline: what happened, when, at which provider, with which key, in plain words. Pure on the dossier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hub.model.book import Observation
from hub.model.capability import CAPABILITIES, doing, title_of
from hub.model.cause import cause_of, in_words
from hub.model.detail import said
from hub.model.flow import NEEDS_PERSON, State
from hub.model.outcome import Verdict
from hub.model.step import Attempt, Effect, Note, Step
from hub.model.view import Dossier, Entry, MessageRow, Version

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

# How entries of the same instant follow each other.
_KINDS = ("placed", "message", "version", "evidence", "note", "attempt", "parcel", "step", "stopped", "planned")

_VERDICTS: dict[str, tuple[str, str]] = {  # words, tone
    Verdict.DONE: ("done", "good"),
    Verdict.NOT_EXECUTED: ("not executed; it is tried again", "quiet"),
    Verdict.BUSY: ("the same request is being executed already", "doubt"),
    Verdict.REFUSED: ("refused", "bad"),
    Verdict.DUPLICATE: ("exists already; it is looked up and compared", "doubt"),
    Verdict.UNKNOWN: ("no clear answer; what happened is found out before anything else is sent", "doubt"),
    Verdict.AUTH: ("the credentials were refused; nothing was sent", "bad"),
    Verdict.HELD: ("not sent: the connection is paused or failing", "quiet"),
}
_ASKED: dict[str, tuple[str, str]] = {  # of a question, which changes nothing at the provider
    **_VERDICTS,
    Verdict.UNKNOWN: ("no clear answer; it is asked again", "quiet"),
}
_LOOKED: dict[str, tuple[str, str]] = {
    Verdict.DONE: ("looked up", "plain"),
    Verdict.REFUSED: ("could not be looked up", "bad"),
    Verdict.AUTH: ("could not be looked up: the credentials were refused", "bad"),
}
_AWAITED = {"payment": "The payment is there", "shipped": "Everything was shipped", "delivered": "Delivered"}
_QUESTIONS = {"shipped": "whether it was shipped", "delivered": "whether it was delivered"}
_EVIDENCE = {
    "payment.captured": "reports the payment captured",
    "payment.voided": "reports the authorisation released",
    "payment.refunded": "reports a refund",
    "payment.failed": "reports that the payment failed",
    "fulfillment.shipped": "reports a parcel on its way",
    "fulfillment.delivered": "reports a parcel delivered",
    "fulfillment.cancelled": "reports the warehouse order cancelled",
    "fulfillment.exception": "reports a problem",
    "tracking.updated": "reports where a parcel is",
    "label.refunded": "reports the label refunded",
    "late_answer": "answered after its worker had given up waiting",
}
_TONES = {"payment.failed": "bad", "fulfillment.exception": "bad", "fulfillment.delivered": "good"}
_REPORTED = ("carrier", "tracking_number", "status", "message")
_TOLD = frozenset({"fulfillment.shipped", "fulfillment.delivered", "fulfillment.cancelled"})  # the status says it again
# Notes that say again what an attempt or an observation says with more in it.
_SAID_BETTER = frozenset({"report", "refused"})
_FIELDS = {
    "line_items": "the lines",
    "payments": "the payments",
    "adjustments": "refunds and adjustments",
    "totals": "the totals",
    "buyer": "the buyer",
    "note": "the note",
    "tags": "the tags",
    "cancelled_at": "its cancellation",
    "high_risk": "its risk",
    "cod_amount": "the cash to collect",
    "pickup_point": "the pickup point",
}


def timeline(dossier: Dossier) -> tuple[Entry, ...]:
    """Oldest first; what is still to come stands at the end."""
    entries = [
        *_placed(dossier),
        *map(_message, dossier.messages),
        *_versions(dossier.versions),
        *(_observation(seen) for seen in dossier.observations),
        *(_note(note, dossier) for note in dossier.notes if note.kind not in _SAID_BETTER),
        *(_attempt(attempt, dossier) for attempt in dossier.attempts),
        *_deliveries(dossier),
    ]
    for step in dossier.book.steps.values():
        entries += _step(step, dossier)
    return tuple(sorted(entries, key=_order))


def _order(entry: Entry) -> tuple[bool, datetime, int, str]:
    return entry.kind == "planned", entry.at, _KINDS.index(entry.kind), entry.step or ""


def _placed(dossier: Dossier) -> Iterator[Entry]:
    order = dossier.book.order
    if order is not None:
        yield Entry(
            order.placed_at,
            "placed",
            f"Placed at {dossier.book.connection}",
            "buyer",
            connection=dossier.book.connection,
        )


def _message(row: MessageRow) -> Entry:
    found = row.topic == "pull"
    text = f"Read from {row.connection}" if found else f"{row.connection} sent {row.topic}"
    tone, more = "quiet", None
    if row.conflicts:
        tone, more = "doubt", cause_of("conflict").title
    return Entry(
        row.received_at, "message", text, row.connection, tone, connection=row.connection, message=row.id, more=more
    )


def _versions(versions: tuple[Version, ...]) -> Iterator[Entry]:
    for before, after in pairwise(versions):
        changed = _changed(before.document, after.document)
        if changed:
            text = f"The order changed: {', '.join(changed)}"
            yield Entry(
                after.stored_at, "version", text, "source", message=after.message, detail={"version": after.number}
            )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    words = [title for name, title in _FIELDS.items() if before.get(name) != after.get(name)]
    was, now = before.get("fulfillment") or {}, after.get("fulfillment") or {}
    if was.get("expectations") != now.get("expectations"):
        words.append("where it goes")
    if was.get("events") != now.get("events"):
        words.append("its shipments")
    if before.get("standing", "open") != after.get("standing", "open"):
        words.append(f"it is {str(after.get('standing', 'open')).replace('_', ' ')} now")
    return words


def _observation(seen: Observation) -> Entry:
    text = f"{seen.connection} {_EVIDENCE.get(seen.type, f'reports {seen.type}')}"
    document = seen.document
    told = ("carrier", "tracking_number", "message") if seen.type in _TOLD else _REPORTED
    more = ", ".join(str(document[name]).replace("_", " ") for name in told if document.get(name))
    provider_id = document.get("id") or document.get("shipment_id")
    return Entry(
        at=seen.seen_at,
        kind="evidence",
        text=text,
        actor=seen.connection,
        tone=_TONES.get(seen.type, "plain"),
        connection=seen.connection,
        provider_id=str(provider_id) if provider_id else None,
        message=seen.message,
        more=more or None,
    )


_DECISIONS = {
    "replay": "asked for another try",
    "release": "released it",
    "adopt": "adopted the order",
    "cancel": "cancelled the order",
    "refund": "asked for a refund",
    "resolve": "decided what happened",
}


def _note(note: Note, dossier: Dossier) -> Entry:
    step = note.detail.get("step")
    text, more = note.text, None
    if note.kind in _DECISIONS:
        decision = note.detail.get("decision")
        text = f"{note.actor} {_DECISIONS[note.kind]}" + (f": {str(decision).replace('_', ' ')}" if decision else "")
        more = note.text
    elif note.kind == "parcel":
        more = (
            " ".join(str(note.detail[name]) for name in ("carrier", "tracking_number") if note.detail.get(name)) or None
        )
    known = dossier.book.steps.get(str(step))
    return Entry(
        at=note.at,
        kind="note",
        text=text,
        actor=note.actor,
        step=str(step) if step else None,
        capability=known.capability if known else None,
        connection=note.actor if note.actor not in ("hub", "") and note.kind not in _DECISIONS else None,
        more=more,
        detail=note.detail,
    )


def _attempt(attempt: Attempt, dossier: Dossier) -> Entry:
    step = dossier.book.steps.get(attempt.step)
    effect = _effect(attempt, dossier)
    table = _LOOKED if attempt.trigger == "lookup" else _ASKED if step and _only_asks(step) else _VERDICTS
    words, tone = table.get(attempt.verdict or "", ("could not be looked up yet", "doubt"))
    title = _title(step) if step else attempt.step
    again = " once more, with the same key" if attempt.trigger == "resend" else ""
    done = attempt.verdict == Verdict.DONE
    said_ = _answer(attempt, done=done)
    return Entry(
        at=attempt.ended_at or attempt.started_at,
        kind="attempt",
        text=f"{title}{again}: {words}",
        tone=tone,
        connection=step.connection if step else None,
        step=attempt.step,
        capability=step.capability if step else None,
        verdict=attempt.verdict,
        key=effect.key if effect else None,
        reference=effect.reference if effect else None,
        provider_id=effect.provider_id if effect and done else None,
        more=said_ or None,
        detail={"trigger": attempt.trigger, "started_at": attempt.started_at.isoformat()},
    )


def _only_asks(step: Step) -> bool:
    found = CAPABILITIES.get(step.capability or "")
    return found is not None and not found.mutating


def _answer(attempt: Attempt, *, done: bool) -> str:
    """The provider's code and words, each once. A number that only says that all is well says nothing here."""
    code, message = attempt.code or "", attempt.message or ""
    if message.startswith(code) or (done and code.isdigit()):
        code = ""
    return ": ".join(part for part in (code, message) if part)


def _title(step: Step) -> str:
    found = title_of(step.capability) or _AWAITED.get(step.awaits or "")
    kind = step.spec.get("kind")
    return (found or step.name.replace("-", " ").capitalize()) + (f" ({kind})" if kind else "")


def _effect(attempt: Attempt, dossier: Dossier) -> Effect | None:
    """The effect that the attempt was for: of its step, the last one intended before it ended."""
    mine = [effect for effect in dossier.book.effects.values() if effect.step == attempt.step]
    before = [effect for effect in mine if effect.intended_at <= (attempt.ended_at or attempt.started_at)]
    return max(before, key=lambda effect: effect.generation, default=None)


def _deliveries(dossier: Dossier) -> Iterator[Entry]:
    for parcel in dossier.book.parcels.values():
        if parcel.delivered_at is not None:
            group = dossier.book.groups.get(parcel.group)
            at = group.connection if group else None
            more = " ".join(part for part in (parcel.carrier, parcel.tracking_number) if part) or None
            yield Entry(parcel.delivered_at, "parcel", "A parcel was delivered", "hub", "good", at, more=more)


def _step(step: Step, dossier: Dossier) -> Iterator[Entry]:
    """What attempts do not tell: what was awaited, skipped or taken back, where it stands, and what comes next."""
    title = _title(step)
    facts: dict[str, Any] = {"step": step.id, "capability": step.capability, "connection": step.connection}
    if step.state is State.DONE and step.awaits and step.awaits != "delivered" and step.ended_at:
        yield Entry(step.ended_at, "step", title, tone="good", **facts)
    elif step.state is State.SKIPPED and step.ended_at and step.cause not in (None, "does_not_apply"):
        yield Entry(step.ended_at, "step", f"{title}: not needed", tone="quiet", more=_why(step), **facts)
    elif step.state is State.CANCELLED and step.ended_at:
        yield Entry(step.ended_at, "step", f"{title}: taken back", tone="quiet", more=_why(step), **facts)
    elif step.state in NEEDS_PERSON:
        yield _stopped(step, title, dossier, facts)
    elif step.next_at is not None and step.state in (State.WAITING, State.UNKNOWN):
        text = "is tried again" if step.state is State.WAITING else "what happened is found out"
        yield Entry(step.next_at, "planned", f"{title}: {text}", tone="quiet", **facts)
    elif step.deadline_at is not None and step.state is State.AWAITING:
        question = _QUESTIONS.get(step.awaits or "", "for news")
        text = f"{step.connection or 'The carrier'} is asked {question}"
        yield Entry(step.deadline_at, "planned", text, tone="quiet", **facts)


def _stopped(step: Step, title: str, dossier: Dossier, facts: dict[str, Any]) -> Entry:
    cause = cause_of(step.cause or step.state.value)
    last = max((attempt.ended_at or attempt.started_at for attempt in dossier.attempts_of(step.id)), default=_LONG_AGO)
    at = max(last, step.last_sent or _LONG_AGO, step.began_at or dossier.created_at)
    return Entry(
        at,
        "stopped",
        f"{title}: {cause.title[:1].lower()}{cause.title[1:]}",
        tone="doubt" if step.state is State.PARKED else "bad",
        more=" ".join([_why(step), *(f"“{own}”" for own in [said(step.detail)] if own)]),
        detail={"state": step.state.value, "cause": cause.code},
        **facts,
    )


def _why(step: Step) -> str:
    return in_words(step.cause or step.state.value, connection=step.connection, what=doing(step.capability))
