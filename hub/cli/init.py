"""`crossdock init DIR`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.assembly.begin import begin
from hub.cli import say

_EPILOG = """\b
Examples:
  crossdock init my-hub && cd my-hub && crossdock serve
  crossdock init my-hub --public-url https://hub.example.com"""


@click.command("init", epilog=_EPILOG)
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--public-url", metavar="URL", help="Where providers reach the hub from outside, such as https://HOST.")
@say.json_option
def command(directory: Path, public_url: str | None, as_json: bool) -> None:
    """Make the folder of an installation: its configuration, its install key, its place for data.

    What is there already is left as it is, so a second time changes nothing; a public URL that is given is written all
    the same. With one, connect registers webhooks, or says which to set up by hand.
    """
    begun = begin(directory, public_url)
    if as_json:
        document = {"home": begun.home.folder, "made": begun.made, "kept": begun.kept}
        say.json_out({**document, "public_url": public_url})
        return
    for path in begun.made:
        say.mark("ok", f"made {path.relative_to(begun.home.folder)}")
    for path in begun.kept:
        say.mark("note", f"kept {path.relative_to(begun.home.folder)}")
    if public_url is not None:
        say.mark("ok", f"public_url: {public_url}", "let a proxy that speaks TLS pass it on to the address of hub.bind")
    say.line()
    say.line(f"An installation is in {begun.home.folder}.")
    if begun.home.key_file in begun.made:
        say.line(f"Back up {begun.home.key_file.relative_to(begun.home.folder)}, apart from the data: "
                 "without it the stored secrets are lost.")  # fmt: skip
    say.line("Next: crossdock connect CONNECTOR --as NAME, or crossdock serve")
