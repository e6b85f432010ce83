"""Every command explains itself, stands in the documents, and every command the documents name exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest


def walk(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command under a group that can be given by itself: (("orders", "list"), command)."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from walk(command, (*words, name))
        else:
            yield (*words, name), command


@pytest.fixture(scope="module")
def commands() -> dict[str, click.Command]:
    """The commands by the words one types: {"orders list": ...}."""
    module = pytest.importorskip("hub.cli.main", reason="the commands cannot be loaded; the packaging test says why")
    groups = [value for value in vars(module).values() if isinstance(value, click.Group)]
    inner = {id(command) for group in groups for command in group.commands.values()}
    outer = [group for group in groups if id(group) not in inner]
    assert outer, "hub.cli.main holds no click.Group"
    return {" ".join(words): command for words, command in walk(outer[0])}


@pytest.fixture(scope="module")
def pages(files: list[Path]) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in files if file.suffix == ".md"}


def test_every_command_says_what_it_does_with_an_example(commands: dict[str, click.Command]) -> None:
    assert not [words for words, command in commands.items() if not command.get_short_help_str()]
    helps = {words: (command.help or "") + (command.epilog or "") for words, command in commands.items()}
    assert not [words for words, text in helps.items() if f"crossdock {words}" not in text]


def test_every_command_can_answer_in_json(commands: dict[str, click.Command]) -> None:
    without = {words for words, command in commands.items() if "--json" not in options(command)}
    assert without <= {"serve", "worker"}, "only what runs until it is stopped has no answer to give"


def options(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def test_every_command_stands_in_the_documents(commands: dict[str, click.Command], pages: dict[str, str]) -> None:
    written = "\n".join(pages.values())
    assert not [words for words in commands if not re.search(rf"crossdock {words}\b", written)]


def test_every_command_of_the_documents_exists(commands: dict[str, click.Command], pages: dict[str, str]) -> None:
    heads = {" ".join(words.split()[:count]) for words in commands for count in (1, 2)}
    named = {
        (page, word)
        for page, text in pages.items()
        for word in re.findall(r"(?:`|^\$ |^)(?:\.venv/bin/)?crossdock ([a-z][a-z-]*)", text, re.MULTILINE)
    }
    assert not {(page, word) for page, word in named if word not in heads}
