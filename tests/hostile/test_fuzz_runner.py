"""The command that fuzzes: what it says, what it keeps, and how it ends."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.hostile import planted
from tests.hostile.fuzz import __main__ as command
from tests.hostile.fuzz.campaign import Result, run
from tests.hostile.fuzz.roster import TARGETS
from tests.hostile.fuzz.target import Target

FUZZER = importlib.util.find_spec("atheris") is not None
needs_fuzzer = pytest.mark.skipif(not FUZZER, reason="needs atheris, which requirements-fuzz.lock names")


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fuzz", *arguments])
    return command.main()


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The targets that were run; `json` finds something, the others nothing. The fuzzer need not be installed."""
    names: list[str] = []

    def pretend(target: Target, seconds: float, folder: Path) -> Result:
        names.append(target.name)
        found = target.name == "json"
        return Result(target.name, 1000, 50, seconds, tmp_path / "bytes" if found else None, "Wrong" if found else "")

    monkeypatch.setattr(command, "run", pretend)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    return names


def test_the_list_names_every_target(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(monkeypatch, "--list") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(TARGETS)


def test_targets_take_turns_and_the_last_line_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ran: list[str], tmp_path: Path
) -> None:
    asked = ("--target", "door", "--target", "yaml", "--rounds", "2", "--seconds", "3", "--corpus", str(tmp_path))
    assert called(monkeypatch, *asked) == 0
    assert ran == ["door", "yaml", "door", "yaml"]
    assert capsys.readouterr().out.splitlines()[-1] == "2 targets, 4,000 executions, 12 seconds, 0 findings"


def test_a_finding_ends_with_1_and_says_where_its_bytes_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ran: list[str], tmp_path: Path
) -> None:
    assert called(monkeypatch, "--target", "json", "--target", "door", "--json", "--corpus", str(tmp_path)) == 1
    assert ran == ["json", "door"]  # the others have their turn all the same
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (told["targets"], told["findings"]) == (2, 1)
    assert told["found"] == [{"target": "json", "what": "Wrong", "bytes": str(tmp_path / "bytes")}]


def test_without_the_fuzzer_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert called(monkeypatch, "--seconds", "1") == 2
    assert "requirements-fuzz.lock" in capsys.readouterr().err


@needs_fuzzer
def test_the_fuzzer_finds_a_planted_fault_and_keeps_its_bytes(tmp_path: Path) -> None:
    found = run(planted.TARGET, 30, tmp_path)
    assert found.what == "Violation: the planted fault"
    assert found.finding is not None
    assert found.finding.read_bytes().startswith(b"FAULT")
    assert not found.clean


@needs_fuzzer
def test_a_short_run_of_a_real_target_is_clean(tmp_path: Path) -> None:
    done = run(TARGETS["answer-body"], 1, tmp_path)
    assert done.clean, done
    assert done.executions > len(TARGETS["answer-body"].all_seeds)
    assert done.covered > 0
