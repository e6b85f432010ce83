"""Somebody who reads a page and types what it says: its commands one by one, at a terminal, answering what is asked."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import CHECKOUT

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
_ASKED = re.compile(r"([^\r\n]*[^\r\n\s]): $")
# A terminal of its own, so that what asks for a password can ask. The fork is this small program's, not the test's.
_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
_MOST_QUESTIONS = 60


def commands(page: Path, heading: str) -> list[str]:
    """The commands of a section, as they are written; a line that begins with "> " goes on with the one before."""
    parts = re.split(r"^#+ (.+)$\n", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    found: list[str] = []
    for block in _BLOCK.findall(sections[heading]):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(line[2:])
            elif line.startswith("> ") and found:
                found[-1] += "\n" + line[2:]
    return found


@dataclass(frozen=True)
class Said:
    """What a command showed and how it ended."""

    text: str
    code: int


@dataclass
class Reader:
    """Types commands in a folder; a `cd` lasts, and a hub that serves goes on in another terminal.

    `answers`: part of a question -> what is typed; what is not listed gets Enter. `more`: what is typed behind a
    command that begins so, such as where the sandbox is. `codes`: the ends that are well where they are not 0, by the
    command's beginning.
    """

    folder: Path
    answers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Sequence[str]] = field(default_factory=dict)
    codes: Mapping[str, frozenset[int]] = field(default_factory=dict)
    seconds: float = 60.0
    environment: dict[str, str] = field(default_factory=dict)
    _serving: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        around = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        # The checkout is on the path as an installed wheel's code is: no test needs the command to be installed.
        self.environment |= around | {"PATH": path, "PYTHONPATH": str(CHECKOUT), "TERM": "xterm", "COLUMNS": "120"}

    def type(self, command: str, before: Callable[[str], None] = lambda command: None) -> Said:
        """Types one command and waits for its end. Raises AssertionError where it ends as it should not."""
        before(command)
        if command.startswith("cd "):
            self.folder = self.folder / command[3:]
            return Said("", 0)
        if command.startswith("crossdock serve"):
            self._serving.append(self._serve(command))
            return Said("", 0)
        said = self._converse(" ".join((command, *self._added(command))))
        allowed = next((codes for start, codes in self.codes.items() if command.startswith(start)), {0})
        assert said.code in allowed, f"$ {command}\n{said.text}\n(ended with {said.code})"
        return said

    def stop(self) -> list[int]:
        """Stops what serves; how each ended."""
        for process in self._serving:
            process.terminate()
        return [process.wait(timeout=30) for process in self._serving]

    def _added(self, command: str) -> Sequence[str]:
        return next((words for start, words in self.more.items() if command.startswith(start)), ())

    def _serve(self, command: str) -> subprocess.Popen[bytes]:
        log = (self.folder / "served.txt").open("ab")
        with log:
            return subprocess.Popen(
                ["bash", "-c", f"exec {command}"], cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )

    def _converse(self, command: str) -> Said:
        words = [sys.executable, "-c", _TERMINAL, "bash", "-c", command]
        with subprocess.Popen(
            words, cwd=self.folder, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            try:
                text = self._listen(process)
                return Said(text, process.wait(timeout=5))
            finally:
                process.kill()

    def _listen(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdin
        assert process.stdout
        end, told, heard, questions = time.monotonic() + self.seconds, "", "", 0
        with selectors.DefaultSelector() as ears:
            ears.register(process.stdout, selectors.EVENT_READ)
            while time.monotonic() < end:
                if not ears.select(0.2):
                    continue
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    return told + heard
                heard += _COLOURS.sub("", chunk.decode("utf-8", "replace"))
                asked = _ASKED.search(heard)
                if asked is None:
                    continue
                questions += 1
                assert questions < _MOST_QUESTIONS, f"it asks and asks:\n{(told + heard)[-2000:]}"
                told, heard = told + heard, ""
                process.stdin.write((self._answer(asked[1]) + "\n").encode())
                process.stdin.flush()
        raise AssertionError(f"no end within {self.seconds} s:\n{(told + heard)[-2000:]}")

    def _answer(self, question: str) -> str:
        return next((answer for part, answer in self.answers.items() if part in question), "")
