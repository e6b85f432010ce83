"""What the flow engine is given: the other wings by their Protocols, and what the configuration says. Built by
assembly.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.flow.gap import Gap
from hub.flow.manifest import Flow, Rule, compile_flow
from hub.language.document import loads
from hub.model.book import Book, Standing
from hub.model.contract import Connectors, Notices, Store, Translator
from hub.model.step import Run

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
OBSERVE, APPROVE, LIVE = "observe", "approve", "live"
MODES = (OBSERVE, APPROVE, LIVE)


def always(connection: str) -> bool:
    return True


def since_ever() -> datetime:
    """Of a clock that nobody ever sets."""
    return _LONG_AGO


@dataclass(frozen=True)
class Owners:
    """Who does what for a storefront's orders: `hub`, `storefront` or `none`."""

    capture: str = "storefront"
    fulfill: str = "hub"
    mail: Mapping[str, str] = field(default_factory=dict)  # confirmation, shipped, delivered, refunded, cancelled

    def mails(self, kind: str) -> str:
        return self.mail.get(kind, "storefront")


@dataclass(frozen=True)
class Connection:
    """One configured connection, as far as the flow cares. Secrets stay with the connectors."""

    name: str
    connector: str
    live: bool = False  # the environment: live, or test
    mode: str = OBSERVE
    modes: Mapping[str, str] = field(default_factory=dict)  # capability -> a stricter mode
    settings: Mapping[str, Any] = field(default_factory=dict)
    owners: Owners = Owners()  # storefronts
    pull_mapping: str | None = None  # storefronts: the mapping of a document that was pulled
    fresh_for_seconds: float = 600.0  # storefronts
    capture: str = "before_shipping"  # storefronts: before_shipping, on_shipment, never
    origin: Mapping[str, Any] = field(default_factory=dict)  # carriers: where parcels leave from (a Destination)
    parcel: Mapping[str, Any] = field(default_factory=dict)  # carriers: default measures
    collects_cash: bool = False  # warehouses: can collect cash on delivery
    poll_seconds: float | None = None  # how often an awaited thing is asked for; None: as the flow says
    trust_balance: bool = True  # storefronts: False holds orders whose totals do not add up


@dataclass(frozen=True)
class Setting:
    """Everything a moment may look at beside the book. Live: secrets, settings and lookup tables; pinned: flows."""

    store: Store
    connectors: Connectors
    translator: Translator
    notices: Notices
    connections: Mapping[str, Connection]
    flows: Mapping[str, Flow]
    install_key: bytes
    mode: str = LIVE  # the install's; a connection's may only be stricter
    mail: str | None = None  # the connection that sends customer mail
    providers: Mapping[str, str] = field(
        default_factory=dict
    )  # payment provider kind -> connection (`stripe` -> `stripe-main`)
    routing: tuple[Rule, ...] = ()
    shop: Mapping[str, Any] = field(default_factory=dict)  # the merchant's name, sender, support address: for letters
    jitter: random.Random = field(default_factory=random.Random)
    steady_since: Callable[[], datetime] = since_ever  # the clock was started or set then; since, it only ran
    may_go_on: Callable[[str], bool] = always  # whether a worker may go on with a step that asks this connection
    gap: Gap | None = None  # what the books do not remember, where they are a backup
    pinned: dict[str, Flow] = field(default_factory=dict)  # by hash: flows of runs that began under an earlier text

    def flow_of(self, run: Run) -> Flow | None:
        """The flow as it was when the run began, from the text kept by hash; None where nobody has it any more."""
        today = self.flows.get(run.flow)
        if today is not None and today.hash == run.declaration:
            return today
        if run.declaration not in self.pinned:
            text = self.store.declaration(run.declaration)
            if text is None:
                return None
            self.pinned[run.declaration] = compile_flow(loads(text, f"{run.flow} as it was"))
        return self.pinned[run.declaration]

    def standing(self, book: Book, connection: str) -> Standing:
        """Of a connection: as the moment sees it that changes this book, or else as it is now."""
        return book.standing(connection) if book.standing is not None else self.store.standing(connection)

    def mode_of(self, connection: str, capability: str) -> str:
        """The strictest of the install's, the connection's and the capability's mode."""
        found = self.connections.get(connection)
        modes = [self.mode]
        if found is not None:
            modes += [found.mode, found.modes.get(capability, LIVE)]
        return min(modes, key=MODES.index)
