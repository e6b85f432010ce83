"""The stand-in and the sender as commands: compiled where there is a C compiler, in Python where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent / "build" / "benchmarks"


def command(name: str, *, compiled: bool = True) -> list[str]:
    """How `standin` or `sender` is started. The compiled one takes an eighth of the CPU."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiled or compiler is None:
        return [sys.executable, str(HERE / "fallback" / f"{name}.py")]
    source, program = HERE / "native" / f"{name}.c", BUILT / name
    if not program.exists() or program.stat().st_mtime < newest(source.parent):
        BUILT.mkdir(parents=True, exist_ok=True)
        fresh = program.with_suffix(f".{os.getpid()}")  # others may be at it as well
        subprocess.run([compiler, "-O2", "-o", str(fresh), str(source)], check=True)
        fresh.replace(program)
    return [str(program)]


def newest(folder: Path) -> float:
    """When a file of the folder was last changed."""
    return max(file.stat().st_mtime for file in folder.iterdir())
