"""`crossdock connector list`, `show` and `new`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.assembly.home import NoHome, find_home
from hub.assembly.platform import names, platform
from hub.assembly.scaffolding import scaffold
from hub.assembly.shelf import Kind, Shelves
from hub.cli import say


@click.group("connector", epilog="Example: crossdock connector show shopify")
def command() -> None:
    """Show what a provider's declarations say, or begin new ones."""


@command.command("list", epilog="Example: crossdock connector list")
@say.home_option
@say.json_option
def list_(home: Path | None, as_json: bool) -> None:
    """List the providers that something is declared of."""
    shelves = _shelves(home)
    rows = [
        {
            "name": name,
            "connector": shelves.find(Kind.CONNECTOR, name) is not None,
            "webhook": shelves.find(Kind.WEBHOOK, name.replace("_", "-")) is not None,
        }
        for name in names(shelves)
    ]
    if as_json:
        say.json_out(rows)
    else:
        marks = {True: "yes", False: ""}
        say.table(("Name", "Connector", "Webhook"), [(r["name"], marks[bool(r["connector"])],
        marks[bool(r["webhook"])]) for r in rows])  # fmt: skip


@command.command("show", epilog="Example: crossdock connector show stripe")
@click.argument("name")
@say.home_option
@say.json_option
def show(name: str, home: Path | None, as_json: bool) -> None:
    """Show a provider's connector, webhook and mappings together: what it can do, how safely, what it asks for."""
    found = platform(_shelves(home), name).document()
    if as_json:
        say.json_out(found)
        return
    say.line(f"{found['title']} ({found['name']})", "bold")
    if found["own"]:
        say.line(f"declared by this installation: {', '.join(found['own'])}", "dim")
    if found["connector"]:
        _connector(found["connector"])
    if found["webhook"]:
        _webhook(found["webhook"])
    for mapping in found["mappings"]:
        pulled = ", also of pulled orders" if mapping["pulled"] else ""
        say.line()
        say.line(f"Mapping {mapping['id']}", "bold")
        say.line(f"{mapping['title']}: {mapping['produces']}{pulled}; {say.count(mapping['examples'], 'example')}")
        for setting, about in mapping["settings"].items():
            say.line(f"  setting {setting}: {about}")


def _connector(found: dict[str, Any]) -> None:
    ends = f", ends {found['sunset']}" if found["sunset"] else ""
    say.line(f"API {found['api']}{ends}; {found['docs']}", "dim")
    if found["about"]:
        say.line(found["about"].strip())
    say.line()
    rows = []
    for name, operation in found["operations"].items():
        how = operation["safety"] or "reads"
        where = "SDK" if operation["hatch"] else operation["call"]
        rows.append((name, operation["title"], how, where))
    say.table(("Capability", "", "Safety", "Call"), rows)
    for kind, title in (("settings", "Setting"), ("secrets", "Secret")):
        if found[kind]:
            say.line()
            say.table((title, "", "Where to find it"), [_asked(name, entry) for name, entry in found[kind].items()])


def _asked(name: str, entry: dict[str, Any]) -> tuple[str, str, str]:
    default = entry.get("default")
    more = (
        " (optional)" if entry.get("optional") else f" (by default {default})" if default not in (None, {}, []) else ""
    )
    return name, entry["title"] + more, entry.get("where") or ""


def _webhook(found: dict[str, Any]) -> None:
    say.line()
    say.line(f"Webhook {found['id']}", "bold")
    say.line(f"signed by {found['scheme']}; secret: {found['secret_help']}")
    say.table(
        ("Topic", "Kind", "Mapping"),
        [(topic, rule["kind"], rule["mapping"]) for topic, rule in found["topics"].items() if rule["kind"] != "ignore"],
    )


@command.command("new", epilog='Example: crossdock connector new acme --title "Acme Warehouses"')
@click.argument("name")
@click.option("--title", help="As people call the provider.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="The folder that holds connectors/.")
@say.home_option
@say.json_option
def new(name: str, title: str | None, into: Path | None, home: Path | None, as_json: bool) -> None:
    """Begin a connector, a webhook and a mapping: commented, working on an invented provider, ready to be changed.

    They are made in the installation, or in --into DIR.
    """
    folder = into or _folder(home)
    done = scaffold(name, title, folder)
    if as_json:
        say.json_out({"made": done.made, "kept": done.kept})
        return
    for path in done.made:
        say.mark("ok", f"made {path}")
    for path in done.kept:
        say.mark("note", f"kept {path}, which was there")
    say.line(f"Next: crossdock check {folder / 'connectors' / name}")


def _folder(home: Path | None) -> Path:
    """The installation; or the checkout, where one stands in it."""
    here = Path.cwd()
    if home is None and (here / "connectors").is_dir():
        return here
    return find_home(home)


def _shelves(home: Path | None) -> Shelves:
    try:
        return Shelves(find_home(home))
    except NoHome:
        if home is not None:
            raise
        return Shelves()
