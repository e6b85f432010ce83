"""`crossdock secret`: the encrypted store."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hub.assembly.home import Unfit, find_home
from hub.assembly.install import open_vault
from hub.assembly.reading import home_of, secret_uses
from hub.cli import say
from hub.vault.store import Vault


@click.group("secret", epilog="Example: crossdock secret set shop/webhook")
def command() -> None:
    """Store, list, remove and rotate secrets. No command ever shows one."""


@command.command("set", epilog="Example: crossdock secret set stripe-main/api_key")
@click.argument("name")
@click.option("--file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
              help="Read it from a file, or with - from stdin, instead of asking for it.")  # fmt: skip
@say.home_option
@say.json_option
def set_(name: str, file: Path | None, home: Path | None, as_json: bool) -> None:
    """Store a secret (or replace it), and say how hub.yaml refers to it. A running hub uses it at once."""
    if file is not None:
        value = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        value = value.strip("\r\n")
    else:
        value = click.prompt(f"{name} (not shown)", hide_input=True, err=True)
    reference = _vault(home).put(name, value)
    if as_json:
        say.json_out({"name": name, "reference": reference})
    else:
        say.mark("ok", f"stored; hub.yaml refers to it as {reference}")


@command.command("list", epilog="Example: crossdock secret list")
@say.home_option
@say.json_option
def list_(home: Path | None, as_json: bool) -> None:
    """List the names of the secrets, and what in hub.yaml uses each."""
    vault, uses = _vault(home), secret_uses(find_home(home))
    rows = [{"name": name, "used_by": uses.get(f"${{secret:{name}}}", [])} for name in vault.names()]
    if as_json:
        say.json_out(rows)
    elif rows:
        say.table(("Name", "Used by"), [(row["name"], ", ".join(row["used_by"]) or "nothing") for row in rows])
    else:
        say.line("No secret is stored.")


@command.command("remove", epilog="Example: crossdock secret remove shop/old")
@click.argument("name")
@say.home_option
@say.json_option
def remove(name: str, home: Path | None, as_json: bool) -> None:
    """Remove a secret that nothing in hub.yaml uses."""
    used = secret_uses(find_home(home)).get(f"${{secret:{name}}}")
    if used:
        raise Unfit(f"{name} is used by {', '.join(used)}; change that first")
    removed = _vault(home).delete(name)
    if as_json:
        say.json_out({"name": name, "removed": removed})
    else:
        say.mark("ok" if removed else "note", "removed" if removed else f"there was no secret {name}")
    raise SystemExit(0 if removed else 1)


@command.command("rotate", epilog="Example: crossdock secret rotate")
@say.home_option
@say.json_option
def rotate(home: Path | None, as_json: bool) -> None:
    """Seal every secret with a fresh key. A running hub goes on; back up the install key again afterwards."""
    vault = _vault(home)
    vault.rotate()
    if as_json:
        say.json_out({"sealed": len(vault.names())})
    else:
        say.mark(
            "ok", f"{say.count(len(vault.names()), 'secret')} sealed with a fresh key; back up the install key again"
        )


def _vault(home: Path | None) -> Vault:
    return open_vault(home_of(find_home(home)))
