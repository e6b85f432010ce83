"""How needs, orders, steps, timelines and plans look on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.padding import Padding
from rich.text import Text

from hub.assembly.acts import PlannedEffect
from hub.cli import say
from hub.model.cause import Weight, cause_of, in_words
from hub.model.view import Dossier, Entry, MessageRow, Need, OrderRow, StepRow, Sum

STATES = {
    "completed": "green", "done": "green", "translated": "green",
    "running": "blue", "new": "blue", "ready": "blue", "leased": "blue", "intent": "blue", "kept": "blue",
    "held": "yellow", "paused": "yellow", "expiring": "yellow",
    "parked": "magenta", "unknown": "magenta", "conflict": "magenta",
    "dead": "red", "rejected": "red",
}  # fmt: skip
_WEIGHTS = {
    Weight.DOUBT: "magenta",
    Weight.STOPPED: "red",
    Weight.DECISION: "yellow",
    Weight.SETUP: "cyan",
    Weight.NOTICE: "dim",
}
_TONES = {
    "good": ("✓", "green"),
    "bad": ("✗", "red"),
    "doubt": ("?", "magenta"),
    "plain": ("·", ""),
    "quiet": ("·", "dim"),
}
_VERDICTS = {
    "will do": "blue",
    "goes on": "blue",
    "done": "green",
    "unknown, will ask first": "magenta",
    "overtaken": "yellow",
    "too late": "red",
}


def state(word: str) -> Text:
    return Text(word, style=STATES.get(word, "dim"))


def sums(found: Iterable[Sum]) -> str:
    return " + ".join(say.money(one.amount, one.currency) for one in found)


def age(when: datetime | None, now: datetime) -> str:
    """`3 h ago`, `in 12 min`; nothing for nothing."""
    if when is None:
        return ""
    seconds = (now - when).total_seconds()
    size = abs(seconds)
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if size >= length * (2 if unit == "days" else 1):
            text = f"{int(size // length)} {unit}"
            break
    else:
        text = f"{int(size)} s"
    return f"{text} ago" if seconds >= 0 else f"in {text}"


def stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


_NEVER = datetime.max.replace(tzinfo=UTC)


# --- needs


def need(found: Need, now: datetime) -> None:
    """A need in a few lines: what it is, the cause in words, what is at stake, and the command."""
    head = Text()
    head.append("● ", style=_WEIGHTS[found.weight])
    if found.label:
        head.append(f"{found.label}  ", style="bold")
    head.append(found.title, style="bold")
    if found.count > 1 and not found.order:
        head.append(f"  {found.count} {'messages' if found.message else 'orders'}", style="yellow")
    head.append(f"  {found.connection or ''}  {age(found.since, now)}".rstrip(), style="dim")
    body: list[Text] = [Text(found.words)]
    if found.said:
        body.append(Text(f"“{found.said}”", style="italic"))
    stake = _stake(found, now)
    if stake:
        body.append(stake)
    body.append(Text(found.action.advice, style="dim"))
    if found.action.command:
        body.append(Text(f"$ {found.action.command}", style="cyan"))
    say.console().print(head)
    for text in body:
        say.console().print(Padding(text, (0, 0, 0, 2), expand=False))
    say.line()


def _stake(found: Need, now: datetime) -> Text | None:
    parts = []
    if found.at_stake:
        parts.append(f"{sums(found.at_stake)} at stake")
    if found.due_at is not None:
        parts.append(f"{found.due} {age(found.due_at, now)} ({stamp(found.due_at)} UTC)")
    return Text("; ".join(parts)) if parts else None


# --- lists


def orders(rows: Sequence[OrderRow], now: datetime) -> None:
    lines = [
        (
            Text(row.key, style="bold"),
            row.label,
            state(row.state),
            cause_of(row.cause).title if row.cause else cause_of(row.why).title if row.why else "",
            f"{row.done}/{row.steps}" if row.steps else "",
            sums([row.total]) if row.total else "",
            age(row.placed_at, now),
        )
        for row in rows
    ]
    say.table(("order", "label", "state", "why", "steps", "total", "placed"), lines, right=("steps", "total"))


def steps(rows: Sequence[StepRow], now: datetime) -> None:
    lines = [
        (
            Text(row.order, style="bold"),
            row.label,
            row.step.id,
            state(row.step.state.value),
            cause_of(row.step.cause or row.step.state.value).title,
            row.step.connection,
            sums([row.at_stake]) if row.at_stake else "",
            age(row.step.last_sent or row.step.began_at or row.changed_at, now),
        )
        for row in rows
    ]
    say.table(("order", "label", "step", "state", "cause", "at", "at stake", "since"), lines, right=("at stake",))


def messages(rows: Sequence[MessageRow], now: datetime) -> None:
    lines = [
        (
            Text(str(row.id), style="bold"),
            row.connection,
            row.topic,
            state(row.state),
            cause_of(row.cause).title if row.cause and row.state == "held" else row.cause or "",
            "conflict" if row.conflicts else "",
            age(row.received_at, now),
        )
        for row in rows
    ]
    say.table(("message", "connection", "topic", "state", "why", "", "received"), lines, right=("message",))


# --- one order


def dossier(found: Dossier, now: datetime) -> None:
    book, order = found.book, found.book.order
    head = Text(f"{found.label}  ", style="bold").append_text(state(found.state))
    head.append(f"  {book.key}  version {book.version}", style="dim")
    say.console().print(head)
    if order is not None:
        total = order.total("total")
        who = " ".join(part for part in (order.buyer.first_name, order.buyer.last_name) if part)
        say.line(
            f"placed {age(order.placed_at, now)} by {who or 'somebody'}; {say.money(total, order.currency)}".rstrip(
                "; "
            )
        )
        for payment in order.payments:
            held = payment.provider or payment.custodian
            say.line(f"  {payment.method}: {payment.status}, held by {held}", "dim")
    if book.why:
        say.line(in_words(book.why, connection=book.connection), "dim")
    if book.steps:
        say.line()
        _steps_of(found, now)
    for parcel in book.parcels.values():
        say.line(
            f"parcel {parcel.carrier or ''} {parcel.tracking_number or parcel.id}: "
            f"{'delivered' if parcel.delivered_at else parcel.status.replace('_', ' ')}"
        )


def _steps_of(found: Dossier, now: datetime) -> None:
    lines = []
    for step in sorted(found.book.steps.values(), key=lambda step: (step.began_at or _NEVER, step.id)):
        effect = found.book.effect(step)
        lines.append(
            (
                step.id,
                state(step.state.value),
                cause_of(step.cause).title if step.cause else "",
                step.connection,
                effect.provider_id if effect else None,
                say.money(effect.amount, effect.currency) if effect else "",
                age(step.ended_at or step.last_sent or step.began_at, now),
            )
        )
    say.table(("step", "state", "why", "at", "provider's id", "amount", "when"), lines, right=("amount",))


def timeline(entries: Sequence[Entry]) -> None:
    """One line an entry, what is still to come at the end; keys and ids stand below, quietly."""
    for entry in entries:
        sign, style = _TONES.get(entry.tone, _TONES["plain"])
        line = Text(f"{stamp(entry.at)}  ", style="dim")
        line.append(f"{sign} ", style=style)
        line.append(
            entry.text, style="dim" if entry.kind == "planned" else style if entry.tone in ("bad", "doubt") else ""
        )
        if entry.kind == "planned":
            line.append("  (still to come)", style="dim")
        if entry.connection and entry.kind in ("attempt", "stopped"):
            line.append(f"  {entry.connection}", style="cyan")
        say.console().print(line)
        facts = (("key", entry.key), ("reference", entry.reference), ("id", entry.provider_id))
        below = [entry.more] if entry.more else []
        below += ["  ".join(f"{name} {value}" for name, value in facts if value)] if any(v for _, v in facts) else []
        for text in below:
            say.console().print(Text(f"{' ' * 23}{text}", style="dim"))


# --- plans


def plan(lines: Sequence[PlannedEffect]) -> None:
    rows = [
        (
            line.step,
            line.connection,
            Text(line.verdict, style=_VERDICTS.get(line.verdict, "dim")),
            cause_of(line.why).title if line.why else "",
            say.money(line.amount, line.currency),
        )
        for line in lines
    ]
    say.table(("step", "at", "what happens", "why", "amount"), rows, right=("amount",))
