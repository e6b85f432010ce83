"""The shape of `hub.yaml`, the one file that says what an installation does. Its manual is `config/hub.yaml`.

No secret is ever in it: where one is needed stands a reference (`${secret:name}`, `${env:NAME}`, `${file:/path}`).
What must hold between its parts, and between it and the declarations it names, is judged in `hub.assembly.judge`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hub.language.problem import Mendable
from hub.language.secret import SecretReference
from hub.model.order import Destination, When

FILE = "hub.yaml"

Mode = Literal["observe", "approve", "live"]
Owner = Literal["hub", "storefront", "none"]
MailKind = Literal["confirmation", "shipped", "delivered", "refunded", "cancelled"]
Method = Literal["warehouse", "self", "pickup", "digital", "storefront", "none"]

_TARGET = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253})(:[0-9]{1,5})?")
_REFERENCE = re.compile(r"\$\{(env|file|secret):[^{}]+\}")
_BIND = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]{1,253}):([0-9]{1,5})")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host by this name or address."""
    bare = host.strip("[]")
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost"


def _bind(text: str) -> str:
    match = _BIND.fullmatch(text)
    if match is None or int(match[2]) > 65535:
        raise Mendable(f"'{text}' is no address to listen on", "write HOST:PORT, such as 127.0.0.1:8480 or [::1]:8480")
    return text


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or plain) or parts.query or parts.fragment or parts.username:
        raise Mendable("this is no address that providers can deliver to", "write https://HOST, or null for none")
    return text.rstrip("/")


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise Mendable("this is no base address of an API", "write https://HOST or https://HOST/PATH")
    return text.rstrip("/")


def _target(text: str) -> str:
    if not _TARGET.fullmatch(text):
        raise Mendable(f"'{text}' names no target", "write a host or HOST:PORT, such as 10.0.0.5:8443")
    return text.lower()


EMBEDDED, NO_QUEUE = "sqlite", "none"


def _service(text: str, what: str, none: str, schemes: tuple[str, ...], example: str, variable: str) -> str:
    """What names a database or a queue: the word for none, its URL without a password, or a reference to one."""
    if text == none or _REFERENCE.fullmatch(text):
        return text
    parts = urlsplit(text)
    if parts.scheme not in schemes:
        raise Mendable(f"this names no {what}", f"write {none}, {example}, or a reference such as ${{env:{variable}}}")
    if parts.password:
        mend = f"put the whole URL into the environment: ${{env:{variable}}}"
        raise Mendable("a password stands here in clear", mend)
    return text


def _queue(text: str) -> str:
    return _service(text, "queue", NO_QUEUE, ("redis", "rediss", "unix"), "redis://HOST:6379/0", "REDIS_URL")


def store_named(text: str) -> str:
    """What may stand as `store`. Raises Mendable."""
    example = "postgresql://USER@HOST/DATABASE"
    return _service(text, "store", EMBEDDED, ("postgresql", "postgres"), example, "DATABASE_URL")


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Formula = Annotated[str, Field(pattern=r"^= .+", max_length=4000)]
Seconds = Annotated[float, Field(gt=0, le=366 * 24 * 3600)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Shop(Part):
    """The merchant, as customers' letters name him."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    url: str | None = None
    logo_url: str | None = None
    address: str | None = Field(default=None, description="on one line")
    colour: str | None = Field(default=None, pattern=r"^#[0-9a-fA-F]{6}$")
    locale: str | None = Field(default=None, description="such as de-DE; for orders that do not say their own")
    language: str | None = Field(default=None, description="of your own letters that lie in no language's folder")
    timezone: str | None = Field(default=None, description="such as Europe/Berlin; days in letters are days there")


class HubPart(Part):
    """The installation as a whole."""

    mode: Mode = Field(
        default="live", description="no connection may do more than this; observe stops every change at once"
    )
    public_url: Annotated[str, AfterValidator(_public_url)] | None = Field(
        default=None, description="where providers reach this hub; without one it lives by sweeping alone"
    )
    bind: Annotated[str, AfterValidator(_bind)] = "127.0.0.1:8480"
    behind_proxy: bool = Field(
        default=False, description="a proxy that speaks TLS stands in front; needed to bind publicly"
    )
    threads: int = Field(default=32, ge=1, le=256, description="requests answered at once")
    workers: int = Field(default=24, ge=1, le=64, description="steps worked on at once, most of which wait for answers")
    data: str = Field(default="data", min_length=1, description="folder of the database, relative to this file")
    vault: str = Field(default="vault", min_length=1, description="folder of the install key and the encrypted secrets")
    templates: str = Field(default="templates", min_length=1, description="folder of your own customer letters")
    mail: Name | None = Field(default=None, description="the connection that sends customer mail")
    payments: dict[Word, Name] = Field(default={}, description="kind of payment account -> connection")
    shop: Shop = Shop()


class RoutePart(Part):
    """Who ships a line: the first rule whose `when` holds decides."""

    when: Formula | None = Field(default=None, description="over `line` and `order`; a rule without it always holds")
    method: Method
    connection: Name | None = None
    location: str | None = Field(default=None, description="the location's id at the warehouse")


class WebhookPart(Part):
    """What a connection's deliveries are verified with."""

    source: Word | None = Field(default=None, description="a file of webhooks/; by default the connector's name")
    secrets: list[SecretReference] = Field(
        min_length=1, max_length=8, description="all active ones; a rotation has two"
    )


class OwnersPart(Part):
    """Who does what for this storefront's orders. Each customer message has one sender."""

    capture: Owner = "storefront"
    fulfill: Owner = "hub"
    mail: dict[MailKind, Owner] = Field(default={}, description="a message that is not named is the storefront's")


class SweepPart(Part):
    """Listing a storefront's orders on a schedule: what no webhook told is found here."""

    every_seconds: Seconds = 300.0
    overlap_seconds: Seconds = Field(
        default=3600.0, description="each sweep looks back this much further than the last"
    )


class TimingPart(Part):
    """Where this connection differs from what its connector's manifest says."""

    connect_seconds: Seconds | None = None
    total_seconds: Seconds | None = None
    settles_within_seconds: float | None = Field(default=None, ge=0)
    index_lag_seconds: float | None = Field(default=None, ge=0)
    key_life_seconds: Seconds | None = None
    backoff_seconds: Seconds | None = None
    backoff_cap_seconds: Seconds | None = None
    max_tries: int | None = Field(default=None, ge=1, le=1000)
    max_age_seconds: Seconds | None = None
    calls_per_second: float | None = Field(default=None, gt=0)
    breaker_failures: int | None = Field(default=None, ge=1)
    breaker_opens_for_seconds: Seconds | None = None


class ParcelPart(Part):
    """What a parcel measures where nothing says otherwise."""

    weight_grams: int | None = Field(default=None, gt=0)
    length_mm: int | None = Field(default=None, gt=0)
    width_mm: int | None = Field(default=None, gt=0)
    height_mm: int | None = Field(default=None, gt=0)


class ConnectionPart(Part):
    """One account at one provider."""

    connector: Word | None = Field(default=None, description="a folder of connectors/; none: it only delivers webhooks")
    env: Literal["live", "test"] = Field(default="test", description="test orders and live ones never meet")
    mode: Mode = "observe"
    modes: dict[str, Mode] = Field(default={}, description="capability -> a stricter mode")
    base_url: Annotated[str, AfterValidator(_base_url)] | None = None
    settings: dict[str, Any] = Field(default={}, description="what the connector's manifest asks for")
    secrets: dict[str, SecretReference] = Field(default={}, description="name in the manifest -> reference")
    webhook: WebhookPart | None = None
    private_targets: list[Annotated[str, AfterValidator(_target)]] = Field(
        default=[], description="hosts in a private network that this connection may call, and no other may"
    )
    ca_file: str | None = Field(default=None, description="certificates to trust instead of the system's, PEM")
    timing: TimingPart = TimingPart()
    # storefronts
    act_from: When | None = Field(
        default=None, description="orders placed earlier are history; by default the first start"
    )
    owners: OwnersPart = OwnersPart()
    capture: Literal["before_shipping", "on_shipment", "never"] = "before_shipping"
    sweep: SweepPart | Literal["off"] = SweepPart()
    pull_mapping: Word | None = Field(default=None, description="reads a pulled order; by default the connector's own")
    fresh_for_seconds: Seconds = Field(
        default=600.0, description="an order read longer ago is read again before it acts"
    )
    trust_balance: bool = Field(default=True, description="false: orders whose sums do not add up wait for a person")
    # warehouses and carriers
    poll_seconds: Seconds | None = Field(default=None, description="how often an awaited thing is asked for")
    origin: Destination | None = Field(default=None, description="where parcels leave from")
    parcel: ParcelPart = ParcelPart()
    collects_cash: bool = Field(default=False, description="can collect cash on delivery")


class KeepPart(Part):
    """How long what is over stays in the books. Then it goes into files of `data/archive`; null: it stays for ever."""

    messages_days: int | None = Field(default=None, ge=1, description="bodies of messages, once their orders are over")
    orders_days: int | None = Field(default=None, ge=1, description="orders that are over, from their last change on")


class HubConfig(Part):
    """What `hub.yaml` may hold."""

    hub: HubPart = HubPart()
    store: Annotated[str, AfterValidator(store_named)] = Field(
        default=EMBEDDED, description="sqlite: a file in hub.data, for one process; or a PostgreSQL database for many"
    )
    queue: Annotated[str, AfterValidator(_queue)] = Field(
        default=NO_QUEUE, description="none: who serves also works; or a Valkey or Redis that wakes `crossdock worker`s"
    )
    keep: KeepPart = KeepPart()
    routing: list[RoutePart] = []
    connections: dict[Name, ConnectionPart] = {}

    def bind(self) -> tuple[str, int]:
        """Host (without brackets) and port to listen on."""
        host, _, port = self.hub.bind.rpartition(":")
        return host.strip("[]"), int(port)
