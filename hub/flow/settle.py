"""What an answer does to a step: one small function per verdict, all within the settling transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hub.flow import evidence, groups, life, retry
from hub.flow.scope import group_of
from hub.flow.setting import Setting
from hub.model.book import Book
from hub.model.capability import Safety
from hub.model.contract import Guarantee
from hub.model.flow import Event, State
from hub.model.outcome import Outcome, Verdict
from hub.model.step import Effect, Step


def settle(setting: Setting, book: Book, step: Step, outcome: Outcome, now: datetime) -> None:
    """Applies the answer to a mutating call (the step is INTENT) or to a read (it is LEASED)."""
    guarantee = setting.connectors.guarantee(step.connection or "", step.capability or "")
    _VERDICTS[outcome.verdict](setting, book, step, outcome, guarantee, now)


REFUSED = "refused"  # in a doubtful step's detail: sending it again has been answered with a refusal
_CREDENTIAL_TRIES = 2
_MEND_SECONDS = 15.0

_Handler = Callable[[Setting, Book, Step, Outcome, Guarantee, datetime], None]


def _done(setting: Setting, book: Book, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
    succeed(setting, book, step, outcome.result, now, Event.SUCCESS if step.state is State.INTENT else Event.ANSWERED)


def succeed(setting: Setting, book: Book, step: Step, result: dict[str, Any], now: datetime, event: Event) -> None:
    """The effect happened: its row, what its result means for the order, and evidence that came before it."""
    effect = book.effect(step)
    life.move(step, event, now)
    step.result = result
    step.unresolved = False
    if effect is not None:
        effect.executed, effect.settled_at = True, now
        if result.get("id") is not None:
            effect.provider_id = str(result["id"])
        evidence.link(setting, book, step, effect, now)
    evidence.consequence(setting, book, step, result, now)


def _not_executed(
    setting: Setting, book: Book, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime
) -> None:
    if outcome.code == "budget":  # our own pace, not the provider's answer: it must not use the tries up
        step.tries = max(step.tries - 1, 0)
    elif step.state is State.INTENT and guarantee.safety is Safety.AT_LEAST_ONCE:
        step.spec = {**step.spec, "unsent": int(step.spec.get("unsent", 0)) + 1}
    wait = retry.backoff(guarantee, step.tries, setting.jitter, outcome.retry_after_seconds)
    if step.unresolved:
        life.move(step, Event.NOT_EXECUTED_BUT, now, next_at=now + wait)
    elif retry.exhausted(guarantee, step.tries, step.first_sent or step.began_at, now):
        life.move(step, Event.EXHAUSTED, now, cause="exhausted", detail=_words(outcome))
        disown(book, step)
    else:
        life.move(step, Event.NOT_EXECUTED, now, next_at=now + wait)
        disown(book, step)


def disown(book: Book, step: Step) -> None:
    """The effect surely did not happen (so far)."""
    effect = book.effect(step)
    if effect is not None:
        effect.executed = False
    group = group_of(book, step)
    if group is not None and step.capability in groups.COMMITMENTS:
        groups.loosen(book, group)


def _busy(setting: Setting, book: Book, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
    if step.state is State.LEASED:
        return _lost(setting, book, step, outcome, guarantee, now)
    _sent(step, guarantee, now)
    wait = retry.backoff(guarantee, step.tries, setting.jitter, outcome.retry_after_seconds)
    life.move(step, Event.BUSY, now, next_at=now + wait)


def _lost(setting: Setting, book: Book, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
    wait = retry.backoff(guarantee, step.tries, setting.jitter, outcome.retry_after_seconds)
    if step.state is State.LEASED:  # a read: nothing can have happened
        if retry.exhausted(guarantee, step.tries, step.began_at, now):
            return life.move(step, Event.EXHAUSTED, now, cause="exhausted", detail=_words(outcome))
        return life.move(step, Event.LOST, now, next_at=now + wait)
    _sent(step, guarantee, now)
    settled = retry.quarantine_ends(guarantee, step.last_sent or now)
    if guarantee.safety is Safety.KEY and not guarantee.key_replays_errors:
        settled = now  # the key itself protects: no need to wait before sending it again
    life.move(step, Event.LOST, now, next_at=max(settled, now + wait))


def _sent(step: Step, guarantee: Guarantee, now: datetime) -> None:
    """It may have happened. The call is over, so it counts as one whose deadline is now: quarantine runs from here."""
    step.unresolved = True
    ended = now - timedelta(seconds=guarantee.deadline_seconds)
    step.last_sent = max(step.last_sent or ended, ended)


def _refused(setting: Setting, book: Book, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
    # A provider may refuse before it looks at keys (credentials, permissions, limits): where an earlier try may have
    # happened, only a lookup says that it did not.
    decisive = not step.unresolved or (guarantee.safety is Safety.KEY and guarantee.find is None)
    if step.state is State.LEASED or decisive:
        life.move(step, Event.REFUSED, now, cause="refused", detail=_words(outcome))
        step.unresolved = False
        disown(book, step)
        evidence.refused(setting, book, step, now)
    else:
        wait = retry.backoff(guarantee, step.tries, setting.jitter)
        life.move(step, Event.REFUSED_BUT, now, next_at=now + wait, detail={REFUSED: _words(outcome)})


def _duplicate(setting: Setting, book: Book, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
    """The provider has an object of our reference: it must be found and compared before it counts."""
    if step.state is State.LEASED:
        return _refused(setting, book, step, outcome, guarantee, now)
    _sent(step, guarantee, now)
    life.move(step, Event.LOST, now, next_at=now + timedelta(seconds=guarantee.index_lag_seconds))
    step.detail = {"duplicate": True}


def _auth(setting: Setting, book: Book, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
    """Credentials refused: surely not executed. Tokens expire, so a few tries first; then a person must mend them."""
    step.tries += step.state is State.LEASED  # a read counts its tries only here
    if step.tries <= _CREDENTIAL_TRIES:
        return _not_executed(setting, book, step, outcome, guarantee, now)
    _stop(book, step, "credentials", outcome, now)


def _held(setting: Setting, book: Book, step: Step, outcome: Outcome, guarantee: Guarantee, now: datetime) -> None:
    """The breaker is open or the budget spent: nothing was sent. It goes on by itself when the connection does."""
    _stop(book, step, "breaker", outcome, now)
    mend_later(book, step.connection or "", outcome, now)


def _stop(book: Book, step: Step, cause: str, outcome: Outcome, now: datetime) -> None:
    if not step.unresolved:
        disown(book, step)
    life.hold(step, cause, now, connection=step.connection, **_words(outcome))


def mend_later(book: Book, connection: str, outcome: Outcome, now: datetime) -> None:
    """What a failing connection holds is looked at again when its breaker lets a try through."""
    seconds = min(max(outcome.retry_after_seconds or _MEND_SECONDS, 1.0), 300.0)
    book.chores.append(("mend", connection, now + timedelta(seconds=seconds)))


def _words(outcome: Outcome) -> dict[str, Any]:
    return {name: said for name, said in (("code", outcome.code), ("message", outcome.message)) if said}


_VERDICTS: dict[Verdict, _Handler] = {
    Verdict.DONE: _done,
    Verdict.NOT_EXECUTED: _not_executed,
    Verdict.BUSY: _busy,
    Verdict.REFUSED: _refused,
    Verdict.DUPLICATE: _duplicate,
    Verdict.UNKNOWN: _lost,
    Verdict.AUTH: _auth,
    Verdict.HELD: _held,
}


def intend(
    book: Book, step: Step, *, key: str, reference: str, body: bytes, digest: str, declaration: str,
    content: dict[str, Any], amount: int | None, currency: str | None, until: datetime, now: datetime,
) -> Effect:  # fmt: skip
    """Writes the intent: from here on the call may be on the wire, whatever happens to this process."""
    effect = Effect(
        capability=step.capability or "",
        subject=step.subject,
        generation=step.generation,
        step=step.id,
        connection=step.connection or "",
        key=key,
        reference=reference,
        body=body,
        body_digest=digest,
        declaration=declaration,
        content=content,
        intended_at=now,
        amount=amount,
        currency=currency,
    )
    book.effects[(effect.capability, effect.subject, effect.generation)] = effect
    life.move(step, Event.INTEND, now)
    step.first_sent = step.first_sent or now
    step.last_sent = now
    step.tries += 1
    step.lease_until = until
    book.handles.append((effect.connection, reference))
    return effect


def resend(book: Book, step: Step, until: datetime, now: datetime) -> Effect | None:
    """The same intent once more: same key, stored bytes."""
    effect = book.effect(step)
    if effect is not None:
        life.move(step, Event.RESEND, now)
        step.last_sent = now
        step.tries += 1
        step.lease_until = until
    return effect
