"""`crossdock init DIR`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.assembly.begin import begin
from hub.cli import say


@click.command("init", epilog="Example: crossdock init my-hub && cd my-hub && crossdock serve")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@say.json_option
def command(directory: Path, as_json: bool) -> None:
    """Make the folder of an installation: its configuration, its install key, its place for data.

    What is there already is left as it is, so a second time changes nothing.
    """
    begun = begin(directory)
    if as_json:
        say.json_out({"home": begun.home.folder, "made": begun.made, "kept": begun.kept})
        return
    for path in begun.made:
        say.mark("ok", f"made {path.relative_to(begun.home.folder)}")
    for path in begun.kept:
        say.mark("note", f"kept {path.relative_to(begun.home.folder)}")
    say.line()
    say.line(f"An installation is in {begun.home.folder}.")
    if begun.home.key_file in begun.made:
        say.line(f"Back up {begun.home.key_file.relative_to(begun.home.folder)}, apart from the data: "
                 "without it the stored secrets are lost.")  # fmt: skip
    say.line("Next: crossdock connect CONNECTOR --as NAME, or crossdock serve")
