"""What the documents promise is there: files, links, commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from hub import __version__

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


@pytest.fixture(scope="module")
def documents(files: list[Path]) -> dict[Path, str]:
    """Every Markdown page of the project with its text."""
    return {file: file.read_text(encoding="utf-8") for file in files if file.suffix == ".md"}


def test_every_link_leads_somewhere(documents: dict[Path, str]) -> None:
    broken = [
        f"{page.name}: {link}"
        for page, text in documents.items()
        for link in LINK.findall(text)
        if "://" not in link and not link.startswith(("#", "mailto:"))
        if not (page.parent / link.split("#")[0]).exists()
    ]
    assert not broken


def test_every_make_command_in_a_document_exists(checkout: Path, documents: dict[Path, str]) -> None:
    targets = set(TARGET.findall((checkout / "Makefile").read_text(encoding="utf-8")))
    named = {
        (page.name, target)
        for page, text in documents.items()
        for target in re.findall(r"(?:`|^\$ |\n\$ )make ([a-z-]+)", text)
    }
    assert ("README.md", "demo") in named
    assert not {(page, target) for page, target in named if target not in targets}


def test_continuous_integration_runs_the_test_command_of_the_readme(checkout: Path) -> None:
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"^## Test\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    command = re.search(r"^\$ (.+)$", section, re.MULTILINE)
    assert command
    run = checkout / ".ci" / "run"
    assert run.read_text(encoding="utf-8").splitlines()[-1] == f"exec {command[1]}"
    assert run.stat().st_mode & 0o111


def test_continuous_integration_ends_with_the_status_of_the_tests(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_bytes((checkout / ".ci" / "run").read_bytes())
    (tmp_path / "Makefile").write_text("test:\n\t@exit 3\n")
    assert subprocess.run(["bash", tmp_path / ".ci" / "run"], capture_output=True, check=False).returncode != 0
    (tmp_path / "Makefile").write_text("test:\n\t@true\n")
    assert subprocess.run(["bash", tmp_path / ".ci" / "run"], capture_output=True, check=False).returncode == 0


def test_the_changelog_knows_this_version(checkout: Path) -> None:
    assert f"## {__version__}" in (checkout / "CHANGELOG.md").read_text(encoding="utf-8")
