"""`crossdock mail preview` and `crossdock mail copy`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.assembly.home import NoHome, find_home
from hub.assembly.letters import KINDS, preview, take_over
from hub.cli import say


@click.group("mail", epilog="Example: crossdock mail preview shipped")
def command() -> None:
    """See the letters to customers, and take them over to change them."""


@command.command("preview", epilog="Example: crossdock mail preview shipped --locale de-DE --html shipped.html")
@click.argument("kind", metavar="KIND")
@click.option("--locale", metavar="TAG", help="The buyer's, such as de-DE; by default the shop's.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the HTML part to this file.")
@say.home_option
@say.json_option
def show(kind: str, locale: str | None, html: Path | None, home: Path | None, as_json: bool) -> None:
    """See a letter as a customer would get it, with an invented order. Nothing is sent.

    KIND is confirmation, shipped, delivered, refunded or cancelled.
    """
    letter = preview(_folder(home), kind, locale)
    if html is not None:
        html.write_text(letter.html, encoding="utf-8")
    if as_json:
        say.json_out({"kind": kind, "subject": letter.subject, "text": letter.text, "html": letter.html})
        return
    say.line(f"Subject: {letter.subject}", "bold")
    say.line()
    say.line(letter.text.rstrip())
    if html is not None:
        say.line()
        say.mark("ok", f"the HTML part is in {html}")


@command.command("copy", epilog="Example: crossdock mail copy shipped --language de")
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@click.option("--language", metavar="CODE", help="For buyers of one language, such as de.")
@say.home_option
@say.json_option
def copy(kinds: tuple[str, ...], language: str | None, home: Path | None, as_json: bool) -> None:
    """Put the shipped templates into the installation, to be changed there. The next letter uses them.

    KIND is a letter, or layout for the frame around all of them; without one, all of them are taken. What the
    installation has already is left as it is.
    """
    taken = take_over(find_home(home), kinds or (*KINDS, "layout"), language)
    if as_json:
        say.json_out({"made": taken.made, "kept": taken.kept})
        return
    for path in taken.made:
        say.mark("ok", f"made {path}")
    for path in taken.kept:
        say.mark("note", f"kept {path}, which was there")
    say.line("Next: change them, then crossdock mail preview KIND; crossdock check says what is wrong in them")


def _folder(home: Path | None) -> Path | None:
    """The installation, or None where there is none and none was named: then the shipped letters are shown."""
    try:
        return find_home(home)
    except NoHome:
        if home is not None:
            raise
        return None
