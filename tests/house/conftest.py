"""What the tests of the house share: the list of the project's own files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SKIPPED = {
    ".git",
    ".venv",
    "__pycache__",
    "dist",
    "build",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
}


def committed(checkout: Path) -> list[Path]:
    """Every file under version control that still exists; without git (an unpacked archive), every file there is."""
    if (checkout / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=checkout, check=True, capture_output=True, text=True)
        files = [checkout / name for name in listed.stdout.split("\0") if name]
    else:
        files = [path for path in checkout.rglob("*") if not SKIPPED & set(path.relative_to(checkout).parts)]
    return [file for file in sorted(files) if file.is_file()]


@pytest.fixture(scope="session")
def files(checkout: Path) -> list[Path]:
    """The project's own files, as absolute paths."""
    return committed(checkout)


@pytest.fixture(scope="session")
def sources(files: list[Path]) -> list[Path]:
    """The project's own Python files."""
    return [file for file in files if file.suffix == ".py"]
