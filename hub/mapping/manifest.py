"""The shape of a `mappings/<id>.yaml`: how one shape of payload becomes canonical facts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Formula = Annotated[str, StringConstraints(pattern=r"^= \S[\s\S]*$", max_length=4000)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Kind = Literal["order", "refund", "fulfillment", "evidence", "deleted"]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Setting(Part):
    """A fact about the shop that the mapping needs; connections may say it, `default` stands otherwise."""

    about: Words
    default: Any = None


class Requirement(Part):
    """What a payload must be like. One that is not is held, with this cause."""

    that: Formula = Field(description="An expression that must be true.")
    path: str = Field(default="", description="Where in the payload the fault lies.")
    what: Words = Field(description="What is wrong when it is not.")
    mend: Words = Field(description="What a person can do about it.")


class Facts(Part):
    """Further facts that the same payload tells: one for each element of `each`, which sees `item` and `index`."""

    produces: Literal["refund", "fulfillment"]
    each: Formula
    when: Formula | None = Field(default=None, description="Elements for which it is false tell nothing.")
    id: Formula
    version: Formula
    fields: dict[str, Any] = Field(description="The canonical adjustment or fulfilment event, by templates.")


class Balance(Part):
    """By how much the sums may miss the total before the order is flagged: what the source rounds."""

    tolerance_minor: int = Field(default=0, ge=0, description="Minor units, for the whole order.")
    tolerance_minor_per_line: int = Field(default=0, ge=0, description="Minor units more for each line.")


class Expected(Part):
    """What an example comes to. What is not named is not looked at; texts of problems need only be contained."""

    entities: list[dict[str, Any]] | None = None
    evidence: list[dict[str, Any]] | None = None
    problems: list[dict[str, str]] | None = None


class Example(Part):
    name: Words
    settings: dict[str, Any] = {}
    source: Any = Field(description="The payload.")
    expect: Expected


class MappingManifest(Part):
    """One mapping. Every text that begins with `= ` is an expression; its scope has `source` (the payload),
    `settings` (the connection's, with the defaults above), `tables`, and the names under `let`."""

    id: Name
    title: Words
    source: Name = Field(description="The platform whose payload it reads.")
    docs: str | None = None
    produces: Kind
    settings: dict[Variable, Setting] = {}
    tables: dict[Variable, dict[str, Any]] = Field(default={}, description="For lookup('name', key).")
    documents: Formula | None = Field(
        default=None, description="Where the payload wraps or lists the things: an expression for the list of them."
    )
    when: Formula | None = Field(default=None, description="Payloads for which it is false tell nothing.")
    require: list[Requirement] = []
    let: dict[Variable, Any] = Field(default={}, description="Values worked out first, in order, by name.")
    source_order_id: Formula | None = Field(default=None, description="Which order it is about.")
    entity_id: Formula | None = Field(default=None, description="The refund's or fulfilment's own id.")
    version: Formula | None = Field(
        default=None,
        description="A text that grows with every change; null where there is none, and the order is read anew.",
    )
    fields: dict[str, Any] = Field(default={}, description="The canonical document, by templates.")
    also: list[Facts] = []
    balance: Balance = Balance()
    examples: list[Example] = []
