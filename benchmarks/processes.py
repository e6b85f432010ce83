"""What processes have used: CPU and memory, from /proc, children included."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def family(roots: Iterable[int]) -> list[int]:
    """The processes and all that descend from them and still run."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: set[int] = set()
    ahead = list(roots)
    while ahead:
        pid = ahead.pop()
        if pid not in found:
            found.add(pid)
            ahead += children.get(pid, [])
    return sorted(found)


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time of a family, those included that ended and were waited for."""
    total = 0
    for pid in family(roots):
        if (fields := _stat(pid)) is not None:
            total += sum(int(fields[at]) for at in (11, 12, 13, 14))
    return total / _TICK


def machine_seconds() -> tuple[float, float]:
    """CPU seconds of the whole machine since its start: (spent, spent and idle)."""
    fields = [int(field) for field in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / _TICK, sum(fields) / _TICK


def memory_mb(roots: Iterable[int]) -> float:
    """Resident memory of a family; pages that processes share are counted once."""
    return sum(_resident_kb(pid) for pid in family(roots)) / 1024


def _stat(pid: int) -> list[str] | None:
    """The fields after the command's name: state, parent, ..."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _resident_kb(pid: int) -> int:
    """Its proportional share where the kernel tells it, else all that is resident."""
    for name, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            for line in (_PROC / str(pid) / name).read_text().splitlines():
                if line.startswith(field):
                    return int(line.split()[1])
        except OSError:
            continue
    return 0
