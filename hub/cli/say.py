"""How the commands speak: calm sentences on a terminal, one JSON document with `--json`. Problems go to stderr."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from hub.language.problem import Problem
from hub.model.money import major

F = TypeVar("F", bound=Callable[..., Any])

MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red"), "note": ("·", "dim")}


def console(*, stderr: bool = False) -> Console:
    """Where people read. Without a terminal there are no colours and no breaks but ours."""
    stream = sys.stderr if stderr else sys.stdout
    people = stream.isatty()
    return Console(file=stream, highlight=False, soft_wrap=not people, emoji=False, width=None if people else 200)


def line(text: str = "", style: str | None = None) -> None:
    """One line of plain text: nothing in it is taken for markup."""
    console().print(Text(text, style=style or ""))


def mark(kind: str, text: str, more: str | None = None, *, stderr: bool = False) -> None:
    """A line with a sign before it: ok, warn, fail or note; `more` stands below it, quietly."""
    sign, style = MARKS[kind]
    out = console(stderr=stderr)
    out.print(f"[{style}]{sign}[/] {escape(text)}")
    if more:
        out.print(Text(f"  {more}", style="dim"))


@contextmanager
def counting() -> Iterator[Callable[[str, int, int], None]]:
    """Shows on a terminal how far something has come: (what, done, of how many)."""
    out = console(stderr=True)
    if not out.is_terminal:
        yield lambda what, done, of: None
        return
    with Progress(console=out, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def count(what: str, done: int, of: int) -> None:
            task = tasks.setdefault(what, progress.add_task(what, total=of)) if what not in tasks else tasks[what]
            progress.update(task, completed=done)

        yield count


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[str] = ()) -> None:
    """Rows under headings; the columns named in `right` hold numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text("" if cell is None else str(cell)) for cell in row))
    console().print(made)


def money(amount: int | None, currency: str | None) -> str:
    """`19.99 EUR`; nothing where there is no amount."""
    return "" if amount is None or currency is None else f"{major(amount, currency)} {currency}"


def problems(found: Sequence[Problem]) -> None:
    """Each fault of a file on stderr: where it is, what is wrong, how to mend it."""
    out = console(stderr=True)
    for problem in found:
        place = f"{problem.file}:{problem.line}:{problem.column}"
        out.print(f"[bold]{escape(place)}[/]: {escape(problem.what)}")
        out.print(Text(f"    {problem.mend}", style="green"))


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 problem`, `2 problems`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def as_json(value: Any) -> str:
    """A JSON document, indented."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=2)


def json_out(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(as_json(value))


def json_line(value: Any) -> None:
    """One JSON document on one line of stdout."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def pair(text: str) -> tuple[str, Any]:
    """`key=value` of an option; a value that reads as JSON is one (`5`, `true`, `{"a": "b"}`), any other is a text."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise click.UsageError(f"'{text}' is not KEY=VALUE")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def json_option(function: F) -> F:
    """`--json`, on every command that has an answer to give."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")(function)


def home_option(function: F) -> F:
    """`--home`, on every command that works on an installation: before the command's name or behind it."""

    def told(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
        above = ctx.find_root().obj
        return value or (Path(above) if isinstance(above, str) else None)

    return click.option(
        "--home",
        "home",
        metavar="DIR",
        type=click.Path(path_type=Path),
        callback=told,
        help="The installation's folder; by default the nearest above that has a hub.yaml.",
    )(function)


def actor_option(function: F) -> F:
    """`--actor`, on every command that decides something: decisions are kept with who took them."""
    return click.option(
        "--actor",
        default=_somebody,
        metavar="WHO",
        help="Who decides; by default the user of this machine.",
    )(function)


def _somebody() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process without a user, as in some containers
        return "unknown"
