"""The document `connectors/<name>/connector.yaml`: everything the hub must know of one provider.

These models say what the document may hold; `hub.connector.rules` what must hold between its parts, and
`hub.connector.operation` makes it ready to run. Wherever a field is called a *template*, a text that begins with `= `
is an expression.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from hub.connector.authspec import Auth, NoAuth
from hub.connector.words import (
    Duration,
    HeaderName,
    Name,
    Part,
    Status,
    Template,
    one_or_more,
)
from hub.language.problem import Mendable
from hub.language.schema import publish
from hub.model.capability import Safety
from hub.model.outcome import Verdict


class Api(Part):
    """The provider's API version that was read, and the day it ends, if the provider says one."""

    version: str
    sunset: date | None = None

    @field_validator("sunset", mode="before")
    @classmethod
    def _day(cls, value: object) -> object:
        try:
            return date.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            raise Mendable("this is not a day", "write it as 2027-01-31") from None


class Setting(Part):
    """One thing a connection is told: asked for by `crossdock connect`, held in `hub.yaml`."""

    title: str
    where: str | None = None  # where a person finds it
    type: Literal["text", "integer", "decimal", "boolean", "choice", "table", "list"] = "text"
    choices: list[str] | None = None
    pattern: str | None = None  # of a text; a regular expression the whole value must match
    default: Any = None
    optional: bool = False


class Secret(Part):
    """One credential. Only a reference to it is ever written down."""

    title: str
    where: str | None = None
    optional: bool = False


class Budget(Part):
    """How fast the provider lets itself be called, and in which header it says to wait."""

    calls: int = Field(default=10, gt=0)
    per: Duration = 1.0
    burst: int | None = Field(default=None, gt=0)  # how many at once; `calls` when not given
    retry_after: str = "retry-after"
    longest_wait: Duration = 1.0  # a call waits this long for its turn, holding a worker, before it is put off


class Breaker(Part):
    """After so many failures in a row the connection holds its calls instead of failing them."""

    failures: int = Field(default=10, gt=0)
    opens_for: Duration = 30.0


class Timeouts(Part):
    connect: Duration = 5.0
    total: Duration = 30.0


class Retry(Part):
    """What may be tried again is tried again: so often, so long, so patiently."""

    tries: int = Field(default=8, gt=0)
    age: Duration = 259200.0
    backoff: Duration = 2.0
    cap: Duration = 900.0


Word = Literal["done", "refused", "not_executed", "busy", "unknown", "duplicate", "auth", "held"]


class Row(Part):
    """One line of an outcome table: what an answer that fits means. The first that fits wins."""

    status: Annotated[list[Status], BeforeValidator(one_or_more)] = Field(default_factory=list)
    when: Template = None
    then: Word
    code: Template = None
    message: Template = None
    retry_after: Template = None  # seconds
    result: dict[str, Template] | None = None  # instead of the operation's

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.then)


class SafetySpec(Part):
    """How a mutating operation happens once. The class says which of the other keys apply."""

    cls: Safety = Field(alias="class")
    header: HeaderName | None = None  # key: where it rides
    field: str | None = None  # key: the same, in a JSON or form body
    lifetime: Duration | None = None  # key
    replays_errors: bool = False  # key
    replayed: Template = None  # key: true when the answer is a stored one
    find: str | None = None
    settles_within: Duration = 30.0
    index_lag: Duration = 0.0
    complete: bool = False
    max_sends: int = Field(default=3, gt=0)


class GraphQL(Part):
    query: str
    variables: dict[str, Template] = Field(default_factory=dict)


class Body(Part):
    """Exactly one of these."""

    json_: Template = Field(default=None, alias="json")
    form: dict[str, Template] | None = None
    xml: dict[str, Template] | None = None
    graphql: GraphQL | None = None


class Pages(Part):
    """How a list goes on. `page` in the request is what `next` gave: null on the first page, and null ends the list."""

    next: Template = None
    style: Literal["value", "url", "link"] = "value"
    limit: int = Field(default=20, gt=0, le=1000)


class Also(Part):
    """A further question: GET, or a POST where it has a body. A change asks it while its request is prepared."""

    path: str
    query: dict[str, Template] = Field(default_factory=dict)
    body: Body | None = None


class Refusal(Part):
    """Input that this provider cannot serve: a person is asked before anything is sent."""

    when: Template
    what: str
    mend: str


class ExampleAnswer(Part):
    status: int = 200
    headers: dict[str, str] = Field(default_factory=dict)
    json_: Any = Field(default=None, alias="json")
    text: str | None = None


class ExampleRequest(Part):
    """What must be sent. Keys that are left out are not compared; headers need only be among those sent."""

    method: str | None = None
    path: str | None = None
    query: dict[str, Any] | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    json_: Any = Field(default=None, alias="json")
    form: dict[str, str] | None = None
    variables: dict[str, Any] | None = None  # of a GraphQL request
    text: str | None = None
    prepared: Any = None  # hatch: what `prepare` must give


class ExampleOutcome(Part):
    verdict: Word | None = None
    result: dict[str, Any] | None = None
    code: str | None = None
    retry_after_seconds: Decimal | int | None = None
    replayed: bool | None = None
    cannot_prepare: str | None = None  # part of the reason


class Example(Part):
    """Run by `crossdock check`: this input sends this request, and this answer means this outcome."""

    name: str
    input: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    request: ExampleRequest | None = None
    answer: ExampleAnswer | None = None
    answers: list[ExampleAnswer] | None = None  # several pages, in order
    also: dict[str, ExampleAnswer] = Field(default_factory=dict)  # to the further questions
    outcome: ExampleOutcome


class OperationSpec(Part):
    """One capability served: a request, and what its answers mean. With `hatch`, Python beside it serves instead."""

    hatch: bool = False
    scopes: list[str] = Field(default_factory=list)  # permissions that the credentials need for it
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = None
    path: str | None = None
    query: dict[str, Template] = Field(default_factory=dict)
    headers: dict[HeaderName, Template] = Field(default_factory=dict)
    body: Body | None = None
    answer: Literal["json", "xml", "form", "text"] = "json"
    refuse: list[Refusal] = Field(default_factory=list)
    safety: SafetySpec | None = None
    pages: Pages | None = None
    also: dict[Name, Also] = Field(default_factory=dict)
    outcomes: list[Row] = Field(default_factory=list)
    result: dict[str, Template] = Field(default_factory=dict)
    timeouts: Timeouts | None = None
    retry: Retry | None = None
    examples: list[Example] = Field(default_factory=list)


class Manifest(Part):
    name: Name
    title: str
    docs: str = Field(pattern=r"^https://")
    api: Api
    about: str | None = None
    settings: dict[Name, Setting] = Field(default_factory=dict)
    secrets: dict[Name, Secret] = Field(default_factory=dict)
    tables: dict[Name, dict[str, Any]] = Field(default_factory=dict)  # for lookup('name', key) in any template
    test_credentials: Template = None  # true when the given settings and secrets are the provider's test ones
    base_url: str | None = None
    sdk: str | None = None  # the distribution a hatch uses
    # Several: the first whose `when` holds and whose secrets the connection has.
    auth: Annotated[list[Auth], BeforeValidator(one_or_more)] = Field(default=[NoAuth(type="none")])
    headers: dict[HeaderName, Template] = Field(default_factory=dict)
    budget: Budget = Budget()
    breaker: Breaker = Breaker()
    timeouts: Timeouts = Timeouts()
    retry: Retry = Retry()
    show: list[str] = Field(default_factory=list)  # answer fields that logs may show, beyond the harmless ones
    outcomes: list[Row] = Field(default_factory=list)  # for all operations, after their own rows
    operations: dict[str, OperationSpec] = Field(min_length=1)


def json_schema() -> dict[str, Any]:
    """The JSON Schema that lets an editor complete and check a `connector.yaml`."""
    schema = publish(Manifest, "connector", "How one provider is asked and what its answers mean.")
    for holder, key in ((schema, "auth"), (schema["$defs"]["Row"], "status")):
        listed = holder["properties"][key]
        listed["anyOf"] = [listed["items"], {"type": listed.pop("type"), "items": listed.pop("items")}]
    return schema
