"""What a fuzz target is: bytes in, and an oracle that says whether what was done with them was right.

The same oracles are run by the coverage-guided fuzzer, by Hypothesis and over the kept findings, so nothing in here,
and in the targets themselves, needs the fuzzer to be installed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

SLOWEST_SECONDS = 2.0


class Violation(AssertionError):
    """A promise was broken: the message says which."""


def expect(holds: object, what: str) -> None:
    """Raises Violation unless `holds`."""
    if not holds:
        raise Violation(what)


@dataclass(frozen=True)
class Target:
    """One thing that hostile bytes are thrown at.

    `check` runs the oracle: it raises Violation, or whatever the tested code should not have raised. `refusals` is the
    closed set of exceptions by which the tested code may say no. `seeds` gives inputs to begin with, `words` pieces
    that the fuzzer may put in. One input may take `seconds` of processor time, so that a busy machine is no finding.
    """

    name: str
    about: str
    check: Callable[[bytes], None]
    refusals: tuple[type[Exception], ...] = ()
    seeds: Callable[[], Iterable[bytes]] = tuple
    words: tuple[bytes, ...] = ()
    longest_bytes: int = 4096
    seconds: float = SLOWEST_SECONDS

    @cached_property
    def all_seeds(self) -> tuple[bytes, ...]:
        """The seeds that the fuzzer would not cut, each once."""
        return tuple(dict.fromkeys(seed for seed in self.seeds() if len(seed) <= self.longest_bytes))

    def run(self, data: bytes) -> None:
        """One input. Whatever is raised is a finding."""
        begun = time.thread_time()
        with suppress(*self.refusals):
            self.check(data)
        spent = time.thread_time() - begun
        expect(spent <= self.seconds, f"{spent:.1f} s of processor time for {len(data)} bytes")
