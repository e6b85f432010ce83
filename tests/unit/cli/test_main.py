"""The commands as a whole: quick to explain themselves, clear when they cannot work, and none in the way of another."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from hub.cli.main import main
from tests.unit.cli.conftest import Run


def words(group: click.Group, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        found += words(command, (*before, name)) if isinstance(command, click.Group) else [(*before, name)]
    return found


def test_help_imports_no_command() -> None:
    script = "import sys; from hub.cli.main import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split("\n")[-2].split())
    assert not loaded & {"rich", "sqlalchemy", "pydantic", "ruamel.yaml", "flask", "hub.cli.say", "hub.assembly.hub"}
    assert "Carries orders" in done.stdout


@pytest.mark.parametrize("command", words(main), ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: tuple[str, ...], run: Run) -> None:
    told = run(*command, "--help").stdout
    assert f"crossdock {' '.join(command)}" in told
    assert "Example" in told


def test_every_command_is_listed_under_what_it_is_for(run: Run) -> None:
    told = run("--help").stdout
    for name in main.commands:
        assert f"  {name} " in told


def test_a_mistyped_command_is_answered_with_the_one_that_was_meant(run: Run) -> None:
    assert "did you mean 'crossdock doctor'?" in run("docter", code=2).stderr


@pytest.mark.parametrize("command", [("doctor",), ("check",), ("plan",), ("pause", "x"), ("secret", "list")])
def test_without_an_installation_it_says_how_to_make_one(command: tuple[str, ...], run: Run) -> None:
    done = run(*command, code=2)
    assert "crossdock init DIR" in done.stderr
    assert json.loads(run(*command, "--json", code=2).stdout)["error"] == "no_home"


def test_the_installation_may_be_named_before_or_behind_the_command(home: Path, run: Run) -> None:
    assert run("--home", home, "secret", "list").stdout == run("secret", "list", "--home", home).stdout
    assert run("--home", home / "hub.yaml", "secret", "list").exit_code == 0


def test_the_installation_is_found_above_and_by_the_environment(
    home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "deep" / "er").mkdir(parents=True)
    with monkeypatch.context() as inside:
        inside.chdir(home / "deep" / "er")
        run("secret", "list")
    monkeypatch.setenv("CROSSDOCK_HOME", str(home))
    run("secret", "list")


def test_problems_of_a_file_end_with_2_and_no_traceback(home: Path, run: Run) -> None:
    (home / "hub.yaml").write_text("hub: {mode: fast, thread: 3}\n")
    done = run("plan", "--home", home, code=2)
    assert f"{home}/hub.yaml:1:13: 'fast' is not one of the words for this place" in done.stderr
    assert "did you mean 'threads'" in done.stderr
    assert "Traceback" not in done.output
    answer = json.loads(run("plan", "--home", home, "--json", code=2).stdout)
    assert [problem["column"] for problem in answer["problems"]] == [13, 19]
