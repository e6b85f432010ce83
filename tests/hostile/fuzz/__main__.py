"""Throws hostile bytes at everything that reads what others write, guided by coverage. Exit 1 on a finding.

The targets take turns, one process at a time. What was learnt, and the bytes of every finding, lie in the folder of
--corpus; without it, in a new one that is named in the end. `--list` says what there is to be fuzzed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

import click

from tests.hostile.fuzz.campaign import Result, run
from tests.hostile.fuzz.roster import TARGETS

SECONDS = 20.0


def main() -> int:
    asked = _asked()
    if asked.list:
        for target in TARGETS.values():
            click.echo(f"{target.name:12} {target.about} ({len(target.all_seeds)} seeds)")
        return 0
    if importlib.util.find_spec("atheris") is None:
        click.echo("the fuzzer is not installed: install what requirements-fuzz.lock names", err=True)
        return 2
    folder = Path(asked.corpus or tempfile.mkdtemp(prefix="crossdock-fuzz-")).resolve()
    results: list[Result] = []
    for turn in range(asked.rounds):
        for name in asked.target or TARGETS:
            results.append(run(TARGETS[name], asked.seconds, folder))
            click.echo(f"[{turn + 1}/{asked.rounds}] {results[-1]}", err=asked.json)
    _say(results, folder, asked.json)
    return 0 if all(result.clean for result in results) else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="this one alone; may be repeated")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each target and round (%(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="how often the targets take their turns (%(default)s)")
    parser.add_argument("--corpus", metavar="DIR", help="where to keep what was learnt, and the findings")
    parser.add_argument("--list", action="store_true", help="the targets")
    parser.add_argument("--json", action="store_true", help="the counts as JSON; progress goes to standard error")
    return parser.parse_args()


def _say(results: list[Result], folder: Path, as_json: bool) -> None:
    """The line of counts."""
    counts = {
        "targets": len({result.target for result in results}),
        "executions": sum(result.executions for result in results),
        "seconds": round(sum(result.seconds for result in results)),
        "findings": sum(not result.clean for result in results),
    }
    if as_json:
        found = [
            {"target": one.target, "what": one.what, "bytes": str(one.finding) if one.finding else None}
            for one in results
            if not one.clean
        ]
        click.echo(json.dumps({**counts, "folder": str(folder), "found": found}))
        return
    click.echo(f"kept in {folder}")
    click.echo(", ".join(f"{count:,} {name}" for name, count in counts.items()))


if __name__ == "__main__":
    sys.exit(main())
