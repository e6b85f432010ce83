"""`python -m benchmarks`: runs the order benchmark and prints its table.

python -m benchmarks                                      every system, every case
python -m benchmarks --systems crossdock --cases orders0  one of each
python -m benchmarks --json results.json                  also writes what was measured
python -m benchmarks --systems crossdock --cases orders0 --orders 5000 --pause 10
                                                          time to attach a profiler: the processes' ids are printed
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES, Terms, run
from benchmarks.chart import drawn
from benchmarks.results import Measured, joined, table
from benchmarks.standin import StandIn
from benchmarks.systems.every import SYSTEMS, USUAL
from benchmarks.systems.system import Failed


def main() -> int:
    """Runs what was asked for; 1 where a system did not come up."""
    told = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    terms = Terms(told.seconds, told.limit, told.orders, told.parallel, told.pause, _say)
    rounds: list[Measured] = []
    failed = False
    with StandIn() as providers:
        for _ in range(told.rounds):
            rounds.append({})
            for name, case in _asked(told):
                try:
                    rounds[-1].setdefault(name, {})[case] = _measure(name, case, terms, providers, told.keep)
                except Failed as error:
                    failed = True
                    _say(f"{name} {case}: did not come up\n{error}")
                _keep(told, rounds)
    sys.stdout.write(table(_keep(told, rounds)))
    return int(failed)


def _keep(told: argparse.Namespace, rounds: list[Measured]) -> dict[str, Any]:
    """Writes what is known so far, so that a run that is broken off was not for nothing; returns it."""
    kept = told.json if told.json and told.merge and told.json.exists() else None
    results = joined(rounds, json.loads(kept.read_text("utf-8"))["systems"] if kept else {})
    if told.json:
        told.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if told.chart:
        told.chart.write_text(drawn(results), encoding="utf-8")
    return results


def _asked(told: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Systems and cases in turn: what makes no calls has one case, and one case after the other keeps rivals apart by
    no more than seconds."""
    for case in told.cases:
        for name in told.systems:
            if SYSTEMS[name].calls or case == "acks":
                yield name, case


def _measure(name: str, case: str, terms: Terms, providers: StandIn, keep: bool) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        found = run(SYSTEMS[name], case, terms, providers, folder)
        _say(f"{name} {case}: {json.dumps(_short(found))}")
        return found
    finally:
        if keep:
            _say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _short(result: dict[str, Any]) -> dict[str, Any]:
    return {name: _rounded(value) for name, value in result.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return _short(value)
    return round(value, 2) if isinstance(value, float) else value


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=USUAL, metavar="NAME", help=", ".join(SYSTEMS))
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--seconds", type=float, default=5.0, help="how long the flood of `acks` lasts")
    parser.add_argument("--limit", type=float, default=30.0, help="seconds without a complete order that end a case")
    parser.add_argument("--orders", type=int, help="orders of a case, instead of what suits each system")
    parser.add_argument("--parallel", type=int, help="orders in hand at once, instead of what suits each case")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between a system's start and its load")
    parser.add_argument("--keep", action="store_true", help="leave each system's folder behind")
    parser.add_argument("--rounds", type=int, default=1, help="everything so often; the medians are told")
    parser.add_argument("--merge", action="store_true", help="leave in that file what is not measured this time")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw what was measured there, as SVG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
