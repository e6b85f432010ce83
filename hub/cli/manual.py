"""`docs/commands.md`, made from the commands themselves, so that it cannot be wrong."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from hub.cli.main import SECTIONS

_HEAD = """# Commands

<!-- made from the commands: run `CROSSDOCK_WRITE_DOCS=1 pytest tests/unit/cli/test_manual.py` -->

Every command explains itself with `--help`, answers with one JSON document where `--json` is given, and ends with 0
when all is well, 1 when the answer is no, and 2 when something is to be mended first: a word in the line, a file, a
secret. Commands that work on an installation find it in `--home DIR`, in `CROSSDOCK_HOME`, or in the nearest folder
above that has a `hub.yaml`.
"""


def manual(group: click.Group) -> str:
    """The page."""
    parts = [_HEAD]
    for title, words in SECTIONS.items():
        parts.append(f"## {title}\n")
        for word in words:
            if word in group.commands:
                parts += _entries(group.commands[word], (word,))
    return "\n".join(parts)


def _entries(command: click.Command, words: tuple[str, ...]) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _entries(inner, (*words, name))
        return
    yield f"### `crossdock {' '.join(words)}`\n"
    yield f"```\n{_usage(command, words)}\n```\n"
    yield _prose(command.help or "") + "\n"
    rows = [_option(option) for option in command.params if isinstance(option, click.Option) and not option.hidden]
    if rows:
        yield "| Option | |\n|---|---|\n" + "\n".join(rows) + "\n"
    examples = [f"    $ {example}" for example in _examples(command.epilog or "")]
    if examples:
        yield "\n".join(examples) + "\n"


def _usage(command: click.Command, words: tuple[str, ...]) -> str:
    context = click.Context(command, info_name=" ".join(("crossdock", *words)))
    return f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"


def _prose(text: str) -> str:
    paragraphs = inspect.cleandoc(text).replace("\f", "").split("\n\n")
    return "\n\n".join(re.sub(r"\s+", " ", part).strip() for part in paragraphs)


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    about = (option.help or "").replace("|", "\\|")
    if isinstance(option.type, click.Choice):
        about = f"{about} One of {', '.join(f'`{choice}`' for choice in option.type.choices)}.".strip()
    return f"| {names} | {about} |"


def _examples(epilog: str) -> list[str]:
    """The command lines of an epilog: behind `Example:`, or one a line where its paragraphs are kept as they are."""
    lines = inspect.cleandoc(epilog.replace("\b", "")).splitlines()
    found = [one for line in lines for one in re.split(r" · |; (?=crossdock )", re.sub(r"^Examples?:", "", line))]
    return [one.strip() for one in found if one.strip().startswith("crossdock ")]
