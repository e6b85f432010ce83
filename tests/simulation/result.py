"""What came of one seed."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulation.terms import Terms


@dataclass(frozen=True)
class Violation:
    """A broken promise: `kind` in a word, the hub's key of the order, and why."""

    kind: str
    order: str
    why: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.order} {self.why}"


@dataclass(frozen=True)
class Result:
    """`steps` are durable or wire events of the engine; `seconds` are virtual."""

    terms: Terms
    hash: str
    orders: int
    steps: int
    calls: int
    faults: int
    seconds: float
    violations: tuple[Violation, ...] = ()
    states: dict[str, int] = field(default_factory=dict)
    cells: dict[tuple[str, str], int] = field(default_factory=dict)  # (fault, state of a step) -> how often, if counted
