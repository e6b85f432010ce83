"""`make simulate`: seeds one after the other, with progress; the first that fails tells its story. Exit 1 if any did.

--seed N runs one seed twice and compares; --seeds N runs so many from --start on; --seconds N stops after so long.
--jobs N plays so many seeds at once, each on a core. The last line's path is a hash of all the paths that were taken.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from hashlib import blake2b

import click

from tests.postgres import postgres_server
from tests.simulation import ground
from tests.simulation.coverage import table
from tests.simulation.result import Result
from tests.simulation.run import Run
from tests.simulation.story import simulate, tell

_PROGRESS_SECONDS = 10.0
_STORIES = 3  # so many failing seeds are told; the others are only named


def main() -> int:
    asked = _asked()
    with ExitStack() as closing:
        if asked.postgres:
            asked.url = closing.enter_context(postgres_server()).url
            ground.settle_on(asked.url)
        return _one(asked.seed) if asked.seed is not None else _many(asked)


def _many(asked: argparse.Namespace) -> int:
    began = shown = time.monotonic()
    total: Counter[str] = Counter()
    failed: list[int] = []
    cells: Counter[tuple[str, str]] = Counter()
    path = blake2b(digest_size=8)
    for result in _results(asked):
        path.update(result.hash.encode())
        cells.update(result.cells)
        _count(total, result)
        if result.violations:
            failed.append(result.terms.seed)
            _report(result, told=len(failed) <= _STORIES)
        if time.monotonic() - shown > _PROGRESS_SECONDS:
            shown = time.monotonic()
            _say(total, failed, shown - began)
    if asked.coverage:
        click.echo(table(cells))
    if failed:
        click.echo("failing seeds: " + " ".join(map(str, failed)))
    _say(total, failed, time.monotonic() - began, path.hexdigest())
    return 1 if failed else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed, twice: its story if it fails, and whether it repeats")
    parser.add_argument("--seeds", type=int, default=None, help="how many")
    parser.add_argument("--start", type=int, default=1, help="the first of them")
    parser.add_argument("--seconds", type=float, default=None, help="begin no new seed after so long")
    parser.add_argument(
        "--coverage", action="store_true", help="what befell the hub in which state of a step, at the end"
    )
    parser.add_argument("--jobs", type=int, default=1, help="so many seeds at once")
    parser.add_argument("--postgres", action="store_true", help="over a PostgreSQL, with what only a server does")
    asked = parser.parse_args()
    if asked.seeds is None and asked.seconds is None:
        asked.seeds = 100
    return asked


def _results(asked: argparse.Namespace) -> Iterator[Result]:
    """In the order of the seeds, however many are played at once."""
    if asked.jobs == 1:
        yield from (_play(seed, count=asked.coverage) for seed in _seeds(asked))
        return
    begin = partial(ground.settle_on, asked.url) if asked.postgres else None
    with ProcessPoolExecutor(asked.jobs, initializer=begin) as pool:
        waiting: deque[Future[Result]] = deque()
        for seed in _seeds(asked):
            waiting.append(pool.submit(_play, seed, count=asked.coverage))
            if len(waiting) > 2 * asked.jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _seeds(asked: argparse.Namespace) -> Iterator[int]:
    began, seed = time.monotonic(), asked.start
    while asked.seeds is None or seed < asked.start + asked.seeds:
        if asked.seconds is not None and time.monotonic() - began >= asked.seconds:
            return
        yield seed
        seed += 1


def _play(seed: int, *, count: bool) -> Result:
    return Run(ground.terms(seed), count=count).go()


def _one(seed: int) -> int:
    first, second = simulate(ground.terms(seed)), simulate(ground.terms(seed))
    click.echo(first.terms)
    click.echo(f"hash {first.hash}, {first.orders} orders, {first.steps} steps, {first.seconds:.0f} s: {first.states}")
    if first.hash != second.hash:
        click.echo(f"NOT THE SAME PATH TWICE: {second.hash}")
        return 1
    if first.violations:
        click.echo(tell(first.terms, {violation.kind for violation in first.violations}))
    return 1 if first.violations else 0


def _count(total: Counter[str], result: Result) -> None:
    total.update(
        seeds=1, orders=result.orders, steps=result.steps, calls=result.calls, faults=result.faults,
        violations=len(result.violations), **{f"{state}": count for state, count in result.states.items()},
    )  # fmt: skip


def _report(result: Result, *, told: bool) -> None:
    click.echo(f"\nseed {result.terms.seed} breaks {len(result.violations)} promises:")
    for violation in result.violations[:10]:
        click.echo(f"  {violation}")
    if told:
        click.echo(tell(result.terms, {violation.kind for violation in result.violations}) + "\n")


def _say(total: Counter[str], failed: list[int], seconds: float, path: str = "") -> None:
    """One line with the counts. A step is a durable or a wire event of the engine."""
    each = ", ".join(f"{count} {name}" for name, count in total.items())
    rate = total["orders"] / seconds * 60 if seconds else 0.0
    click.echo(f"{each}; {len(failed)} failed; {rate:.0f} orders a minute" + (f"; path {path}" if path else ""))


if __name__ == "__main__":
    sys.exit(main())
