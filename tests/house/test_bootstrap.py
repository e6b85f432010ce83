"""The bootstrap: what it does first, what it tries next, and what it says when nothing is left to try.

The checkouts here are our own small ones, with empty lock files and a build back end of twenty lines, so that nothing
is fetched from anywhere.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

BACK_END = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "crossdock-0-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        info = "crossdock-0.dist-info/"
        wheel.writestr("here.py", "def main():\\n    print('here')\\n")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: crossdock\\nVersion: 0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\ncrossdock = here:main\\n")
        wheel.writestr(info + "RECORD", "")
    return name

build_wheel = build_editable
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "back_end"\nbackend-path = ["."]\n'


@pytest.fixture
def small(checkout: Path, tmp_path: Path) -> Path:
    """A small checkout with this project's bootstrap in it."""
    folder = tmp_path / "checkout"
    (folder / "deploy").mkdir(parents=True)
    shutil.copy(checkout / "deploy" / "bootstrap.py", folder / "deploy")
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-build.lock"):
        (folder / name).write_text("# nothing\n")
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "back_end.py").write_text(BACK_END)
    return folder


@pytest.fixture
def bootstrap(small: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The small checkout's bootstrap as a module, on a machine whose PATH is empty."""
    spec = importlib.util.spec_from_file_location("bootstrap", small / "deploy" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    empty = small / "path"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    return module


def without_ensurepip(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's Python, as it comes: `python -m ensurepip` fails."""
    real = bootstrap.output_of
    monkeypatch.setattr(bootstrap, "output_of", lambda command: None if "ensurepip" in command else real(command))


def says_here(small: Path) -> bool:
    done = subprocess.run([small / ".venv" / "bin" / "crossdock"], capture_output=True, text=True, check=True)
    return done.stdout == "here\n"


@pytest.mark.timeout(300)  # a pip that installs a pip: a minute on a busy machine
def test_a_first_run_installs_and_a_second_finds_nothing_to_do(small: Path) -> None:
    pytest.importorskip("ensurepip", reason="this Python carries no pip to install with")
    command = [sys.executable, str(small / "deploy" / "bootstrap.py")]
    alone = {"PATH": str(small), "HOME": str(small)}
    first = subprocess.run(command, capture_output=True, text=True, env=alone, check=False)
    assert first.returncode == 0, first.stderr
    assert first.stderr.index("[1/4]") < first.stderr.index("[4/4] Linking this checkout") < first.stderr.index("Ready")
    assert says_here(small)

    took = []
    for _ in range(3):  # the quickest of three: a busy machine is not what is measured
        started = time.monotonic()
        again = subprocess.run(command, capture_output=True, text=True, env=alone, check=True)
        took.append(time.monotonic() - started)
        assert again.stdout + again.stderr == ""
    assert min(took) < 1


def test_a_python_without_ensurepip_borrows_any_pip(
    small: Path, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_ensurepip(bootstrap, monkeypatch)
    lender = small / "path" / "pip3"
    pip = Path(importlib.util.find_spec("pip").origin).parent  # type: ignore[union-attr,arg-type]
    lender.write_text(
        f"#!{sys.executable}\nimport shutil, sys\n"
        "if '--target' in sys.argv:\n    target = sys.argv[sys.argv.index('--target') + 1]\n"
        f"    shutil.copytree({str(pip)!r}, target + '/pip')\n"
    )
    lender.chmod(0o755)
    bootstrap.install(small, False)
    assert says_here(small)
    assert f"fetching it with {lender}" in capsys.readouterr().err


def test_a_failing_uv_is_followed_by_pip(
    small: Path, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    uv = small / "path" / "uv"
    uv.write_text("#!/bin/sh\necho no route >&2\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setattr(bootstrap, "has_pip", lambda python: True)
    ran: list[list[str]] = []
    real = bootstrap.run_shown

    def run_shown(words: str, command: list[str]) -> bool:
        ran.append(command)
        return command[0] != str(uv) or bool(real(words, command))

    monkeypatch.setattr(bootstrap, "run_shown", run_shown)
    bootstrap.install(small, True)
    assert [command[0] == str(uv) for command in ran] == [True, False, False, False]
    assert "uv did not succeed; trying pip." in capfd.readouterr().err
    assert "--require-hashes" in ran[2]
    assert ran[2][-1].endswith("requirements-dev.lock")


def test_with_nothing_to_install_with_it_says_what_to_install(
    small: Path, bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_ensurepip(bootstrap, monkeypatch)
    monkeypatch.setattr(bootstrap, "other_pips", lambda: iter(()))
    with pytest.raises(bootstrap.Stop, match=r"(?s)no ensurepip.*apt install python3-venv"):
        bootstrap.install(small, False)
    assert not (small / ".venv" / "crossdock-stamp.json").exists()


def test_an_old_python_gives_way_to_a_new_one(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 8, 1))
    monkeypatch.setattr(bootstrap, "pythons", lambda: iter([sys.executable]))
    started: list[str] = []
    monkeypatch.setattr(bootstrap.os, "execv", lambda python, command: started.append(python))
    with pytest.raises(bootstrap.Stop):  # the stand-in for execv returns, as the real one never does
        bootstrap.move_to_new_enough_python()
    assert started == [sys.executable]


def test_an_old_python_alone_says_which_is_needed(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 8, 1))
    with pytest.raises(bootstrap.Stop, match=r"needs Python 3.11 or later; this is 3.8"):
        bootstrap.move_to_new_enough_python()


def test_the_latest_python_of_the_path_comes_first(small: Path, bootstrap: ModuleType) -> None:
    for name in ("python3.9", "python3.13", "python3", "python3-config", "pythonw"):
        (small / "path" / name).touch()
    assert [Path(python).name for python in bootstrap.pythons()] == ["python3.13", "python3.9", "python3"]


def test_a_folder_that_is_no_environment_is_left_alone(small: Path, bootstrap: ModuleType) -> None:
    (small / ".venv").mkdir()
    (small / ".venv" / "letters").write_text("mine")
    with pytest.raises(bootstrap.Stop, match="is in the way"):
        bootstrap.install(small, False)
    assert (small / ".venv" / "letters").read_text() == "mine"


@pytest.fixture
def installed(small: Path, bootstrap: ModuleType) -> Path:
    """`.venv` as a finished run for development leaves it."""
    bin_ = small / ".venv" / "bin"
    bin_.mkdir(parents=True)
    (small / ".venv" / "pyvenv.cfg").touch()
    (bin_ / "python").symlink_to(sys.executable)
    (bin_ / "crossdock").write_text("#!/bin/sh\n")
    (bin_ / "crossdock").chmod(0o755)
    lock = "requirements-dev.lock"
    stamp = {"root": str(small), "lock": lock, "digest": bootstrap.digest(small, lock)}
    bootstrap.write_stamp(small / ".venv", stamp)
    return small / ".venv"


def test_an_environment_for_development_serves_the_hub_too(small: Path, bootstrap: ModuleType, installed: Path) -> None:
    assert bootstrap.is_current(small, installed, False)
    assert bootstrap.is_current(small, installed, True)


@pytest.mark.parametrize("changed", ["requirements-dev.lock", "requirements-build.lock", "pyproject.toml"])
def test_a_changed_file_is_noticed(small: Path, bootstrap: ModuleType, installed: Path, changed: str) -> None:
    (small / changed).write_text("# something else\n")
    assert not bootstrap.is_current(small, installed, True)


def test_a_missing_command_is_noticed(small: Path, bootstrap: ModuleType, installed: Path) -> None:
    (installed / "bin" / "crossdock").unlink()
    assert not bootstrap.is_current(small, installed, False)


def test_a_moved_checkout_gets_a_new_environment(small: Path, bootstrap: ModuleType, installed: Path) -> None:
    moved = small.rename(small.with_name("moved"))
    assert not bootstrap.is_current(moved, moved / ".venv", False)
    bootstrap.make_venv(moved, moved / ".venv")
    assert not (moved / ".venv" / "bin" / "crossdock").exists()
    assert bootstrap.version_of(str(moved / ".venv" / "bin" / "python")) == sys.version_info[:2]
