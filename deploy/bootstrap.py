"""Makes .venv and installs Crossdock into it, with nothing but Python's standard library.

    python3 deploy/bootstrap.py          what running the hub needs
    python3 deploy/bootstrap.py --dev    what testing and changing it needs as well

1. Find a Python of 3.11 or later: this one, or another that is installed.
2. Stop here, within a fraction of a second, if .venv already holds what the lock files name.
3. Make .venv, without pip: Debian's Python cannot put pip there unless python3-venv is installed.
4. Install from the lock files, hashes required: with uv, or with pip. The pip is .venv's own, put there by Python
   itself where it carries one, otherwise fetched (hashed as well) by whichever pip this machine has.
5. Install the checkout itself, as a link, and leave a stamp for step 2.

Any Python since 3.6 can read this file, so that an old one can say which one is needed. That is why its annotations
are spelt the old way.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
BUILD_LOCK = "requirements-build.lock"  # pip itself, and what turns sources into packages
RUN_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"

Command = List[str]


class Stop(Exception):
    """Nothing more can be done without a person; the text tells them what to do."""


def main(arguments: Optional[List[str]] = None) -> int:
    """Bring .venv up to date; the exit status is 0, 1 (a person is needed) or 130 (interrupted)."""
    parser = argparse.ArgumentParser(description="Make .venv and install Crossdock into it.")
    parser.add_argument("--dev", action="store_true", help="also install what tests and checks need")
    options = parser.parse_args(arguments)
    try:
        move_to_new_enough_python()
        install(ROOT, options.dev)
    except Stop as stop:
        say(f"\n{stop}")
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; the next run goes on from here.")
        return 130
    return 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------- which Python


def move_to_new_enough_python() -> None:
    """Return if this Python will do; otherwise start this file again under one that will."""
    if sys.version_info[:2] >= OLDEST:
        return
    for candidate in pythons():
        if version_of(candidate) >= OLDEST:
            os.execv(candidate, [candidate, str(Path(__file__).resolve()), *sys.argv[1:]])
    raise Stop(
        f"Crossdock needs Python {dotted(OLDEST)} or later; this is {dotted(sys.version_info[:2])}, and no later one "
        "is on the PATH.\nInstall one (Debian, Ubuntu: apt install python3; macOS: brew install python; anywhere: "
        "uv python install)\nand run this again, or name it: make PYTHON=/path/to/python3"
    )


def pythons() -> Iterator[str]:
    """Every Python that the PATH or uv offers, the latest first."""
    found = {}  # type: Dict[Tuple[int, int], str]
    for folder in os.get_exec_path():
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in names:
            match = re.fullmatch(r"python(?:3(?:\.(\d+))?)?", name)
            if match:
                found[int(match.group(1) or 0), -len(found)] = os.path.join(folder, name)
    for key in sorted(found, reverse=True):
        yield found[key]
    uv = shutil.which("uv")
    answer = output_of([uv, "python", "find", "--no-python-downloads", f">={dotted(OLDEST)}"]) if uv else None
    if answer:
        yield answer


def version_of(python: str) -> Tuple[int, ...]:
    """(3, 12), or () for something that is not a working Python."""
    answer = output_of([python, "-c", "import sys; print('%d %d' % sys.version_info[:2])"]) or ""
    return tuple(int(number) for number in answer.split())


def dotted(version: Tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)


def output_of(command: Command) -> Optional[str]:
    """What a command prints, or None if it fails, is missing, or takes longer than two minutes."""
    try:
        done = subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=120,
            env=environment(),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip()


def environment() -> Dict[str, str]:
    """This process's environment, without what would make an installer look or write elsewhere."""
    ours = dict(os.environ)
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX"):
        ours.pop(name, None)
    ours.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    return ours


# ---------------------------------------------------------------- what is installed


def install(root: Path, dev: bool) -> None:
    """Steps 2 to 5 of this file's description, for the checkout at `root`."""
    started = time.monotonic()
    venv = root / ".venv"
    if is_current(root, venv, dev):
        return
    make_venv(root, venv)
    lock = DEV_LOCK if dev else RUN_LOCK
    install_packages(root, venv, lock)
    write_stamp(venv, {"root": str(root), "lock": lock, "digest": digest(root, lock)})
    say(f"Ready after {time.monotonic() - started:.0f} s: {venv / 'bin' / 'crossdock'}")


def is_current(root: Path, venv: Path, dev: bool) -> bool:
    """Whether .venv was installed from exactly these files; an environment for development serves both uses."""
    stamp = read_stamp(venv)
    lock = stamp.get("lock", "")
    if stamp.get("root") != str(root) or lock not in ([DEV_LOCK] if dev else [DEV_LOCK, RUN_LOCK]):
        return False
    runs = all(os.access(str(venv / "bin" / name), os.X_OK) for name in ("python", "crossdock"))
    return runs and stamp.get("digest") == digest(root, lock)


def digest(root: Path, lock: str) -> str:
    """One hash of everything that decides what .venv holds."""
    whole = hashlib.sha256()
    for name in ("pyproject.toml", "deploy/bootstrap.py", BUILD_LOCK, lock):
        whole.update((root / name).read_bytes() + b"\0")
    return whole.hexdigest()


def read_stamp(venv: Path) -> Mapping[str, str]:
    try:
        stamp = json.loads((venv / "crossdock-stamp.json").read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(venv: Path, stamp: Mapping[str, str]) -> None:
    new = venv / "crossdock-stamp.new"
    new.write_text(json.dumps(stamp))
    new.replace(venv / "crossdock-stamp.json")


def make_venv(root: Path, venv: Path) -> None:
    """Leave a working environment at `venv`; one that works, and was made for this place, is kept."""
    moved = read_stamp(venv).get("root", str(root)) != str(root)
    if version_of(str(venv / "bin" / "python")) >= OLDEST and not moved:
        return
    if venv.exists():
        if not (venv / "pyvenv.cfg").is_file():
            raise Stop(f"{venv} is in the way and is no Python environment. Move it, and run this again.")
        say("The old .venv no longer works (its Python is gone or old, or the checkout was moved): making a new one.")
        shutil.rmtree(str(venv))
    say(f"[1/4] Making .venv with Python {dotted(sys.version_info[:2])}")
    command = [sys.executable, "-m", "venv", "--without-pip", str(venv)]
    if subprocess.run(command, check=False, env=environment()).returncode:
        raise Stop(
            "This Python cannot make an environment. Install its venv module (Debian, Ubuntu: apt install "
            "python3-venv),\nor name another Python: make PYTHON=/path/to/python3"
        )


# ---------------------------------------------------------------- who installs


def install_packages(root: Path, venv: Path, lock: str) -> None:
    """Install the locks and the checkout with the first installer that succeeds."""
    tried = ""
    for name, installer in installers(root, str(venv / "bin" / "python")):
        if tried:
            say(f"{tried} did not succeed; trying {name}.")
        tried = name
        if all(run_shown(f"{words} with {name}", installer + rest) for words, rest in stages(root, lock)):
            return
    if tried:
        raise Stop(f"{tried} could not install the packages: see above. Is a package index reachable?")
    raise Stop(
        "Nothing here can install packages: no uv, no working pip, and this Python carries none (no ensurepip).\n"
        "Install one of them and run this again:\n"
        "  Debian, Ubuntu: apt install python3-venv    (or python3-pip)\n"
        "  Fedora:         dnf install python3-pip\n"
        "  anywhere:       uv, a single file"
    )


def installers(root: Path, python: str) -> Iterator[Tuple[str, Command]]:
    """What can put packages into the environment of `python`: (name, command up to `install`).

    pip is also uv's second chance: it reads other settings, such as an index or a certificate of one's own.
    """
    uv = shutil.which("uv")
    if uv:
        yield "uv", [uv, "pip", "install", "--python", python]
    if has_pip(python) or put_pip(root, python):
        yield "pip", [python, "-m", "pip", "install", "--progress-bar", "off"]


def has_pip(python: str) -> bool:
    return output_of([python, "-m", "pip", "--version"]) is not None


def put_pip(root: Path, python: str) -> bool:
    """Give the environment its own pip: the one Python carries, or the locked one, fetched by any other pip."""
    if output_of([python, "-m", "ensurepip", "--default-pip"]) is not None and has_pip(python):
        return True
    site = output_of([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]) or ""
    # Into a named folder, for a named version: that works whatever Python the other pip itself runs under.
    words = ["install", "--target", site, "--python-version", dotted(version_of(python)), "--ignore-requires-python"]
    hashed = ["--only-binary", ":all:", "--no-deps", "--require-hashes", "-r", str(root / BUILD_LOCK)]
    for pip in other_pips():
        said = "This Python carries no pip; fetching it with " + " ".join(pip)
        if run_shown(said, [*pip, *words, *hashed, "--progress-bar", "off"]) and has_pip(python):
            shutil.rmtree(os.path.join(site, "bin"), ignore_errors=True)  # scripts for the other pip's Python
            return True
    return False


def other_pips() -> Iterator[Command]:
    """Every pip this machine offers, each once."""
    seen = [None]  # type: List[Optional[str]]
    commands = [[path] for path in map(shutil.which, ("pip3", "pip")) if path]
    for command in commands + [[python, "-m", "pip"] for python in (sys.executable, *pythons())]:
        version = output_of([*command, "--version"])  # names the folder it lies in as well
        if version not in seen:
            seen.append(version)
            yield command


def stages(root: Path, lock: str) -> List[Tuple[str, Command]]:
    """What is installed, in order: (words for a person, arguments after `install`).

    The build tools come first, so that the few packages without a wheel are built by locked tools (no build
    isolation) and not by whatever the index offers that day.
    """
    hashed = ["--require-hashes", "--no-build-isolation", "-r"]
    return [
        ("[2/4] Installing the build tools", [*hashed, str(root / BUILD_LOCK)]),
        (f"[3/4] Installing the packages of {lock}", [*hashed, str(root / lock)]),
        ("[4/4] Linking this checkout", ["--no-deps", "--no-build-isolation", "-e", str(root)]),
    ]


def run_shown(words: str, command: Command) -> bool:
    """Run one stage; uv shows its own progress, pip's lines are counted; its last words are shown if it fails."""
    say(words)
    if "--progress-bar" not in command:
        return subprocess.run(command, check=False, env=environment()).returncode == 0
    lines = []  # type: List[str]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        for line in running.stdout or []:
            lines.append(line.decode(errors="replace").rstrip())
            show_progress(lines)
    if running.returncode:
        say("\n".join(lines[-20:]))
    return running.returncode == 0


def show_progress(lines: List[str]) -> None:
    """Show how far pip is, by its last line: in place on a terminal, now and then in a log."""
    fetched = [line.split()[1].split(";")[0] for line in lines if line.startswith("Collecting ")]
    installing = lines[-1].startswith("Installing ")
    if not fetched or not (installing or lines[-1].startswith("Collecting ")):
        return
    shown = f"  {len(fetched)} packages fetched" + ("; installing them" if installing else f": {fetched[-1]}")
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + shown[:78] + ("\n" if installing else ""))
        sys.stderr.flush()
    elif installing or len(fetched) % 25 == 0:
        say(shown)


if __name__ == "__main__":
    sys.exit(main())
