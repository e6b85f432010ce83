"""Makes .venv and installs Crossdock into it, with nothing but Python's standard library.

    python3 deploy/bootstrap.py          what running the hub needs
    python3 deploy/bootstrap.py --dev    what testing and changing it needs as well

1. Find a Python of 3.11 or later; this one, or another that is installed.
2. Stop here, within a fraction of a second, if .venv already holds what the lock files name.
3. Make .venv, without pip: Debian's Python cannot put pip there unless python3-venv is installed.
4. Install from the lock files, hashes required, with the first of these that works:
   uv; the pip of .venv; any other pip that can install into a foreign environment.
5. Install the checkout itself, as a link, and leave a stamp for step 2.

Any Python since 3.6 can read this file, so that an old one can say which one is needed. That is why
its annotations are spelt the old way.
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
from typing import Dict, Iterator, List, Optional, Tuple

OLDEST = (3, 11)
OLDEST_PIP = (22, 3)  # the first with --python, which installs into an environment that has no pip
ROOT = Path(__file__).resolve().parent.parent
BUILD_LOCK = "requirements-build.lock"
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
        say("\n" + str(stop))
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
            os.execv(candidate, [candidate, str(Path(__file__).resolve())] + sys.argv[1:])
    raise Stop(
        "Crossdock needs Python {0}.{1} or later; this is {2}.{3} and no later one is on the PATH.\n"
        "Install one (Debian, Ubuntu: apt install python3; macOS: brew install python; anywhere: uv python install)\n"
        "and run this again, or name it: make PYTHON=/path/to/python3".format(*(OLDEST + sys.version_info[:2]))
    )


def pythons() -> Iterator[str]:
    """Every Python that the PATH or uv offers, the latest first."""
    found = {}  # type: Dict[Tuple[int, ...], str]
    for folder in os.get_exec_path():
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            match = re.fullmatch(r"python(?:3(?:\.(\d+))?)?", name)
            if match:
                found.setdefault((int(match.group(1) or 0), len(found)), os.path.join(folder, name))
    for key in sorted(found, reverse=True):
        yield found[key]
    uv = shutil.which("uv")
    if uv:
        wanted = ">={}.{}".format(*OLDEST)
        answer = output_of([uv, "python", "find", "--no-python-downloads", wanted])
        if answer:
            yield answer


def version_of(python: str) -> Tuple[int, ...]:
    """(3, 12), or () for something that is not a working Python."""
    answer = output_of([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    return numbers(answer or "")


def numbers(text: str) -> Tuple[int, ...]:
    """The first two numbers of a version: (23, 0) of "pip 23.0.1 from ..."."""
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match.group(1)), int(match.group(2))) if match else ()


def output_of(command: Command) -> Optional[str]:
    """What a command prints, or None if it fails, is missing, or takes longer than half a minute."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=30,
            env=environment(),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


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
    locks = [BUILD_LOCK, DEV_LOCK if dev else RUN_LOCK]
    run_first_that_works(root, venv, locks)
    stamp = {"root": str(root), "locks": locks, "digest": digest(root, locks)}
    write_stamp(venv, stamp)
    say("Ready after {:.0f} s: {}".format(time.monotonic() - started, venv / "bin" / "crossdock"))


def is_current(root: Path, venv: Path, dev: bool) -> bool:
    """Whether .venv was installed from exactly these files; an environment for development serves both uses."""
    stamp = read_stamp(venv)
    locks = stamp.get("locks", [])
    if stamp.get("root") != str(root) or (dev and DEV_LOCK not in locks):
        return False
    runs = all(os.access(str(venv / "bin" / name), os.X_OK) for name in ("python", "crossdock"))
    return runs and stamp.get("digest") == digest(root, locks)


def digest(root: Path, locks: List[str]) -> str:
    """One hash of everything that decides what .venv holds."""
    whole = hashlib.sha256()
    for name in ["pyproject.toml", "deploy/bootstrap.py"] + locks:
        path = root / name
        whole.update(path.read_bytes() if path.is_file() else b"absent")
        whole.update(b"\0")
    return whole.hexdigest()


def read_stamp(venv: Path) -> Dict[str, List[str]]:
    try:
        stamp = json.loads((venv / "crossdock-stamp.json").read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(venv: Path, stamp: Dict[str, object]) -> None:
    new = venv / "crossdock-stamp.new"
    new.write_text(json.dumps(stamp))
    new.replace(venv / "crossdock-stamp.json")


def make_venv(root: Path, venv: Path) -> None:
    """Leave a working environment at `venv`; one that works, and was made here, is kept."""
    made_elsewhere = read_stamp(venv).get("root", str(root)) != str(root)
    if version_of(str(venv / "bin" / "python")) >= OLDEST and not made_elsewhere:
        return
    if venv.exists():
        if not (venv / "pyvenv.cfg").is_file():
            raise Stop("{} is in the way and is no Python environment. Move it, and run this again.".format(venv))
        say("The old .venv no longer works (its Python is gone or old, or the checkout was moved): making a new one.")
        shutil.rmtree(str(venv))
    say("[1/4] Making .venv with Python {}.{}".format(*sys.version_info[:2]))
    done = subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], env=environment())
    if done.returncode:
        raise Stop(
            "This Python cannot make an environment. Install its venv module (Debian, Ubuntu: apt install python3-venv)\n"
            "or uv, or name another Python: make PYTHON=/path/to/python3"
        )


# ---------------------------------------------------------------- who installs


def run_first_that_works(root: Path, venv: Path, locks: List[str]) -> None:
    """Install the locks and the checkout with the first installer that succeeds."""
    tried = []  # type: List[str]
    for name, installer in installers(str(venv / "bin" / "python")):
        if tried:
            say("{} did not succeed; trying {}.".format(tried[-1], name))
        tried.append(name)
        if all(run_shown(root, name, words, installer + arguments) for words, arguments in stages(root, locks)):
            return
    if tried:
        raise Stop("{} could not install the packages: see above. Is a package index reachable?".format(tried[-1]))
    raise Stop(
        "Nothing here can install packages: no uv, no pip, and this Python was built without ensurepip.\n"
        "Install one of them and run this again:\n"
        "  Debian, Ubuntu: apt install python3-venv   (or python3-pip)\n"
        "  Fedora:         dnf install python3-pip\n"
        "  anywhere:       uv, a single file"
    )


def installers(python: str) -> Iterator[Tuple[str, Command]]:
    """Name and command of what can put packages into the environment of `python`: uv, then the first pip found.

    pip is a second chance for uv (it reads other settings: an index of one's own, a proxy); a second pip is none for pip.
    """
    uv = shutil.which("uv")
    if uv:
        yield "uv", [uv, "pip", "install", "--python", python]
    if output_of([python, "-m", "pip", "--version"]) or put_pip(python):
        yield "pip", [python, "-m", "pip", "install"]
        return
    for pip in foreign_pips():
        if numbers(output_of(pip + ["--version"]) or "") >= OLDEST_PIP:
            yield " ".join(pip), pip + ["--python", python, "install"]
            return


def put_pip(python: str) -> bool:
    """Give the environment its own pip from the one that Python carries, where it does."""
    return output_of([python, "-m", "ensurepip", "--default-pip"]) is not None


def foreign_pips() -> Iterator[Command]:
    yield [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        path = shutil.which(name)
        if path:
            yield [path]
    for python in pythons():
        yield [python, "-m", "pip"]


def stages(root: Path, locks: List[str]) -> List[Tuple[str, Command]]:
    """What is installed, in order: (words for a person, arguments after `install`).

    The build tools come first, so that the few packages without a wheel are built by locked tools
    (no build isolation) and not by whatever the index offers that day.
    """
    hashed = ["--require-hashes", "--no-build-isolation"]
    build, use = (hashed + ["-r", str(root / lock)] for lock in locks)
    linked = ["--no-deps", "--no-build-isolation", "-e", str(root)]
    return [
        ("[2/4] Installing the build tools", build),
        ("[3/4] Installing the packages of {}".format(locks[1]), use),
        ("[4/4] Linking this checkout", linked),
    ]


def run_shown(root: Path, name: str, words: str, command: Command) -> bool:
    """Run one stage; uv shows its own progress, pip's lines are counted; its last words are shown if it fails."""
    say("{} with {}".format(words, name))
    if name == "uv":
        return subprocess.run(command, cwd=str(root), env=environment()).returncode == 0
    running = subprocess.Popen(
        command + ["--progress-bar", "off"],
        cwd=str(root),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert running.stdout is not None
    lines = [show_progress(line.decode(errors="replace").rstrip()) for line in running.stdout]
    if running.wait():
        say("\n".join(lines[-20:]))
    return running.returncode == 0


def show_progress(line: str) -> str:
    """Show what pip is doing, in place on a terminal; `line` is returned for the record."""
    words = line.split()
    if words and words[0] in ("Collecting", "Building", "Installing") and len(words) > 1:
        what = "Installing the packages" if words[0] == "Installing" else line.split(" (from")[0].split(";")[0]
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K  " + what[:70])
            sys.stderr.write("\n" if words[0] == "Installing" else "")
            sys.stderr.flush()
        elif words[0] == "Installing":
            say("  " + what)
    return line


if __name__ == "__main__":
    sys.exit(main())
