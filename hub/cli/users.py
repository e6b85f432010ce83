"""`crossdock users list | add | change`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from hub.cli import say
from hub.cli.deciding import desk_at, told
from hub.model.account import Role
from hub.vault import login

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")
_ROLES = click.Choice([role.value for role in Role])


@click.group("users")
def command() -> None:
    """Who may use the console.

    viewer sees, operator repairs, approver decides about money, admin decides who else may.
    """


@command.command("list", epilog="Example: crossdock users list")
@say.home_option
@say.json_option
def list_command(home: Path | None, as_json: bool) -> None:
    """Everybody who has an account."""
    with desk_at(home) as desk:
        found = desk.accounts.users()
    if as_json:
        say.json_out(
            {
                "users": [
                    {"name": u.name, "role": u.role, "disabled": u.disabled, "created_at": u.created_at} for u in found
                ]
            }
        )
    else:
        say.table(
            ("name", "role", ""), [(user.name, user.role.value, "disabled" if user.disabled else "") for user in found]
        )


@command.command("add", epilog="Example: crossdock users add nadia --role operator")
@click.argument("name")
@click.option("--role", type=_ROLES, default=Role.VIEWER.value, show_default=True)
@say.actor_option
@say.home_option
@say.json_option
def add_command(name: str, role: str, actor: str, home: Path | None, as_json: bool) -> None:
    """A new account. The password is asked for; a program writes it on one line of stdin."""
    if not _NAME.fullmatch(name):
        raise click.BadParameter("2 to 40 small letters, digits, dots or dashes", param_hint="NAME")
    password = _new_password(name)
    with desk_at(home) as desk:
        desk.accounts.add_user(name, Role(role), login.hash_password(password), actor, desk.now())
    told({"name": name, "role": role}, f"{name} may sign in as {role}", as_json)


@command.command("change", epilog="Example: crossdock users change nadia --role approver --password")
@click.argument("name")
@click.option("--role", type=_ROLES)
@click.option("--password", "with_password", is_flag=True, help="Ask for a new password.")
@click.option("--disable/--enable", "disabled", default=None, help="Shut the account, or open it again.")
@say.actor_option
@say.home_option
@say.json_option
def change_command(
    name: str,
    role: str | None,
    with_password: bool,
    disabled: bool | None,
    actor: str,
    home: Path | None,
    as_json: bool,
) -> None:
    """Another role or password, or no access at all. Every session of the account ends."""
    if role is None and not with_password and disabled is None:
        raise click.UsageError("say what changes: --role, --password, --disable or --enable")
    password = login.hash_password(_new_password(name)) if with_password else None
    with desk_at(home) as desk:
        desk.accounts.change_user(
            name, actor, desk.now(), role=Role(role) if role else None, password=password, disabled=disabled
        )
    told({"name": name, "changed": True}, f"{name} is changed; open sessions ended", as_json)


def _new_password(name: str) -> str:
    if sys.stdin.isatty():
        password = str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        password = sys.stdin.readline().rstrip("\n")
    fault = login.misfit(name, password)
    if fault is not None:
        raise click.UsageError(fault)
    return password
