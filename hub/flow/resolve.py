"""What may have happened: resolved by what the provider can do, never by a guess. Pure decisions and their
application.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.flow import evidence, gap, inputs, life, match, retry, settle
from hub.flow.match import Hit
from hub.flow.scope import group_of
from hub.flow.setting import Setting
from hub.model.book import Book
from hub.model.capability import Safety
from hub.model.contract import Guarantee
from hub.model.flow import Event, State
from hub.model.outcome import Outcome, Verdict
from hub.model.step import Effect, Step

_ENOUGH_LOOKUPS = 2
_REPLAYED_ERRORS = 3  # sends after which a stored error is taken to be what the key will always answer


@dataclass(frozen=True)
class Wait:
    until: datetime


@dataclass(frozen=True)
class Resend:
    pass


@dataclass(frozen=True)
class Lookup:
    pass


@dataclass(frozen=True)
class Park:
    cause: str


@dataclass(frozen=True)
class Drop:
    """Whether it happened makes no difference any more."""


Choice = Wait | Resend | Lookup | Park | Drop


def choose(guarantee: Guarantee, step: Step, now: datetime, *, wanted: bool = True) -> Choice:
    """The next thing to do about an UNKNOWN step. What is no longer wanted is asked about, not sent again."""
    if gap.pending(step):
        return _after_gap(guarantee, step, now, wanted=wanted)
    if not wanted and (choice := _unwanted(guarantee, step, now)) is not None:
        return choice
    first, last = step.first_sent or now, step.last_sent or now
    settled = retry.quarantine_ends(guarantee, last)
    if guarantee.safety is Safety.KEY:
        return _by_key(guarantee, step, first, settled, now)
    if now < settled:
        return Wait(settled)
    if guarantee.safety is Safety.UNIQUE:
        return Lookup() if step.detail.get("duplicate") else Resend()
    if guarantee.safety is Safety.LOOKUP:
        visible = settled + timedelta(seconds=guarantee.index_lag_seconds)
        return Lookup() if now >= visible else Wait(visible)
    if guarantee.safety is Safety.REPEATABLE:
        return Resend()
    if guarantee.safety is Safety.AT_LEAST_ONCE:
        sends = step.tries - int(step.spec.get("unsent", 0))  # what surely was not sent is no send
        return Resend() if sends < guarantee.max_sends else Park("no_way_to_know")
    return Park("no_way_to_know")


def _after_gap(guarantee: Guarantee, step: Step, now: datetime, *, wanted: bool) -> Choice:
    """It may have happened while these books were not kept, and its first try or its last: asked before all else."""
    first, last = step.first_sent or now, step.last_sent or now
    if guarantee.find is not None:
        visible = retry.quarantine_ends(guarantee, last) + timedelta(seconds=guarantee.index_lag_seconds)
        return Lookup() if now >= visible else Wait(visible)
    if guarantee.safety is Safety.KEY and retry.key_is_alive(guarantee, first, now):
        return Resend()
    if not wanted and guarantee.safety in (Safety.REPEATABLE, Safety.AT_LEAST_ONCE):
        return Drop()
    if guarantee.safety is Safety.REPEATABLE and step.capability != "shipment.create":
        return Resend()  # a shipment's label is found only through the shipment
    return Park("restored")


def _unwanted(guarantee: Guarantee, step: Step, now: datetime) -> Choice | None:
    """Sending again might do only now what nobody wants any more; None where there is no other way to know."""
    if guarantee.safety in (Safety.REPEATABLE, Safety.AT_LEAST_ONCE):
        return Drop()
    if guarantee.find is not None:
        visible = retry.quarantine_ends(guarantee, step.last_sent or now)
        visible += timedelta(seconds=guarantee.index_lag_seconds)
        return Lookup() if now >= visible else Wait(visible)
    return None


def _by_key(guarantee: Guarantee, step: Step, first: datetime, settled: datetime, now: datetime) -> Choice:
    stuck = settle.REFUSED in step.detail or (guarantee.key_replays_errors and step.tries >= _REPLAYED_ERRORS)
    if retry.key_is_alive(guarantee, first, now) and not (stuck and guarantee.find):
        return Resend()
    if guarantee.find is None:
        return Park("key_expired")
    return Lookup() if now >= settled else Wait(settled)


def looked(setting: Setting, book: Book, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
    """Applies what a lookup answered."""
    effect = book.effect(step)
    if effect is None:
        return life.move(step, Event.UNRESOLVABLE, now, cause="no_way_to_know")
    if outcome.verdict is not Verdict.DONE:
        return _failed(setting, book, step, outcome, guarantee, now)
    hits: Sequence[dict[str, Any]] = outcome.result.get("hits") or []
    if step.capability == "label.buy":
        hits = [hit for hit in hits if hit.get("status") != "created"]
    if step.capability == "fulfillment.cancel":
        hits = [hit for hit in hits if hit.get("status") == "cancelled"]
    if step.capability == "label.refund":
        hits = [hit for hit in hits if hit.get("refund_status")]
    effect = gap.take_later(setting.install_key, book, step, effect, {str(hit.get("reference")) for hit in hits})
    known_id = inputs.lookup(setting, book, step, effect)["id"]
    likely = match.candidates(effect, hits, _taken(book, effect), known_id)
    ours = [hit for hit in likely if match.matches(effect, hit)]
    if len(ours) == 1 and len(likely) == 1:
        return evidence.found(setting, book, step, ours[0], now)
    if len(likely) == 1 and gap.pending(step) and _elsewhere(book, step, effect, likely[0]):
        return evidence.found(setting, book, step, likely[0], now)
    if likely:
        cause = "ambiguous" if len(ours) > 1 else "unlike"
        return life.move(step, Event.FOUND_UNLIKE, now, cause=cause, detail=match.difference(effect, likely))
    _absent(setting, book, step, effect, guarantee, now)


def _elsewhere(book: Book, step: Step, effect: Effect, hit: Hit) -> bool:
    """Our own goods, on their way to where the order said before: the group was sent there, so that the planner raises
    what was changed after it.
    """
    differs = [row["field"] for row in match.differing(effect, hit)]
    group, ours = group_of(book, step), hit.get("reference") == effect.reference
    if not ours or group is None or not all(field.startswith("recipient.") for field in differs):
        return False
    told = {field: value for field, value in (hit.get("recipient") or {}).items() if value and field != "name"}
    group.destination = {**(group.destination or {}), **told}
    return True


def _failed(setting: Setting, book: Book, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
    if outcome.verdict in (Verdict.AUTH, Verdict.HELD):
        if outcome.verdict is Verdict.HELD:
            settle.mend_later(book, step.connection or "", outcome, now)
            return life.hold(step, "breaker", now, connection=step.connection)
        if int(step.spec.get("failed_lookups", 0)) > 2:
            return life.hold(step, "credentials", now, connection=step.connection)
    since = step.last_sent if gap.pending(step) else step.first_sent
    if since and now - since > timedelta(seconds=guarantee.max_age_seconds):
        return life.move(step, Event.UNRESOLVABLE, now, cause="no_way_to_know", detail={"message": outcome.message})
    step.spec = {**step.spec, "failed_lookups": int(step.spec.get("failed_lookups", 0)) + 1}
    wait = retry.backoff(guarantee, step.spec["failed_lookups"], setting.jitter, outcome.retry_after_seconds)
    keep = step.detail
    life.move(step, Event.LOOKUP_FAILED, now, next_at=now + wait)
    step.detail = keep


def _taken(book: Book, effect: Effect) -> set[str]:
    """Provider ids that other effects of the order already own."""
    return {
        e.provider_id
        for e in book.effects.values()
        if e.provider_id
        and e.capability == effect.capability
        and (e.subject, e.generation) != (effect.subject, effect.generation)
    }


def _absent(setting: Setting, book: Book, step: Step, effect: Effect, guarantee: Guarantee, now: datetime) -> None:
    """Found nothing. Once may be index lag; twice is an answer where the search is complete."""
    step.lookups += 1
    if step.lookups < _ENOUGH_LOOKUPS:
        wait = max(
            timedelta(seconds=guarantee.index_lag_seconds), retry.backoff(guarantee, step.lookups, setting.jitter)
        )
        keep = step.detail
        life.move(step, Event.LOOKUP_FAILED, now, next_at=now + wait)
        step.detail = keep
        return None
    step.lookups = 0
    after_gap = gap.pending(step)
    if after_gap and effect.body and not guarantee.complete and guarantee.safety is Safety.KEY:
        gap.settle(step)  # as long as it lives, the key decides
        return life.move(step, Event.LOOKUP_FAILED, now, next_at=now)
    if not guarantee.complete:
        return life.move(step, Event.ABSENT, now, cause="absent")
    settle.disown(book, step)
    step.unresolved = False
    gap.settle(step)
    forgotten = guarantee.safety is Safety.KEY and not retry.key_is_alive(guarantee, step.first_sent or now, now)
    if forgotten or after_gap:
        step.first_sent = None  # the old key is forgotten by the provider; it surely did not execute
    life.move(step, Event.ABSENT_SURELY, now, next_at=now)


def late(setting: Setting, book: Book, step: Step, answers: Sequence[dict[str, Any]], now: datetime) -> bool:
    """An answer that came after its worker had lost the lease: evidence, read before anybody is asked."""
    effect = book.effect(step)
    if effect is None or step.state is not State.UNKNOWN:
        return False
    for answer in answers:
        if answer.get("key") == effect.key and answer.get("verdict") == Verdict.DONE.value:
            evidence.found(setting, book, step, answer.get("result") or {}, now)
            return True
    return False
