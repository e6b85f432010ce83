"""What is built and installed: locks without addresses, and a wheel that runs where there is no checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

import hub

LOCKS = [
    "requirements.lock",
    "requirements-postgres.lock",
    "requirements-dev.lock",
    "requirements-build.lock",
    "requirements-fuzz.lock",
    "requirements-bench.lock",
]
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Normalised name and version of everything a lock file names."""
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in PIN.findall(lock)}


def plain(requirement: str) -> str:
    """`ruamel-yaml` of "ruamel.yaml>=0.18"."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~! ;]", requirement)[0]).lower()


@pytest.fixture(scope="module")
def project(checkout: Path) -> dict[str, Any]:
    return tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_versions_and_hashes_and_no_address(checkout: Path, name: str) -> None:
    text = (checkout / name).read_text(encoding="utf-8")
    assert not re.search(r"://|^\s*(-i|-f|--index-url|--extra-index-url|--find-links)\b", text, re.MULTILINE)
    blocks = [block for block in re.split(r"\n(?=\S)", text) if not block.startswith("#")]
    assert blocks
    assert all(PIN.match(block) and "--hash=sha256:" in block for block in blocks)


def test_the_locks_agree_and_hold_every_declared_package(checkout: Path, project: dict[str, Any]) -> None:
    run, postgres, dev, build = (pins((checkout / name).read_text(encoding="utf-8")) for name in LOCKS[:4])
    assert set(run.items()) <= set(postgres.items())
    assert set(postgres.items()) | set(build.items()) <= set(dev.items())
    declared = project["project"]
    extras = [one for extra in declared["optional-dependencies"].values() for one in extra]
    groups = project["dependency-groups"]
    assert {plain(one) for one in declared["dependencies"]} <= set(run)
    assert {plain(one) for one in declared["optional-dependencies"]["postgres"]} <= set(postgres)
    assert {plain(one) for one in [*extras, *groups["dev"]]} <= set(dev)
    assert {plain(one) for one in groups["build"]} <= set(build)


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=checkout, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_carries_the_code_and_every_declaration(checkout: Path, wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert wheel.name == f"crossdock-{hub.__version__}-py3-none-any.whl"
    assert {"hub/__init__.py", "hub/py.typed", "hub/assembly/shipped.py"} <= names
    for shelf in ("connectors", "mappings", "webhooks", "config"):
        files = [path for path in (checkout / shelf).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert files
        assert {f"hub/_shipped/{path.relative_to(checkout).as_posix()}" for path in files} <= names
    top = {name.split("/")[0] for name in names}
    assert top == {"hub", f"crossdock-{hub.__version__}.dist-info"}
    assert not [name for name in names if "__pycache__" in name]


def test_a_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        said = Parser().parsestr(archive.read(metadata).decode())
        (script,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "crossdock = hub.cli.main:main" in archive.read(script).decode()
    assert said["Name"] == "crossdock"
    assert said["License-Expression"] == "Apache-2.0"


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin/` of a new environment with the wheel in it, installed by pip without a network.

    The third parties are lent from the environment of the tests by a path file: Python reads no path files of a
    folder that was itself named by one, so this checkout does not come along.
    """
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--force-reinstall",
    ]
    subprocess.run([*command, "--no-warn-conflicts", str(wheel)], check=True, capture_output=True, env=bare())
    return folder / "bin"


def bare() -> dict[str, str]:
    """This process's environment without what points into the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}


def answer(installed: Path, tmp_path: Path, *command: str) -> str:
    """What a command of the new environment prints, run far from the checkout."""
    words = [str(installed / command[0]), *command[1:]]
    done = subprocess.run(words, cwd=tmp_path, env=bare(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_installed_wheel_finds_its_declarations_from_any_folder(installed: Path, tmp_path: Path) -> None:
    script = "import hub; from hub.assembly import shipped; print(hub.__file__); print(shipped.root())"
    code, declarations = answer(installed, tmp_path, "python", "-c", script).splitlines()
    assert Path(code).is_relative_to(installed.parent)
    assert Path(declarations) == Path(code).parent / "_shipped"


def test_an_installed_wheel_has_the_command(installed: Path, tmp_path: Path) -> None:
    assert "Usage: crossdock" in answer(installed, tmp_path, "crossdock", "--help")
