"""Runs the demo at a terminal and draws what it showed: one moment of the live table, and the verdict.

$ .venv/bin/python docs/media/record.py        # writes docs/media/demo.svg
"""
# ruff: noqa: INP001 - a script beside the pictures it makes

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COMMAND = ("crossdock", "demo", "--faults", "rough", "--seed", "1")
TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
WIDTH = 84
# What a live table writes before it draws itself anew: back to the line's begin, line by line erased upwards.
REDRAWN = re.compile(r"(?:\r|\x1b\[2K|\x1b\[1A|\x1b\[\?25[lh])+")
COUNTED = "Counted from the sandbox's ledgers"
THEME = TerminalTheme(
    (28, 26, 23),
    (233, 229, 220),
    [(28, 26, 23), (240, 113, 120), (126, 200, 152), (240, 190, 100), (120, 170, 230), (200, 150, 230),
     (110, 200, 205), (233, 229, 220)],
    [(130, 125, 115), (255, 135, 140), (145, 220, 170), (255, 210, 120), (140, 190, 250), (215, 165, 245),
     (130, 220, 225), (255, 255, 255)],
)  # fmt: skip
# The reader's own monospaced letters: nothing is fetched from anywhere.
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def watch() -> str:
    """Everything the command wrote. Raises CalledProcessError where its verdict is not a good one."""
    words = [sys.executable, "-c", TERMINAL, sys.executable, "-m", "hub.cli.main", *COMMAND[1:]]
    around = os.environ | {"COLUMNS": str(WIDTH), "LINES": "40", "TERM": "xterm-256color"}
    return subprocess.run(words, env=around, stdout=subprocess.PIPE, check=True).stdout.decode("utf-8")


def moments(written: str) -> tuple[str, str]:
    """A frame of the live table when about half of the orders were completed, and the verdict."""
    live, _, rest = written.partition(COUNTED)
    frames = [frame.strip("\n") for frame in REDRAWN.split(live.replace("\r\n", "\n")) if "placed" in frame]
    return frames[_half(frames)], COUNTED + rest.replace("\r\n", "\n")


def _half(frames: list[str]) -> int:
    counts = [re.search(r"completed\D+?(\d+)", Text.from_ansi(frame).plain) for frame in frames]
    completed = [int(found[1]) if found else 0 for found in counts]
    return next(i for i, count in enumerate(completed) if count >= completed[-1] / 2)


def draw(frame: str, verdict: str, into: Path) -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "bright_black"), (" ".join(COMMAND), "bold")))
    console.print(Text.from_ansi(frame))
    console.print(Text("⋮", "bright_black"))
    console.print(Text.from_ansi(verdict.rstrip("\n")))
    console.print()  # or the last line loses its descenders
    drawn = console.export_svg(title="crossdock demo", theme=THEME, unique_id="demo")
    drawn = FONTS.sub("", drawn).replace("Fira Code", "ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono")
    into.write_text(re.sub(r"[ \t]+$", "", drawn, flags=re.MULTILINE).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    draw(*moments(watch()), Path(__file__).parent / "demo.svg")
