"""A failing seed, boiled down to what it needs to fail, and told in order."""

from __future__ import annotations

from tests.simulation.result import Result
from tests.simulation.run import Run
from tests.simulation.terms import Terms

_TRIES = 40
_LINES = 160


def simulate(terms: Terms) -> Result:
    return Run(terms).go()


def smallest(terms: Terms, kinds: set[str]) -> Terms:
    """The mildest terms found under which the same kind of promise is still broken."""
    tries, found = 0, terms
    while True:
        for milder in found.milder():
            tries += 1
            if tries > _TRIES:
                return found
            if kinds & {violation.kind for violation in simulate(milder).violations}:
                found = milder
                break
        else:
            return found


def tell(terms: Terms, kinds: set[str]) -> str:
    """The story of a failing seed: under which terms, what happened to the orders concerned, and what was wrong."""
    least = smallest(terms, kinds)
    run = Run(least, keep=True)
    result = run.go()
    concerned = {violation.order for violation in result.violations if violation.order}
    lines = run.trace.story(concerned)
    left_out = len(lines) - _LINES
    shown = lines if left_out <= 0 else [*lines[: _LINES // 2], *lines[-_LINES // 2 :]]
    told = [f"seed {terms.seed}, boiled down to {least}", ""]
    told += [str(line) for line in shown[: _LINES // 2]]
    told += [f"  ... {left_out} lines more ..."] if left_out > 0 else []
    told += [str(line) for line in shown[_LINES // 2 :]]
    told += ["", *(f"  {violation}" for violation in result.violations)]
    return "\n".join(told)
