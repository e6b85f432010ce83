"""Looks for planted bugs: seed after seed until one breaks a promise that it keeps without the bug."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cache

from tests.simulation import ground
from tests.simulation.house import plan
from tests.simulation.pace import PACES
from tests.simulation.planted.registry import Bug
from tests.simulation.result import Violation
from tests.simulation.run import Run
from tests.simulation.terms import Terms


@dataclass
class Catch:
    """`seed`: the first that shows the bug, None where it survived; `unclean`: seeds that fail without it, too."""

    bug: Bug
    seed: int | None = None
    violation: Violation | None = None
    kinds: tuple[str, ...] = ()
    unclean: list[int] = field(default_factory=list)
    seeds: int = 0
    seconds: float = 0.0


def hunt(bug: Bug, seeds: int, start: int = 1) -> Catch:
    """The bug is found where a run breaks a kind of promise that the same run without the bug keeps."""
    prepare()
    catch, began = Catch(bug), time.process_time()
    for seed in range(start, start + seeds):
        terms, catch.seeds = bug.terms(seed), catch.seeds + 1
        with bug.plant():
            found = Run(terms, hasty=True).go().violations
        if not found:
            continue
        broken = without(terms)
        if broken:
            catch.unclean.append(seed)
        new = [violation for violation in found if violation.kind not in broken]
        if new:
            catch.seed, catch.violation = seed, new[0]
            catch.kinds = tuple(dict.fromkeys(violation.kind for violation in new))
            break
    catch.seconds = time.process_time() - began
    return catch


def without(terms: Terms) -> frozenset[str]:
    """The kinds of promises that the engine as it is breaks under these terms. None, as long as it is right."""
    return _without(terms, ground.current())


@cache
def _without(terms: Terms, under: Hashable) -> frozenset[str]:
    return frozenset(violation.kind for violation in Run(terms).go().violations)


def prepare() -> None:
    """Reads the installations before anything is planted, so that no bug gets into what all runs share."""
    for tempo in PACES:
        plan(tempo)
