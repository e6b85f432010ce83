"""Asks a person at a terminal, one thing at a time, each with where to find it. Prompts go to stderr."""

from __future__ import annotations

from collections.abc import Sequence

import click


def confirm(question: str, *, default: bool) -> bool:
    return click.confirm(question, default=default, err=True)


def choose(question: str, choices: Sequence[str], default: str) -> str:
    found: str = click.prompt(question, type=click.Choice(list(choices)), default=default, err=True)
    return found


def text(question: str, default: str | None = None) -> str | None:
    """A line, None for an empty one."""
    found = click.prompt(question, default=default or "", show_default=bool(default), err=True)
    return str(found).strip() or None


def hidden(question: str, where: str | None, *, optional: bool) -> str | None:
    """A secret, never shown; None for an empty one. A reference may be given instead."""
    hint(where)
    if optional:
        found = click.prompt(f"{question} (optional)", hide_input=True, err=True, default="", show_default=False)
    else:
        found = click.prompt(question, hide_input=True, err=True)
    return str(found).strip() or None


def hint(where: str | None) -> None:
    if where:
        click.echo(click.style(f"  {where.strip()}", dim=True), err=True)
