"""A flow as its YAML says it: steps, what each waits for, and when it applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.language.document import Document, load, validate
from hub.language.expression import Expression, ExpressionError
from hub.language.functions import default_functions
from hub.language.problem import Problem, Problems
from hub.model.capability import CAPABILITIES
from hub.model.money import exponent

AWAITS = ("payment", "shipped", "delivered")
SCOPE = {"order", "group", "parcel", "payment", "inputs", "owners", "capture", "storefront", "parcels"}

FUNCTIONS = default_functions(exponent)

Per = Literal["order", "payment", "group", "parcel"]


class StepDeclaration(BaseModel):
    """One step. Exactly one of `capability` and `await` says what it does."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="unique in the flow; shown in the timeline")
    capability: str | None = Field(default=None, description="what is asked of a connection, such as payment.capture")
    awaits: Literal["payment", "shipped", "delivered"] | None = Field(
        default=None, alias="await", description="evidence from outside that the step waits for"
    )
    per: Per = Field(
        default="order", description="one step for the order, or one per payment, fulfilment group or parcel"
    )
    after: list[str] = Field(default=[], description="names of steps of the same subject that must be done first")
    when: str | None = Field(default=None, description="an expression; false skips the step")
    connection: str | None = Field(
        default=None,
        description="a connection's name; by default the payment's custodian, the group's, the storefront, the mailer",
    )
    kind: str | None = Field(
        default=None, description="of a notification: confirmation, shipped, delivered, refunded, cancelled"
    )
    undoes: str | None = Field(default=None, description="of a compensation: the capability whose effect it undoes")
    optional: bool = Field(default=False, description="skipped where the connection cannot do it, instead of held")
    tail: bool = Field(default=False, description="the order counts as completed without it")
    poll_seconds: float = Field(default=3600, ge=1, description="how often an awaited thing is asked for")
    deadline_seconds: float = Field(default=259200, ge=1, description="after this an awaited thing raises a hold")


class FlowDeclaration(BaseModel):
    """A flow: `trigger` is placed (an order became actionable), cancelled (the order was cancelled) or commanded."""

    model_config = ConfigDict(extra="forbid")

    flow: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    title: str
    trigger: Literal["placed", "cancelled", "commanded"]
    steps: list[StepDeclaration] = Field(min_length=1)


@dataclass(frozen=True)
class StepSpec:
    """A compiled step."""

    declared: StepDeclaration
    when: Expression | None

    @property
    def name(self) -> str:
        return self.declared.name

    def applies(self, scope: Mapping[str, Any]) -> bool:
        """Raises ExpressionError when `when` cannot be computed."""
        return self.when is None or bool(self.when.evaluate(scope))


@dataclass(frozen=True)
class Flow:
    name: str
    title: str
    trigger: str
    hash: str
    steps: tuple[StepSpec, ...]
    by_name: Mapping[str, StepSpec] = field(default_factory=dict)
    document: Document | None = field(default=None, compare=False, repr=False)  # where each of them stands


@dataclass(frozen=True)
class Rule:
    """One routing rule: the first whose `when` holds for a line says who ships it and how."""

    method: str
    connection: str | None = None
    location_id: str | None = None
    when: Expression | None = None

    def matches(self, scope: Mapping[str, Any]) -> bool:
        try:
            return self.when is None or bool(self.when.evaluate(scope))
        except ExpressionError:
            return False


def load_flow(path: Path) -> Flow:
    """A flow from its file. Raises Problems with everything that is wrong with it."""
    return compile_flow(load(path))


def compile_flow(document: Document) -> Flow:
    declared = validate(document, FlowDeclaration)
    problems: list[Problem] = []
    names = [step.name for step in declared.steps]
    specs = [_compile_step(document, index, step, names, problems) for index, step in enumerate(declared.steps)]
    if not problems:
        _refuse_circles(document, declared, problems)
    if problems:
        raise Problems(tuple(problems))
    by_name = {spec.name: spec for spec in specs}
    return Flow(declared.flow, declared.title, declared.trigger, document.hash, tuple(specs), by_name, document)


def _compile_step(
    document: Document, index: int, step: StepDeclaration, names: list[str], problems: list[Problem]
) -> StepSpec:
    place: tuple[str | int, ...] = ("steps", index)
    if (step.capability is None) == (step.awaits is None):
        problems.append(
            document.problem(place, "a step needs either capability or await", "name exactly one of the two")
        )
    if step.capability is not None and step.capability not in CAPABILITIES:
        known = ", ".join(sorted(CAPABILITIES))
        problems.append(
            document.problem(
                (*place, "capability"), f"no capability is called {step.capability!r}", f"use one of {known}"
            )
        )
    if step.undoes is not None and step.undoes not in CAPABILITIES:
        problems.append(
            document.problem((*place, "undoes"), f"no capability is called {step.undoes!r}", "name what it undoes")
        )
    if step.capability == "notification.send" and step.kind is None:
        problems.append(
            document.problem(place, "a notification needs a kind", "add kind: confirmation (or shipped, ...)")
        )
    if names.count(step.name) > 1:
        problems.append(document.problem((*place, "name"), f"two steps are called {step.name!r}", "rename one of them"))
    for position, name in enumerate(step.after):
        if name not in names:
            where = (*place, "after", position)
            problems.append(document.problem(where, f"no step is called {name!r}", f"use one of {', '.join(names)}"))
    when = None
    if step.when is not None:
        try:
            when = Expression.compile(step.when, document, (*place, "when"), functions=FUNCTIONS, names=SCOPE)
        except Problems as found:
            problems.extend(found.problems)
    return StepSpec(step, when)


def _refuse_circles(document: Document, declared: FlowDeclaration, problems: list[Problem]) -> None:
    after = {step.name: set(step.after) for step in declared.steps}
    while free := [name for name, needs in after.items() if not needs & after.keys()]:
        for name in free:
            del after[name]
    for index, step in enumerate(declared.steps):
        if step.name in after:
            what = f"{step.name!r} waits for itself through {', '.join(sorted(after[step.name]))}"
            problems.append(document.problem(("steps", index, "after"), what, "break the circle"))
