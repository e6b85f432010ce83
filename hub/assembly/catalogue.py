"""The declarations, read: connectors, webhooks, mappings and flows, with every problem of all of them at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from hub.assembly.config import ConnectionPart, HubConfig
from hub.assembly.shelf import Kind, Shelves
from hub.connector.load import Connector
from hub.connector.load import load as load_connector
from hub.connector.plugin import FILE as HATCH_FILE
from hub.connector.plugin import sdk_version
from hub.flow.manifest import Flow, load_flow
from hub.language.decode import canonical_json
from hub.language.document import Document
from hub.language.document import load as load_document
from hub.language.problem import Problem, Problems, suggestion
from hub.mapping.load import Mapping as OrderMapping
from hub.mapping.load import load as load_mapping
from hub.model.effect import digest_of
from hub.webhook.load import load_source
from hub.webhook.source import Source

T = TypeVar("T")

NEEDED_FLOWS = ("fulfil-order", "cancel-order", "refund-order")


@dataclass(frozen=True)
class Catalogue:
    """What was read, by name. `problems` are those of every file that could not be."""

    shelves: Shelves
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    mappings: Mapping[str, OrderMapping] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def connector_of(self, connection: ConnectionPart) -> Connector | None:
        return self.connectors.get(connection.connector or "")

    def source_of(self, connection: ConnectionPart) -> Source | None:
        return self.sources.get(source_name(connection) or "")

    def pull_mapping(self, connection: ConnectionPart) -> str | None:
        """The mapping of a connection's pulled orders; None where it cannot be asked for orders, or nothing reads
        them."""
        connector = self.connector_of(connection)
        found = self.pull_mapping_of(connector) if connector is not None else None
        return (connection.pull_mapping or found) if connector is not None and _pulls(connector) else None

    def pull_mapping_of(self, connector: Connector) -> str | None:
        """A connector's own mapping of pulled orders."""
        return _pull_mapping(self.shelves, connector.name) if _pulls(connector) else None

    def mappings_of(self, connection: ConnectionPart) -> set[str]:
        """Every mapping that reads something of a connection."""
        source, pulled = self.source_of(connection), self.pull_mapping(connection)
        told = {rule.mapping for rule in source.rules.values() if rule.mapping} if source else set()
        return told | ({pulled} if pulled else set())

    def lists_orders(self, connection: ConnectionPart) -> bool:
        """Whether it is a storefront that can be swept."""
        connector = self.connector_of(connection)
        return (
            connector is not None and "order.list" in connector.operations and self.pull_mapping(connection) is not None
        )


def source_name(connection: ConnectionPart) -> str | None:
    """The webhook declaration of a connection: the one it names, else its connector's namesake; None without
    webhooks."""
    if connection.webhook is None:
        return None
    return connection.webhook.source or (connection.connector or "").replace("_", "-") or None


def read_all(shelves: Shelves) -> Catalogue:
    """Every declaration there is."""
    return _Reader(shelves).read(*(shelves.names(kind) for kind in (Kind.CONNECTOR, Kind.WEBHOOK, Kind.MAPPING)))


def read_used(shelves: Shelves, config: HubConfig) -> Catalogue:
    """What an installation's connections use, and all flows. Names that do not exist are left out: the judge reports
    them."""
    connections = config.connections.values()
    sources = (name for name in map(source_name, connections) if name)
    pulled = (c.pull_mapping for c in connections if c.pull_mapping)
    return _Reader(shelves).read((c.connector for c in connections if c.connector), sources, pulled)


@dataclass(frozen=True)
class Kept:
    """A declaration as the database keeps it: whole, under the SHA-256 of its content, to which runs and effects are
    pinned. A connector with a hatch is a list of the hashes of its parts, which are kept beside it."""

    kind: str
    name: str
    hash: str
    content: Callable[[], str]


def kept(catalogue: Catalogue) -> Iterator[Kept]:
    """Everything that was read, to be kept."""
    for name, connector in catalogue.connectors.items():
        yield _document("connector", name, connector.document)
        hatch, sdk = connector.sources.get(HATCH_FILE), connector.manifest.sdk
        if hatch is not None:
            yield _text("hatch", name, hatch)
            parts = [connector.document.hash, digest_of(hatch.encode()), sdk, sdk_version(sdk)]
            yield _text("connector", name, json.dumps(parts))
    for name, mapping in catalogue.mappings.items():
        yield _document("mapping", name, mapping.document)
    for name, source in catalogue.sources.items():
        entry = catalogue.shelves.find(Kind.WEBHOOK, name)
        if entry is not None:
            yield Kept(Kind.WEBHOOK.value, name, source.hash, partial(_read, entry.path))
    for name, flow in catalogue.flows.items():
        if flow.document is not None:  # what was read: by now a deploy may have put another into its file's place
            yield _document(Kind.FLOW.value, name, flow.document)


def _text(kind: str, name: str, content: str) -> Kept:
    return Kept(kind, name, digest_of(content.encode()), lambda: content)


def _document(kind: str, name: str, document: Document) -> Kept:
    return Kept(kind, name, document.hash, lambda: canonical_json(document.data).decode())


def _read(path: Path) -> str:
    return canonical_json(load_document(path).data).decode()


def read_named(
    shelves: Shelves, connectors: Iterable[str | None], sources: Iterable[str | None], mappings: Iterable[str] = ()
) -> Catalogue:
    """These declarations, the mappings that they use, and all flows."""
    return _Reader(shelves).read(connectors, sources, mappings)


class _Reader:
    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self._problems: list[Problem] = []

    def read(
        self, connectors: Iterable[str | None], sources: Iterable[str | None], mappings: Iterable[str]
    ) -> Catalogue:
        found = dict(self._each(Kind.CONNECTOR, connectors, load_connector))
        heard = dict(self._each(Kind.WEBHOOK, sources, self._source))
        wanted = {*mappings, *_told(heard.values()), *(_pull_mapping(self._shelves, name) for name in found)}
        told = dict(self._each(Kind.MAPPING, wanted, load_mapping))
        flows = dict(self._each(Kind.FLOW, self._shelves.names(Kind.FLOW), read_flow))
        return Catalogue(self._shelves, found, heard, told, flows, tuple(self._problems))

    def _source(self, path: Path) -> Source:
        source = load_source(path)
        self._problems += missing_mappings(self._shelves, source, path)
        return source

    def _each(self, kind: Kind, names: Iterable[str | None], load: Callable[..., T]) -> Iterator[tuple[str, T]]:
        for name in sorted({name for name in names if name}):
            entry = self._shelves.find(kind, name)
            if entry is None:
                continue
            try:
                yield name, load(entry.path)
            except Problems as found:
                self._problems += found.problems


def missing_mappings(shelves: Shelves, source: Source, path: Path) -> list[Problem]:
    """A problem for each topic of a webhook declaration whose mapping is nowhere."""
    lacking = [t for t, rule in source.rules.items() if rule.mapping and not shelves.find(Kind.MAPPING, rule.mapping)]
    if not lacking:
        return []
    document = load_document(path)
    names = shelves.names(Kind.MAPPING)
    return [
        document.problem(("topics", topic, "mapping"), f"there is no mapping {source.rules[topic].mapping}",
                         suggestion(source.rules[topic].mapping or "", names))
        for topic in lacking
    ]  # fmt: skip


def _told(sources: Iterable[Source]) -> Iterator[str | None]:
    for source in sources:
        yield from (rule.mapping for rule in source.rules.values())


def _pulls(connector: Connector) -> bool:
    return not connector.operations.keys().isdisjoint({"order.fetch", "order.list"})


def _pull_mapping(shelves: Shelves, connector: str) -> str | None:
    """A connector's own mapping of pulled orders, by its name; else the one of its webhooks, where both have one
    shape."""
    platform = connector.replace("_", "-")
    names = (f"{platform}-order-pulled", f"{platform}-order-graphql", f"{platform}-order")
    return next((name for name in names if shelves.find(Kind.MAPPING, name)), None)


def read_flow(path: Path) -> Flow:
    """The flow in a file of its name. Raises Problems."""
    flow = load_flow(path)
    if flow.name != path.stem:
        document = load_document(path)
        what = f"the flow is named {flow.name} and its file {path.name}"
        raise Problems([document.problem(("flow",), what, "give both the same name")])
    return flow
