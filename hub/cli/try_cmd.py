"""`crossdock try webhook` and `crossdock try mapping`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from hub.assembly import trying
from hub.assembly.home import NoHome, find_home
from hub.assembly.shelf import Shelves
from hub.cli import say

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)


@click.group("try", epilog="Examples: crossdock try webhook --help · crossdock try mapping --help")
def command() -> None:
    """Try a webhook or a mapping on files, without a hub."""


@command.command(
    "webhook",
    epilog="Example: crossdock try webhook shopify --headers h.json --body b.json --secret S --now 1790000000 --json",
)
@click.argument("source")
@click.option("--headers", type=_FILE, help="A JSON object, or a list of [name, value] pairs.")
@click.option("--body", type=_FILE, help="The body, byte for byte.")
@click.option("--secret", "secrets", multiple=True, help="A signing secret; several while one is rotated.")
@click.option("--now", type=int, metavar="EPOCH", help="When it arrives, in seconds since 1970; by default now.")
@click.option("--cases", type=_FILE, help="A JSON list of {name, headers, body_b64, secret, now}: a line for each.")
@say.home_option
@say.json_option
def webhook(
    source: str,
    headers: Path | None,
    body: Path | None,
    secrets: tuple[str, ...],
    now: int | None,
    cases: Path | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Judge a delivery as the front door would: is it verified, and what is it?

    SOURCE is a declaration of webhooks/, such as shopify. Ends with 0 if it is verified, with 1 if not.
    """
    shelves = _shelves(home)
    if cases is not None:
        for result in trying.webhooks(shelves, source, _read(cases), now):
            say.json_line(result)
        return
    if headers is None or body is None:
        raise click.UsageError("give --headers FILE and --body FILE, or --cases FILE")
    result = trying.webhook(shelves, source, _read(headers), _read(body), secrets, now)
    if as_json:
        say.json_out(result)
    else:
        _tell(result)
    raise SystemExit(0 if result["verified"] else 1)


def _tell(result: dict[str, Any]) -> None:
    if result["verified"]:
        say.mark("ok", "verified", f"topic {result['topic']}, kind {result['kind']}, delivery {result['delivery_id']}")
    else:
        say.mark("fail", f"not verified: {str(result['reason']).replace('_', ' ')}")


@command.command("mapping", epilog="Example: crossdock try mapping shopify-order order.json --json")
@click.argument("name")
@click.argument("file", type=_FILE)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the connection.")
@say.home_option
@say.json_option
def mapping(name: str, file: Path, settings: tuple[str, ...], home: Path | None, as_json: bool) -> None:
    """Translate a payload into the canonical order (or orders), or say every problem in it.

    With --json: the order, or a list where there are several, or {"problems": [...]}.

    NAME is a declaration of mappings/, or the path of one. Ends with 0 if it is translated, with 1 if not.
    """
    pairs = dict(say.pair(setting) for setting in settings)
    translation = trying.mapping(_shelves(home), name, _read(file), pairs)
    found = trying.told(translation)
    if as_json:
        say.json_out(trying.document(found))
    elif translation.problems:
        for problem in translation.problems:
            say.mark("fail", f"{problem.path or 'the payload'}: {problem.what}", problem.mend)
    else:
        for order in found["orders"]:
            _order(order)
        for fact in found["facts"]:
            say.mark("ok", f"{fact['kind']} {fact['entity_id']} of order {fact['source_order_id']}")
        for evidence in found["evidence"]:
            say.mark("ok", f"evidence: {evidence['type']}")
        if not any((found["orders"], found["facts"], found["evidence"])):
            say.mark("note", "it tells nothing: the mapping sets it aside")
    raise SystemExit(1 if translation.problems else 0)


def _order(order: dict[str, Any]) -> None:
    total = next((entry["amount"] for entry in order["totals"] if entry["type"] == "total"), None)
    say.mark(
        "ok", f"order {order['label']} ({order['id']}), {order['standing']}, {say.money(total, order['currency'])}"
    )
    rows = [
        (line["quantity"]["total"], line["item"]["sku"], line["item"]["title"],
         say.money(line["item"]["price"], order["currency"]))
        for line in order["line_items"]
    ]  # fmt: skip
    say.table(("", "SKU", "Title", "Price"), rows, right=("", "Price"))
    for message in order["messages"]:
        say.mark("warn", message["text"])


def _shelves(home: Path | None) -> Shelves:
    """The installation's declarations where there is one, the shipped ones in any case."""
    try:
        return Shelves(find_home(home))
    except NoHome:
        if home is not None:
            raise
        return Shelves()


def _read(path: Path) -> bytes:
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
