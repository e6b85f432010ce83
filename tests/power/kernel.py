"""The same deeds as the kernel saw them: strace's account, read into the words of a tape."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.power.tape import Create, Delete, Event, Said, Sync, SyncFolder, Tape, Truncate, Write

Step = tuple[str | int, ...]  # what, of which name, and from where to where

# pid call(arguments) = answer; a descriptor is written as 4</path/of/the/file>
_CALL = re.compile(r"^\d+\s+(?P<call>\w+)\((?P<arguments>.*)\)\s+= (?P<answer>-?\d+)")
_CALLS = (
    "openat,write,pwrite64,pwritev,pwritev2,lseek,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat2,fallocate"
)


def traced(folder: Path, checkout: Path, told: Path) -> list[Step]:
    """Runs `tests.power.deeds` under strace. Skips where that cannot be."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: the record is not compared with the kernel's account")
    strace = ["strace", "-f", "-y", "-s", "16", "-e", f"trace={_CALLS}", "-o", str(told)]
    command = [*strace, sys.executable, "-m", "tests.power.deeds", str(folder)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode != 0 and "ptrace" in done.stderr.lower():
        pytest.skip(f"strace may not trace here: {done.stderr.splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    return list(_steps(told.read_text("utf-8", errors="replace").splitlines(), folder.resolve()))


def steps_of(tape: Tape) -> list[Step]:
    """The same of a recording."""
    names = dict(enumerate(tape.files, 1))
    return [_step(event, names) for event in tape.events]


def _step(event: Event, names: dict[int, str]) -> Step:
    if isinstance(event, Create):
        names[event.file] = event.name
        return ("create", event.name)
    if isinstance(event, Delete):
        return ("delete", event.name)
    if isinstance(event, Write):
        return ("write", names[event.file], event.offset, len(event.data))
    if isinstance(event, Truncate):
        return ("truncate", names[event.file], event.size)
    if isinstance(event, Sync):
        return ("sync", names[event.file])
    if isinstance(event, SyncFolder):
        return ("sync folder",)
    assert isinstance(event, Said)
    return ("acknowledged",)


def _steps(lines: list[str], folder: Path) -> Iterator[Step]:
    there: set[str] = set()
    places: dict[str, int] = {}
    for line in _whole(lines):
        found = _CALL.match(line)
        if found is None or int(found["answer"]) < 0:
            continue
        call, arguments = found["call"], found["arguments"]
        if call == "write" and "acknowledged" in arguments:
            yield ("acknowledged",)
        if call in ("fsync", "fdatasync") and f"<{folder}>" in arguments:
            yield ("sync folder",)
        named = re.search(rf"[<\"]{re.escape(str(folder))}/([^>\"/]+)[>\"]", arguments)
        if named is None or named[1].endswith(("-shm", ".lock")):
            continue
        name, last = named[1], arguments.rpartition(", ")[2]
        if call == "openat":
            if "O_CREAT" in arguments and name not in there:
                there.add(name)
                yield ("create", name)
        elif call in ("unlink", "unlinkat"):
            there.discard(name)
            yield ("delete", name)
        elif call == "lseek":
            places[name] = int(found["answer"])
        elif call == "write":
            yield ("write", name, places.get(name, 0), int(last))
        elif call == "pwrite64":
            yield ("write", name, int(last), int(found["answer"]))
        elif call == "ftruncate":
            yield ("truncate", name, int(last))
        elif call in ("fsync", "fdatasync"):
            yield ("sync", name)
        else:  # a call that no recording knows of
            yield (call, name)


def _whole(lines: list[str]) -> Iterator[str]:
    """A call that another thread's interrupted in the account counts where it returned."""
    begun: dict[str, str] = {}
    for line in lines:
        thread = line.partition(" ")[0]
        if line.endswith("<unfinished ...>"):
            begun[thread] = line.removesuffix("<unfinished ...>")
        elif (resumed := re.search(r"<\.\.\. \w+ resumed>", line)) is not None:
            yield begun.pop(thread, thread + " ") + line[resumed.end() :]
        else:
            yield line
