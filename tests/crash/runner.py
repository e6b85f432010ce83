"""Runs one case: a world and a hub are forked from this process, which has everything read and no thread of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.crash import hubprocess, worldprocess
from tests.crash.board import Board
from tests.crash.judge import Judged, judge
from tests.crash.lodge import Lodge
from tests.crash.point import Case, Event

_WALL_SECONDS = 40.0
_LOOK_SECONDS = 0.001
_LIVES = 8


@dataclass
class Ran:
    """What came of one case. `missed`: kills and faults that never came about."""

    case: Case
    events: list[Event] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    judged: Judged = field(default_factory=Judged)
    lives: int = 1
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        return bool(self.judged.violations)


class Runner:
    """One installation, one case after the other."""

    def __init__(self, lodge: Lodge) -> None:
        self._lodge, self._board = lodge, Board()

    def run(self, case: Case, expected: dict[str, int] | None = None) -> Ran:
        """`expected`: the effects that the undisturbed walk left behind, where this one must leave the same."""
        began = time.monotonic()
        self._lodge.clean()
        self._board.clear()
        lives, trouble = self._live_through(case)
        ran = Ran(case, lives=lives)
        lines = self._trace()
        ran.events = [Event(**line) for line in lines if "n" in line and "killed" not in line]
        ran.judged = judge(self._lodge, case, expected)
        ran.missed = self._missed(case, lines, faults=not ran.judged.spent)  # no fault befalls what is sent no more
        ran.judged.blame("defect", [line["defect"] for line in lines if "defect" in line])
        ran.judged.blame("trouble", trouble)
        ran.seconds = time.monotonic() - began
        return ran

    def _live_through(self, case: Case) -> tuple[int, list[str]]:
        lodge, board = self._lodge, self._board
        world = _fork(lambda: worldprocess.live(lodge, board, case))
        process, hub, end, trouble = 0, 0, time.monotonic() + _WALL_SECONDS, []
        while not board.over:
            if board.open and not hub and process < _LIVES:
                process += 1
                alive = process
                hub = _fork(lambda: hubprocess.live(lodge, board, case, alive))  # noqa: B023
            gone, status = os.waitpid(-1, os.WNOHANG)
            if gone == hub and gone:
                board.up, hub = 0, 0
                if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
                    trouble.append(f"the hub's process {process} ended by itself: {self._last_words()}")
                    break
            elif gone == world and gone and not board.over:
                trouble.append(f"the world ended by itself: {self._last_words()}")
                world = 0
                break
            if time.monotonic() > end:
                trouble.append(f"not at rest after {_WALL_SECONDS:g} s on the wall")
                break
            if not gone:
                time.sleep(_LOOK_SECONDS)
        for pid in filter(None, (hub, world)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        return process, trouble

    def _trace(self) -> list[dict[str, Any]]:
        if not self._lodge.trace.exists():
            return []
        return [json.loads(line) for line in self._lodge.trace.read_text().splitlines()]

    def _missed(self, case: Case, lines: list[dict[str, Any]], *, faults: bool) -> list[str]:
        killed = {(line["process"], line["who"], line["name"], line["n"], line["killed"])
                  for line in lines if "killed" in line}  # fmt: skip
        missed = [f"kill {k}" for k in case.kills if (k.process, *k.place, k.when) not in killed]
        journal = self._lodge.world / "faults.jsonl"
        struck = len(journal.read_text().splitlines()) if journal.exists() else 0
        if faults and struck < len(case.faults):
            missed.append(f"{len(case.faults) - struck} of {len(case.faults)} faults")
        return missed

    def _last_words(self) -> str:
        log = self._lodge.log
        return log.read_text(errors="replace")[-1500:] if log.exists() else "(it said nothing)"


def _fork(life: Callable[[], Any]) -> int:
    """The child's id. The child lives its life and never comes back here."""
    pid = os.fork()
    if pid:
        return pid
    try:
        life()
    except BaseException:  # whatever it was: it must not come back as a second runner
        traceback.print_exc(file=sys.stderr)
        sys.stderr.flush()
    os._exit(1)
