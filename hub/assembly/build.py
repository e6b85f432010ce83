"""From what was read to what runs: connections, translator, letters, doors, sweeps and the flow's setting."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.assembly.catalogue import Catalogue
from hub.assembly.config import ConnectionPart, RoutePart, SweepPart
from hub.assembly.doors import Door
from hub.assembly.install import Install
from hub.assembly.judge import FUNCTIONS, RULE_SCOPE, given_settings
from hub.connector.connection import Clock, Connection, TransportFactory, http
from hub.connector.pool import Connections
from hub.flow.gap import Gap
from hub.flow.manifest import Rule
from hub.flow.setting import Connection as FlowConnection
from hub.flow.setting import Owners, Setting, since_ever
from hub.language.document import Document
from hub.language.expression import Expression
from hub.mapping.translator import Translations
from hub.model.contract import Store
from hub.notice.notices import TemplateNotices
from hub.reconcile.sweep import Source as Sweep
from hub.vault.keys import InstallKey
from hub.vault.store import Vault


@dataclass(frozen=True)
class Surroundings:
    """What is not read from files and may be a simulation's own: the way out, the connectors' time, the jitter."""

    transport: TransportFactory = http
    connector_clock: Clock | None = None
    jitter: random.Random | None = None
    steady_since: Callable[[], datetime] = since_ever
    gap: Gap | None = None


@dataclass(frozen=True)
class Built:
    """One reading of the installation, ready to run."""

    install: Install
    setting: Setting
    connections: Connections
    translator: Translations
    notices: TemplateNotices
    doors: Mapping[str, Door]
    storefronts: Mapping[str, Sweep]  # whatever can list its orders
    swept: frozenset[str]  # those that are listed on a schedule


def build(
    install: Install, vault: Vault, key: InstallKey, store: Store, around: Surroundings, before: Built | None = None
) -> Built:
    """`before`: an earlier reading, whose connections go on (with their budgets and breakers) where they did not
    change."""
    catalogue, config = install.catalogue, install.config
    connections = Connections(connections_of(install, vault, around, before))
    translator = Translations(catalogue.mappings)
    shop = config.hub.shop.model_dump(exclude_none=True)
    notices = TemplateNotices(_letters(install), shop)
    setting = Setting(
        store=store,
        connectors=connections,
        translator=translator,
        notices=notices,
        connections={name: flow_connection(name, part, catalogue) for name, part in config.connections.items()},
        flows=catalogue.flows,
        install_key=key.identity,
        mode=config.hub.mode,
        mail=config.hub.mail,
        providers=config.hub.payments,
        routing=tuple(_rule(install.document, index, rule) for index, rule in enumerate(config.routing)),
        shop=shop,
        jitter=around.jitter or random.Random(),  # noqa: S311 - spreads retries, hides nothing
        steady_since=around.steady_since,
        gap=around.gap,
    )
    swept = frozenset(name for name, part in config.connections.items() if part.sweep != "off")
    return Built(install, setting, connections, translator, notices, _doors(install), _storefronts(install), swept)


def flow_connection(name: str, part: ConnectionPart, catalogue: Catalogue) -> FlowConnection:
    """A connection as far as the flow cares."""
    return FlowConnection(
        name=name,
        connector=part.connector or "",
        live=part.env == "live",
        mode=part.mode,
        modes=part.modes,
        settings=given_settings(catalogue.connector_of(part), part.settings),
        owners=Owners(
            part.owners.capture,
            part.owners.fulfill,
            {str(kind): str(owner) for kind, owner in part.owners.mail.items()},
        ),
        pull_mapping=catalogue.pull_mapping(part),
        fresh_for_seconds=part.fresh_for_seconds,
        capture=part.capture,
        origin=part.origin.model_dump(mode="json", exclude_none=True) if part.origin else {},
        parcel=part.parcel.model_dump(exclude_none=True),
        collects_cash=part.collects_cash,
        poll_seconds=part.poll_seconds,
        trust_balance=part.trust_balance,
    )


def connections_of(
    install: Install, vault: Vault, around: Surroundings | None = None, before: Built | None = None
) -> list[Connection]:
    """Every connection that has a connector; those of `before` that did not change go on as they are."""
    around = around or Surroundings()
    made = []
    for name, part in install.config.connections.items():
        connector = install.catalogue.connector_of(part)
        if connector is None:
            continue
        account = install.account(name)
        known = before.connections.get(name) if before else None
        if known is not None and known.account == account and known.connector.hash == connector.hash:
            made.append(known)
            continue
        keep = _Keeper(vault, name, part)
        made.append(Connection(connector, account, vault.resolve, around.transport, around.connector_clock, keep))
    return made


def hang_up(connections: Iterable[Connection]) -> None:
    """Closes what these connections keep open; they may be used again."""
    for connection in connections:
        close = getattr(connection.transport, "close", None)
        if close is not None:
            close()


class _Keeper:
    """Stores a secret that the provider rotated (a refresh token) where the connection's reference finds it."""

    def __init__(self, vault: Vault, connection: str, part: ConnectionPart) -> None:
        self._vault, self._connection, self._references = vault, connection, part.secrets

    def __call__(self, name: str, value: str) -> None:
        reference = self._references.get(name, "")
        if reference.startswith("${secret:"):
            self._vault.put(reference.removeprefix("${secret:").removesuffix("}"), value)


def _rule(document: Document, index: int, part: RoutePart) -> Rule:
    when = None
    if part.when is not None:
        place = ("routing", index, "when")
        when = Expression.compile(part.when, document, place, functions=FUNCTIONS, names=RULE_SCOPE)
    return Rule(part.method, part.connection, part.location, when)


def _letters(install: Install) -> Path | None:
    folder = install.home.folder / install.config.hub.templates
    return folder if folder.is_dir() else None


def _doors(install: Install) -> dict[str, Door]:
    catalogue = install.catalogue
    found = {}
    for name, part in install.config.connections.items():
        source = catalogue.source_of(part)
        if source is not None and part.webhook is not None:
            settings = given_settings(catalogue.connector_of(part), part.settings)
            found[name] = Door(name, source, tuple(part.webhook.secrets), settings)
    return found


def _storefronts(install: Install) -> dict[str, Sweep]:
    found = {}
    for name, part in install.config.connections.items():
        mapping = install.catalogue.pull_mapping(part)
        if mapping is None or not install.catalogue.lists_orders(part):
            continue
        settings = given_settings(install.catalogue.connector_of(part), part.settings)
        pace = SweepPart() if part.sweep == "off" else part.sweep
        found[name] = Sweep(name, mapping, settings, pace.every_seconds, pace.overlap_seconds)
    return found
