"""`crossdock tokens list | create | revoke`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from hub.cli import render, say
from hub.cli.deciding import desk_at, told
from hub.model.account import Scope
from hub.model.plain import plain
from hub.vault import login

_SCOPES = click.Choice([scope.value for scope in Scope])


@click.group("tokens")
def command() -> None:
    """Tokens for programs that read the API or the metrics."""


@command.command("list", epilog="Example: crossdock tokens list")
@say.home_option
@say.json_option
def list_command(home: Path | None, as_json: bool) -> None:
    """All tokens: what each may read, and until when."""
    with desk_at(home) as desk:
        now, found = desk.now(), desk.accounts.tokens()
    if as_json:
        say.json_out({"tokens": plain(found)})
        return
    rows = [
        (
            token.name,
            token.shown,
            " ".join(token.scopes),
            "revoked"
            if token.revoked_at
            else "expired"
            if token.expires_at <= now
            else render.age(token.expires_at, now),
            render.age(token.used_at, now) or "never",
        )
        for token in found
    ]
    say.table(("name", "token", "may", "ends", "used"), rows)


@command.command("create", epilog="Example: crossdock tokens create grafana --scope metrics:read --days 365")
@click.argument("name")
@click.option(
    "--scope", "scopes", type=_SCOPES, multiple=True, required=True, help="What it may read; may be repeated."
)
@click.option("--days", type=click.IntRange(1, 730), default=90, show_default=True, help="How long it works.")
@say.actor_option
@say.home_option
@say.json_option
def create_command(name: str, scopes: tuple[str, ...], days: int, actor: str, home: Path | None, as_json: bool) -> None:
    """A new token. It is shown this once; the hub keeps only its digest."""
    token = login.new_token()
    allowed = tuple(Scope(scope) for scope in dict.fromkeys(scopes))
    with desk_at(home) as desk:
        desk.accounts.add_token(
            name, login.digest(token), login.shown(token), allowed, actor, desk.now(), timedelta(days=days)
        )
    if as_json:
        say.json_out({"name": name, "token": token, "scopes": list(scopes), "days": days})
    else:
        say.mark("ok", f"{name} may read {', '.join(scopes)} for {say.count(days, 'day')}")
        click.echo(token)


@command.command("revoke", epilog="Example: crossdock tokens revoke grafana")
@click.argument("name")
@say.actor_option
@say.home_option
@say.json_option
def revoke_command(name: str, actor: str, home: Path | None, as_json: bool) -> None:
    """A token works no longer, from now on."""
    with desk_at(home) as desk:
        desk.accounts.revoke_token(name, actor, desk.now())
    told({"name": name, "revoked": True}, f"{name} is revoked", as_json)
