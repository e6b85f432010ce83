"""The shape of a `webhooks/<id>.yaml`: everything the front door must know of one source."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hub.webhook.secret import SecretForm
from hub.webhook.signature import Role, Scheme
from hub.webhook.verdict import Reason

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Formula = Annotated[str, StringConstraints(pattern=r"^= .+", max_length=2000)]
Kind = Literal["order", "refund", "fulfillment", "evidence", "deleted", "privacy", "ignore"]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Signature(Part):
    """How deliveries are signed."""

    scheme: Scheme
    headers: dict[Role, HeaderName] = Field(description="The header of each role that the scheme reads.")
    secret_form: SecretForm | None = Field(
        default=None, description="How the pasted secret becomes the key, where it is not what the scheme usually does."
    )
    secret_help: Words = Field(description="Where a merchant finds the secret.")


class Topic(Part):
    """What names the topic: a header, or an expression over the body (`source`)."""

    header: HeaderName | None = None
    body: Formula | None = None


class DeliveryId(Part):
    """What names one delivery, the same on every repeat: headers in order of preference, or an expression over the
    body (`source`). Where none of them is there, the body's digest stands in."""

    headers: tuple[HeaderName, ...] = ()
    body: Formula | None = None
    unique: bool = Field(
        default=True,
        description="false: the source gives the same id to different deliveries, so the body's digest is added.",
    )


class Binding(Part):
    """An unsigned header that must agree with a setting of the connection."""

    setting: Name | Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    header: HeaderName


class Ping(Part):
    """An unsigned request that is answered 200 and stored nowhere. Everything named here must hold exactly."""

    name: Name
    content_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")]
    body: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="The whole body; `{digits}` stands for one to twenty ASCII digits."
    )
    without_headers: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+\*?$")], ...] = Field(
        default=(), description="Headers that must be absent; a trailing * covers all that begin so."
    )


class Entry(Part):
    """What a topic means."""

    kind: Kind
    mapping: Name | None = Field(default=None, description="The mapping that reads the payload.")
    require: Formula | None = Field(
        default=None,
        description="Must be true of the body (`source`) and the connection's `settings`, else the delivery is "
        "refused: where the topic is not signed, this keeps one signed body from passing as another kind of event.",
    )
    former: bool = Field(default=False, description="A name of the past: understood where it comes, never asked for.")


class Expectation(Part):
    reason: Reason = Reason.VERIFIED
    topic: str | None = None
    delivery_id: str | None = None
    kind: str | None = None


class Example(Part):
    """A delivery and what must be made of it; run by the checks."""

    name: Words
    headers: dict[HeaderName, str]
    body: str
    secret: str = Field(description="Invented for the example.")
    now: int = Field(default=1_790_000_000, description="Epoch seconds at which it arrives.")
    settings: dict[str, Any] = Field(default_factory=dict)
    expect: Expectation


class WebhookManifest(Part):
    """One source of webhooks."""

    id: Name = Field(description="The file's name without .yaml.")
    title: Words
    docs: Annotated[str, StringConstraints(pattern=r"^https://")] | None = None
    by_hand: Words | None = Field(
        default=None,
        description="Where a person sets deliveries up, if connect cannot: {address} and {topics} are filled in.",
    )
    signature: Signature
    topic: Topic
    delivery_id: DeliveryId = DeliveryId()
    bindings: tuple[Binding, ...] = ()
    volatile: tuple[Key, ...] = Field(
        default=(), description="Fields at the top of the body that differ between repeats of one delivery."
    )
    pings: tuple[Ping, ...] = ()
    topics: dict[str, Entry] = Field(default_factory=dict)
    examples: tuple[Example, ...] = Field(min_length=1)
