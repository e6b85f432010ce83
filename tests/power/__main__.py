"""Cuts the power of a recorded hub at many places and judges each disk that may be left. Exit 1 if a promise is broken.

--images N is how many disks, --seed S which orders, cuts and torn writes (threads still come in the machine's order, so
a seed is no replay: what breaks is kept in a folder, and said where). --planted hunts known bugs instead, to judge the
judge: exit 1 if one is not found. --json: counts as JSON in the last line.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from tests.power.bugs import PLANTED, hunt
from tests.power.campaign import Campaign, Offence, Tally
from tests.power.library import Unreachable
from tests.power.recorder import recorder

_PROGRESS_SECONDS = 10.0
_TOLD = 5  # so many offences are told and kept
_HUNT = 2000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.power", description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    try:
        recorder()
    except Unreachable as error:
        click.echo(str(error))
        return 2
    return _planted(asked.seed, asked.json) if asked.planted else _proof(asked.images, asked.seed, asked.json)


def _proof(images: int, seed: int, as_json: bool) -> int:
    began = shown = time.monotonic()
    campaign, told = Campaign(seed), 0
    for tally in campaign.run(images):
        for offence in tally.offences[told:_TOLD]:
            click.echo(f"{offence}\n  kept in {_kept(offence)}")
        told = len(tally.offences)
        if time.monotonic() - shown > _PROGRESS_SECONDS and not as_json:
            shown = time.monotonic()
            click.echo(_line(tally, shown - began))
    tally, seconds = campaign.tally, time.monotonic() - began
    click.echo(json.dumps(_figures(tally, seconds)) if as_json else _line(tally, seconds))
    return 1 if tally.offences else 0


def _planted(seed: int, as_json: bool) -> int:
    found: dict[str, Any] = {}
    for bug in PLANTED:
        tally = hunt(bug, seed, _HUNT)
        caught = bool(set(tally.kinds) & bug.shown)
        found[bug.name] = tally.offences[0].number if caught else None
        if not as_json:
            word = f"caught by image {found[bug.name]}: {', '.join(sorted(tally.kinds))}" if caught else "NOT CAUGHT"
            click.echo(f"{bug.name}: {word}")
    if as_json:
        click.echo(json.dumps(found))
    return 1 if None in found.values() else 0


def _kept(offence: Offence) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="crossdock-power-broken-"))
    for name, data in offence.image.files.items():
        (folder / name).write_bytes(data)
    return folder


def _line(tally: Tally, seconds: float) -> str:
    c = tally.counts
    broken = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.kinds.items())) or "nothing broken"
    return (
        f"{c['images']} images of {c['cuts']} cuts in {c['lives']} lives ({c['boot']} while a database was made, "
        f"{c['upgrade']} while one was upgraded, {c['second']} of a disk that was cut before; SQLite "
        f"{sqlite3.sqlite_version}); looked for {c['messages']} acknowledged messages, {c['intents']} intents, "
        f"{c['results']} results, {c['calls']} requests that had left ({c['acknowledged']}, {c['intended']} and "
        f"{c['settled']} different; {c['moments']} moments): {broken}; {seconds:.0f} s"
    )


def _figures(tally: Tally, seconds: float) -> dict[str, Any]:
    figures: dict[str, Any] = dict(tally.counts)
    return figures | {
        "broken": dict(tally.kinds),
        "offences": len(tally.offences),
        "sqlite": sqlite3.sqlite_version,
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
