"""`python -m tests.simulation.planted`: every deliberate bug must be found. Exit 1 if one survives its seeds.

--bug NAME (again for more), --seeds N for each, --start N the first of them, --json for a line of JSON each.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from typing import Any

import click

from tests.postgres import postgres_server
from tests.simulation import ground
from tests.simulation.planted.catalogue import BUGS
from tests.simulation.planted.hunt import Catch, hunt


def main() -> int:
    asked = _asked()
    with ExitStack() as closing:
        if asked.postgres:
            closing.enter_context(ground.over(closing.enter_context(postgres_server()).url))
        catches = []
        names = asked.bug or [name for name, bug in BUGS.items() if asked.postgres or not bug.over_server]
        for bug in [BUGS[name] for name in names]:
            catch = hunt(bug, asked.seeds, asked.start)
            catches.append(catch)
            click.echo(json.dumps(_document(catch)) if asked.json else _line(catch))
    caught = sum(catch.seed is not None for catch in catches)
    if asked.json:
        click.echo(json.dumps({"caught": caught, "total": len(catches)}))
    else:
        click.echo(f"{caught}/{len(catches)} caught")
    return 0 if caught == len(catches) else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.planted", description=__doc__)
    parser.add_argument("--bug", action="append", choices=sorted(BUGS), metavar="NAME", help="only this one")
    parser.add_argument("--seeds", type=int, default=200, help="so many are tried for each bug")
    parser.add_argument("--start", type=int, default=1, help="the first of them")
    parser.add_argument("--postgres", action="store_true", help="over a PostgreSQL, with the bugs that only that has")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _line(catch: Catch) -> str:
    spent = f"{catch.seconds:.0f} s"
    unclean = f" (not clean without it: {catch.unclean})" if catch.unclean else ""
    if catch.seed is None:
        return f"{catch.bug.name:<36} SURVIVES {catch.seeds} seeds, {spent}: {catch.bug.idea}{unclean}"
    why = str(catch.violation).splitlines()[0][:150]
    return f"{catch.bug.name:<36} seed {catch.seed:<4} {spent:>5}  {', '.join(catch.kinds)}: {why}{unclean}"


def _document(catch: Catch) -> dict[str, Any]:
    return {
        "bug": catch.bug.name, "idea": catch.bug.idea, "behind": catch.bug.behind, "hint": catch.bug.hint,
        "seed": catch.seed, "kinds": list(catch.kinds), "why": str(catch.violation or "").splitlines()[:1],
        "seeds": catch.seeds, "unclean": catch.unclean, "seconds": round(catch.seconds, 1),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
