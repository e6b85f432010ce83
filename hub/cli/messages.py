"""`crossdock messages list | show | release | accept`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hub.assembly.acts import Refused
from hub.cli import render, say
from hub.cli.deciding import NOTHING_DONE, desk_at, reason, why_option
from hub.language.compare import differing_fields
from hub.model.cause import advice_on, cause_of, in_words
from hub.model.detail import said
from hub.model.message import MessageState
from hub.model.plain import plain
from hub.model.view import BadCursor, MessageRow, MessageView
from hub.wire import redact


@click.group("messages")
def command() -> None:
    """What the sources sent, as it was received, and what became of it."""


_LIST_EPILOG = """\b
Examples:
  crossdock messages list --state held
  crossdock messages list --conflicts"""


@command.command("list", epilog=_LIST_EPILOG)
@click.option("--state", type=click.Choice([state.value for state in MessageState]), help="Only these.")
@click.option("--connection", metavar="NAME", help="Only messages of this connection.")
@click.option("--conflicts", is_flag=True, help="Only those of whose delivery id another body came, not yet judged.")
@click.option("--limit", type=click.IntRange(1, 200), default=30, show_default=True)
@click.option("--after", metavar="CURSOR", help="The next page: what the last one gave.")
@say.home_option
@say.json_option
def list_command(
    state: str | None,
    connection: str | None,
    conflicts: bool,
    limit: int,
    after: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Messages, newest first."""
    with desk_at(home) as desk:
        now = desk.now()
        try:
            page = desk.views.messages(MessageState(state) if state else None, connection, after, limit, conflicts)
        except BadCursor as error:
            raise click.BadParameter(str(error), param_hint="--after") from error
    if as_json:
        say.json_out({"messages": plain(page.rows), "next": page.next})
    elif page.rows:
        render.messages(page.rows, now)
    else:
        say.line("No such message.", "dim")


_SHOW_EPILOG = """\b
Examples:
  crossdock messages show 17
  crossdock messages show 17 --raw > body.json && crossdock try mapping shopify-order body.json"""


@command.command("show", epilog=_SHOW_EPILOG)
@click.argument("number", type=int)
@click.option("--raw", is_flag=True, help="Write the bytes as they were received, personal data and all.")
@say.home_option
@say.json_option
def show_command(number: int, raw: bool, home: Path | None, as_json: bool) -> None:
    """One message: what became of it, why, and its body with only what is harmless."""
    with desk_at(home) as desk:
        found = desk.views.message(number)
    if found is None:
        raise Refused(f"there is no message {number}")
    if raw:
        sys.stdout.buffer.write(found.received.body)
    elif as_json:
        say.json_out(
            {**plain(found.row), "orders": list(found.orders), "namesakes": list(found.namesakes), **_bodies(found)}
        )
    else:
        _show(found)


def _bodies(found: MessageView) -> dict[str, object]:
    return {
        "headers": redact.headers(found.received.headers),
        "body": redact.body(found.received.body),
        "others": [redact.body(other.body) for other in found.others],
    }


def _show(found: MessageView) -> None:
    row = found.row
    say.console().print(
        render.state(row.state).append(f"  {row.connection}  {row.topic}  {row.delivery_id}", style="dim")
    )
    if row.cause and row.state == "held":
        say.line(cause_of(row.cause).title, "bold")
        say.line(in_words(row.cause, connection=row.connection))
        if not row.detail.get("problems") and (own := said(row.detail)):
            say.mark("fail", own)
        say.line(advice_on(row.cause, connection=row.connection), "dim")
    elif row.cause:
        say.line(row.cause.replace("_", " "), "bold")
    for problem in row.detail.get("problems", []):
        say.mark("fail", f"{problem.get('path', '')}: {problem.get('what', '')}", problem.get("mend"))
    if row.conflicts:
        _conflict(row)
    if found.orders:
        say.line(f"about {', '.join(found.orders)}")
    if found.namesakes:
        numbers = ", ".join(map(str, found.namesakes))
        say.line(f"the source gave the same id to {numbers}, with other bodies; each of them counts", "dim")
    say.line(say.as_json(redact.body(found.received.body)), "dim")
    for other in found.others:
        fields = ", ".join(differing_fields(found.received.body, other.body)) or "nothing but how it is written"
        say.line(f"the same delivery id came with another body; it differs in {fields}:", "magenta")
        say.line(say.as_json(redact.body(other.body)), "dim")


def _conflict(row: MessageRow) -> None:
    say.line(cause_of("conflict").title, "bold")
    say.line(in_words("conflict", connection=row.connection))
    say.line(advice_on("conflict", connection=row.connection), "dim")
    say.line(f'$ crossdock messages accept {row.id} --why "..."', "cyan")


_RELEASE_EPILOG = """\b
Examples:
  crossdock messages release 17 --why "the mapping knows the currency now"
  crossdock messages release --connection shop-eu --cause unmappable --why "mapping mended"

Exit codes: 0 released, 1 there was none to release."""


@command.command("release", epilog=_RELEASE_EPILOG)
@click.argument("numbers", nargs=-1, type=int)
@click.option("--connection", metavar="NAME", help="All that are held of this connection.")
@click.option("--cause", metavar="CODE", help="All that are held for this cause.")
@why_option
@say.actor_option
@say.home_option
@say.json_option
def release_command(
    numbers: tuple[int, ...],
    connection: str | None,
    cause: str | None,
    why: str | None,
    actor: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Read held messages again, by the mappings as they are now."""
    if not numbers and connection is None and cause is None:
        raise click.UsageError("say which: numbers, --connection or --cause")
    said = reason(why)
    with desk_at(home) as desk:
        released = desk.acts.release_messages(numbers, connection, cause, actor, said)
    if as_json:
        say.json_out({"released": released})
    else:
        say.mark("ok" if released else "note", f"{say.count(released, 'message')} released")
    if not released:
        raise click.exceptions.Exit(NOTHING_DONE)


@command.command("accept", epilog='Example: crossdock messages accept 17 --why "the second body is a test of ours"')
@click.argument("number", type=int)
@why_option
@say.actor_option
@say.home_option
@say.json_option
def accept_command(number: int, why: str | None, actor: str, home: Path | None, as_json: bool) -> None:
    """A conflict was judged: both bodies stay, the first one counts, and it asks for nobody any more."""
    said = reason(why)
    with desk_at(home) as desk:
        judged = desk.acts.accept_conflict(number, actor, said)
    if as_json:
        say.json_out({"message": number, "judged": judged})
    else:
        say.mark("ok" if judged else "note", f"{say.count(judged, 'other body', 'other bodies')} judged")
    if not judged:
        raise click.exceptions.Exit(NOTHING_DONE)
