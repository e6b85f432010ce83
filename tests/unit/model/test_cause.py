"""Every cause that the hub can stop for has its words and its one action."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.model.action import action_for
from hub.model.cause import CAUSES, Act, Weight, cause_of, say

# Where a code stands in a call: function -> position of the argument.
_POSITIONS = {"Hold": 0, "Skip": 0, "Withdraw": 0, "Park": 0, "hold": 1, "_set_aside": 2, "_stop": 2, "_settle": 3}
# The third argument of `_settle` says whether its fourth is the cause of a hold; what is ignored says its kind.
_HELD = "HELD"


def emitted(folder: Path) -> Iterator[tuple[str, str]]:
    """(code, file:line) of every cause that is written out in the sources."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found = [keyword.value for keyword in node.keywords if keyword.arg == "cause"]
            if name in _POSITIONS and len(node.args) > _POSITIONS[name]:
                if name != "_settle" or _HELD in ast.unparse(node.args[2]):
                    found.append(node.args[_POSITIONS[name]])
            for value in found:
                for constant in ast.walk(value):
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        yield constant.value, f"{file.name}:{node.lineno}"


def test_every_code_that_the_flow_emits_has_an_entry(checkout: Path) -> None:
    found = dict(emitted(checkout / "hub" / "flow"))
    assert len(found) > 25, "the reader of the sources no longer finds what it looks for"
    missing = {code: place for code, place in found.items() if code not in CAUSES}
    assert not missing, "add a row to hub/model/cause.py"


def unfilled(folder: Path) -> Iterator[str]:
    """file:line of every place that takes a cause's `words` or `advice` without filling them in by `say`."""
    for file in sorted(folder.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        filled = {id(arg) for node in calls if getattr(node.func, "id", "") == "say" for arg in node.args}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ("words", "advice") and id(node) not in filled:
                base = node.value.func if isinstance(node.value, ast.Call) else node.value
                if getattr(base, "id", "") in ("cause", "cause_of"):
                    yield f"{file.name}:{node.lineno}"
    for file in sorted(folder.rglob("*.html")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"cause_of\([^)]*\)\.(?:words|advice)", line):
                yield f"{file.name}:{number}"


def test_nobody_is_shown_a_sentence_with_its_gaps(checkout: Path) -> None:
    assert not list(unfilled(checkout / "hub"))


def test_a_planted_gap_is_found(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("a = cause_of(code).words\nb = cause.advice\nc = say(cause.words, what=None)\n")
    (tmp_path / "x.html").write_text("{{ cause_of(row.cause).advice }}\n")
    assert list(unfilled(tmp_path)) == ["x.py:1", "x.py:2", "x.html:1"]


def test_a_planted_code_is_found(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(
        'life.hold(step, "of_tomorrow", now)\nlife.move(step, E, now, cause="a" if b else "c")\n'
    )
    assert {code for code, _ in emitted(tmp_path)} == {"of_tomorrow", "a", "c"}


@pytest.mark.parametrize("code", CAUSES)
def test_an_action_is_a_command_that_a_shell_takes_or_nothing_to_do(code: str) -> None:
    cause = CAUSES[code]
    action = action_for(cause, order="shop:1", step="f/n/group:a b", connection="shop", what="buy a label")
    if cause.act is Act.WAIT:
        assert action.command is None
        return
    assert action.command is not None
    words = shlex.split(action.command)
    assert words[0] == "crossdock" and words[1] == ("orders" if cause.act is Act.SHOW else cause.act.value)
    assert action.label and action.advice
    assert ("f/n/group:a b" in words) <= (not cause.whole_order)


def test_a_message_is_released_by_itself_or_with_all_of_its_cause() -> None:
    cause = CAUSES["unmappable"]
    assert action_for(cause, message=7, connection="shop").command == "crossdock messages release 7"
    together = action_for(cause, connection="shop").command
    assert together == "crossdock messages release --connection shop --cause unmappable"
    assert action_for(CAUSES["unknown_mapping"], message=7).command == "crossdock messages show 7"


def test_words_are_filled_in_and_a_connections_name_keeps_its_letters() -> None:
    assert say("{connection} refuses to {what}.", connection="shipbob", what="buy a label") == (
        "shipbob refuses to buy a label."
    )
    assert say("{connection} is paused.", connection=None, what=None) == "The provider is paused."
    assert say("to {what} failed", connection=None, what=None) == "To go on failed"


def test_an_unknown_code_sends_a_person_to_look() -> None:
    cause = cause_of("of_tomorrow")
    assert (cause.title, cause.act, cause.weight) == ("Of tomorrow", Act.SHOW, Weight.DECISION)
    assert cause_of(None).code == "stopped"
