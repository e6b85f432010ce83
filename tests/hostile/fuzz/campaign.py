"""One run of one target: writes its seeds and words down, starts the fuzzer, and reads what came of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.hostile.fuzz.target import Target

MEMORY_MEGABYTES = 2048
STUCK_SECONDS = 120  # by the clock: a hang that computes is noticed by its processor time much earlier
_UNITS = re.compile(r"stat::number_of_executed_units:\s+([0-9]+)")
_COVERED = re.compile(r"\bcov: ([0-9]+)")
_RAISED = re.compile(r"=== Uncaught Python exception: ===\n(.+)")


@dataclass(frozen=True)
class Result:
    """What one run did. `finding` is the file with the bytes, `what` the first line of what was wrong."""

    target: str
    executions: int
    covered: int
    seconds: float
    finding: Path | None
    what: str

    @property
    def clean(self) -> bool:
        return not self.what

    def __str__(self) -> str:
        line = f"{self.target:12} {self.executions:>9,} executions  {self.covered:>5} covered  {self.seconds:>5.0f} s"
        if self.clean:
            return line
        kept = f"\n    bytes kept in {self.finding}" if self.finding else ""
        return f"{line}  FINDING: {self.what}{kept}"


def run(target: Target, seconds: float, folder: Path) -> Result:
    """Fuzzes for so long. `folder` keeps the corpus and the findings from run to run."""
    learnt, findings, planted = folder / "corpus" / target.name, folder / "findings", folder / "seeds" / target.name
    for one in (learnt, findings, planted):
        one.mkdir(parents=True, exist_ok=True)
    for seed in target.all_seeds:
        (planted / sha256(seed).hexdigest()[:24]).write_bytes(seed)
    words = folder / f"{target.name}.words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
    options = [
        f"-max_total_time={max(round(seconds), 1)}", f"-max_len={target.longest_bytes}", f"-timeout={STUCK_SECONDS}",
        f"-rss_limit_mb={MEMORY_MEGABYTES}", f"-artifact_prefix={findings / target.name}-", "-print_final_stats=1",
        "-reload=0", f"-report_slow_units={STUCK_SECONDS}", *([f"-dict={words}"] if target.words else []),
    ]  # fmt: skip
    begun, before = time.monotonic(), set(findings.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.fuzz.child", _place(target), *options, str(learnt), str(planted)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=Path(__file__).resolve().parents[3],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    (folder / f"{target.name}.log").write_text(said, encoding="utf-8")
    new = sorted(set(findings.iterdir()) - before)
    what = _wrong(said, done.returncode) if done.returncode or new else ""
    return Result(
        target.name, _last(_UNITS, said), _last(_COVERED, said), time.monotonic() - begun, new[0] if new else None, what
    )


def _place(target: Target) -> str:
    """Where a target stands, as "module:name": beside its oracle."""
    module = sys.modules[target.check.__module__]
    return f"{module.__name__}:{next(name for name, value in vars(module).items() if value is target)}"


def _wrong(said: str, code: int) -> str:
    raised = _RAISED.search(said)
    if raised:
        return raised[1].strip()[:300]
    lines = [line for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "ERROR: " in line or "Error: " in line] or lines
    return f"it ended with {code}: {telling[-1].strip()[:300] if telling else 'nothing said'}"


def _last(pattern: re.Pattern[str], said: str) -> int:
    found = pattern.findall(said)
    return int(found[-1]) if found else 0


def _escaped(word: bytes) -> str:
    return "".join(chr(one) if 32 <= one < 127 and one not in b'"\\' else f"\\x{one:02x}" for one in word)
