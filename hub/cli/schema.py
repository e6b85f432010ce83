"""`crossdock schema KIND`."""

from __future__ import annotations

from pathlib import Path

import click

from hub.assembly.schemas import SCHEMAS, schema_of
from hub.cli import say


@click.command("schema", epilog="Example: crossdock schema connector --out .vscode/connector.json")
@click.argument("kind", type=click.Choice(sorted(SCHEMAS)))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file.")
@say.json_option
def command(kind: str, out: Path | None, as_json: bool) -> None:
    """Print the JSON Schema of a kind of document, so that an editor completes and checks it.

    Point the first line of a document at it: # yaml-language-server: $schema=connector.json
    """
    schema = schema_of(kind)
    if out is None:
        say.json_out(schema)
        return
    out.write_text(say.as_json(schema) + "\n", encoding="utf-8")
    if as_json:
        say.json_out({"kind": kind, "file": out})
    else:
        say.mark("ok", f"the schema of a {kind} is in {out}")
