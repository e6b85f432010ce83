"""`crossdock letters`: every letter in doubt at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import click

from hub.assembly.acts import DoubtfulLetter
from hub.cli import say
from hub.cli.deciding import NOTHING_DONE, agreed, decision_options, desk_at, left_alone, reason, told

_SHOWN = 10

_EPILOG = """\b
Examples:
  crossdock letters
  crossdock letters --log mail.log --why "the log of the whole day"
  crossdock letters --not-sent --connection mail --why "the mail server was off" --yes

\b
A letter's Message-ID holds the effect's key, so any text that names those which were sent will do as a log: a mail
server's, or an export of the provider's. It must reach over the whole time in doubt: what it does not name is sent.

Exit codes: 0 on record (or only listed), 1 where no letter is in doubt."""


@click.command("letters", epilog=_EPILOG)
@click.option("--log", type=click.File("r", errors="replace"), metavar="FILE", help="Sent are those that it names.")
@click.option("--sent", is_flag=True, help="All of them were sent.")
@click.option("--not-sent", is_flag=True, help="None was sent: all are sent now.")
@click.option("--connection", metavar="NAME", help="Only letters of this connection.")
@decision_options
def command(
    log: IO[str] | None,
    sent: bool,
    not_sent: bool,
    connection: str | None,
    why: str | None,
    yes: bool,
    actor: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """List the letters that may have been sent, and say of all of them whether they were.

    After a restore, letters that cannot be looked up wait for a person: with a mail server's log they are settled in
    one go.
    """
    if (log is not None) + sent + not_sent > 1:
        raise click.UsageError("one of --log, --sent and --not-sent says what became of them")
    with desk_at(home) as desk:
        doubtful = desk.acts.letters_in_doubt(connection)
        if not doubtful:
            _list((), as_json)
            raise click.exceptions.Exit(NOTHING_DONE)
        if log is None and not sent and not not_sent:
            return _list(doubtful, as_json)
        found = _named(log, doubtful) if log is not None else (set(doubtful) if sent else set())
        again = [letter for letter in doubtful if letter not in found]
        if not as_json:
            before, now = say.count(len(found), "letter"), say.count(len(again), "letter")
            say.line(f"{before} sent before; {now} to be sent now:")
            _show(again)
        if not agreed("Put on record?", yes, as_json):
            return left_alone({"executed": False, "sent": _plain(found), "to_send": _plain(again)}, as_json)
        left = desk.acts.settle_letters(doubtful, found, actor, reason(why))
    document = {"executed": True, "sent": _plain(found), "to_send": _plain(again), "changed_meanwhile": _plain(left)}
    beside = f"; {len(left)} had moved meanwhile" if left else ""
    return told(document, f"on record: {len(found)} sent before, {len(again)} sent now{beside}", as_json)


def _named(log: IO[str], doubtful: Sequence[DoubtfulLetter]) -> set[DoubtfulLetter]:
    """Those whose key stands in the log, which may be long: it is read line by line."""
    waiting = {letter.key: letter for letter in doubtful}
    found: set[DoubtfulLetter] = set()
    for line in log:
        for key in [key for key in waiting if key in line]:
            found.add(waiting.pop(key))
        if not waiting:
            break
    return found


def _list(doubtful: Sequence[DoubtfulLetter], as_json: bool) -> None:
    if as_json:
        say.json_out({"letters": _plain(doubtful)})
        return
    say.line(f"{say.count(len(doubtful), 'letter')} in doubt." if doubtful else "No letter is in doubt.", "dim")
    _show(doubtful)


def _show(letters: Sequence[DoubtfulLetter]) -> None:
    for letter in letters[:_SHOWN]:
        say.line(f"  {letter.order}  {letter.step}  {letter.key}")
    if len(letters) > _SHOWN:
        say.line(f"  and {len(letters) - _SHOWN} more; --json lists all", "dim")


def _plain(letters: Sequence[DoubtfulLetter] | set[DoubtfulLetter]) -> list[dict[str, str]]:
    chosen = sorted(letters, key=lambda letter: (letter.order, letter.step))
    return [{"order": one.order, "step": one.step, "key": one.key} for one in chosen]
