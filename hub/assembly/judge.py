"""What must hold between the parts of `hub.yaml`, and between it and the declarations that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.assembly.catalogue import NEEDED_FLOWS, Catalogue, source_name
from hub.assembly.config import ConnectionPart, HubConfig, RoutePart, is_loopback
from hub.assembly.shelf import Kind
from hub.connector.configure import misfits
from hub.connector.load import Connector
from hub.language.document import Document
from hub.language.expression import Expression
from hub.language.functions import default_functions
from hub.language.problem import Problem, Problems, suggestion
from hub.model.capability import CAPABILITIES
from hub.model.money import exponent

Place = tuple[str | int, ...]

FUNCTIONS = default_functions(exponent)
RULE_SCOPE = ("line", "order")

_SHIPS = {"warehouse": "fulfillment.create", "self": "label.buy"}


def judge(document: Document, config: HubConfig, catalogue: Catalogue) -> list[Problem]:
    """Every fault. `catalogue` holds at least what the connections use; a declaration that is there but could not be
    read is not reported again."""
    bench = _Bench(document, config, catalogue)
    found = [*bench.hub(), *bench.flows()]
    for index, rule in enumerate(config.routing):
        found += bench.route(("routing", index), rule)
    for name, connection in config.connections.items():
        found += bench.connection(("connections", name), connection)
    return found


class _Bench:
    def __init__(self, document: Document, config: HubConfig, catalogue: Catalogue) -> None:
        self._document, self._config, self._catalogue = document, config, catalogue

    def problem(self, place: Place, what: str, mend: str, *, at_key: bool = False) -> Problem:
        return self._document.problem(place, what, mend, at_key=at_key)

    # --- the installation

    def hub(self) -> Iterator[Problem]:
        hub = self._config.hub
        host, _ = self._config.bind()
        if not is_loopback(host) and not hub.behind_proxy:
            what = f"listening on {host} would offer the hub to others without TLS"
            mend = "listen on 127.0.0.1, or put a proxy that speaks TLS in front and write behind_proxy: true"
            yield self.problem(("hub", "bind"), what, mend)
        if hub.mail is not None:
            yield from self._serves(("hub", "mail"), hub.mail, "notification.send")
        for kind, name in hub.payments.items():
            yield from self._serves(("hub", "payments", kind), name, "payment.capture")

    def flows(self) -> Iterator[Problem]:
        shelves = self._catalogue.shelves
        for name in NEEDED_FLOWS:
            if shelves.find(Kind.FLOW, name) is None:
                mend = f"put {name}.yaml back into {shelves.own_folder(Kind.FLOW)}"
                yield self.problem((), f"there is no flow {name}", mend)
        for flow in self._catalogue.flows.values():
            for index, step in enumerate(flow.steps):
                if flow.document is not None and step.declared.connection is not None:
                    place = ("steps", index, "connection")
                    asked = step.declared.capability or ""
                    yield from self._serves(place, step.declared.connection, asked, flow.document)

    def route(self, place: Place, rule: RoutePart) -> Iterator[Problem]:
        if rule.when is not None:
            try:
                Expression.compile(rule.when, self._document, (*place, "when"), functions=FUNCTIONS, names=RULE_SCOPE)
            except Problems as found:
                yield from found.problems
        needed = _SHIPS.get(rule.method)
        if needed is None:
            return
        if rule.connection is None:
            what = f"the method {rule.method} needs a connection that ships"
            yield self.problem(place, what, "add connection: NAME")
            return
        yield from self._serves((*place, "connection"), rule.connection, needed)

    def _serves(self, place: Place, name: str, capability: str, document: Document | None = None) -> Iterator[Problem]:
        """`document`: where the place is, when it is not in hub.yaml; `capability`: "" where none is asked of it."""
        document, found = document or self._document, self._config.connections.get(name)
        if found is None:
            mend = suggestion(name, self._config.connections)
            yield document.problem(place, f"there is no connection {name}", mend)
            return
        connector = self._catalogue.connector_of(found)
        if capability and connector is not None and capability not in connector.operations:
            what = f"{name} ({connector.name}) cannot do this: its connector does not offer {capability}"
            able = [other for other, part in self._config.connections.items() if self._offers(part, capability)]
            mend = f"use one of {', '.join(able)}" if able else "connect a provider that can"
            yield document.problem(place, what, mend)

    def _offers(self, connection: ConnectionPart, capability: str) -> bool:
        connector = self._catalogue.connector_of(connection)
        return connector is not None and capability in connector.operations

    # --- one connection

    def connection(self, place: Place, part: ConnectionPart) -> Iterator[Problem]:
        if part.connector is None and part.webhook is None:
            what = "the connection has neither a connector nor a webhook"
            yield self.problem(place, what, "add connector: NAME", at_key=True)
        if part.connector is not None:
            yield from self._known((*place, "connector"), Kind.CONNECTOR, part.connector)
        if part.pull_mapping is not None:
            yield from self._known((*place, "pull_mapping"), Kind.MAPPING, part.pull_mapping)
        yield from self._webhook(place, part)
        yield from self._address(place, part)
        yield from self._modes(place, part)
        yield from self._mail(place, part)
        connector = self._catalogue.connector_of(part)
        if connector is not None:
            yield from self._fit(place, part, connector)

    def _known(self, place: Place, kind: Kind, name: str) -> Iterator[Problem]:
        shelves = self._catalogue.shelves
        if shelves.find(kind, name) is None:
            yield self.problem(place, f"there is no {kind} {name}", suggestion(name, shelves.names(kind)))

    def _webhook(self, place: Place, part: ConnectionPart) -> Iterator[Problem]:
        if part.webhook is None:
            return
        name = source_name(part)
        if name is None:
            yield self.problem((*place, "webhook"), "nothing says who sends these webhooks", "add source: NAME")
            return
        where = (*place, "webhook", "source") if part.webhook.source else (*place, "webhook")
        yield from self._known(where, Kind.WEBHOOK, name)
        source = self._catalogue.source_of(part)
        for binding in source.manifest.bindings if source else ():
            if not isinstance(part.settings.get(binding.setting), str):
                what = f"{name} binds its deliveries to the setting {binding.setting}, which is missing"
                yield self.problem((*place, "settings"), what, f"add {binding.setting}:")

    def _address(self, place: Place, part: ConnectionPart) -> Iterator[Problem]:
        if part.base_url is None or part.base_url.startswith("https:"):
            return
        target = part.base_url.removeprefix("http://").split("/")[0].lower()
        if not {target, target.rpartition(":")[0]} & set(part.private_targets):
            what = f"{target} would be called without TLS"
            mend = f"write https://, or allow it by name: private_targets: [{target}]"
            yield self.problem((*place, "base_url"), what, mend)

    def _modes(self, place: Place, part: ConnectionPart) -> Iterator[Problem]:
        for capability in part.modes:
            if capability not in CAPABILITIES:
                mend = suggestion(capability, CAPABILITIES)
                where = (*place, "modes", capability)
                yield self.problem(where, f"'{capability}' is not a capability", mend, at_key=True)

    def _mail(self, place: Place, part: ConnectionPart) -> Iterator[Problem]:
        for kind, owner in part.owners.mail.items():
            if owner == "hub" and self._config.hub.mail is None:
                what = f"the hub is to write the {kind} message, and no connection sends mail"
                mend = "connect a mail server, or leave this message to the storefront"
                yield self.problem((*place, "owners", "mail", kind), what, mend)

    def _fit(self, place: Place, part: ConnectionPart, connector: Connector) -> Iterator[Problem]:
        """Settings and secrets against the manifest. The webhook's source and the mappings may ask for settings too."""
        others = self._asked_elsewhere(part)
        settings = {name: value for name, value in part.settings.items() if name not in others}
        for misfit in misfits(connector, settings, part.secrets):
            where = (*place, *misfit.path)
            unknown = misfit.path[-1] in settings and misfit.path[-1] not in connector.manifest.settings
            yield self.problem(where, misfit.what, misfit.mend, at_key=unknown)

    def _asked_elsewhere(self, part: ConnectionPart) -> set[str]:
        source, connector = self._catalogue.source_of(part), self._catalogue.connector_of(part)
        asked = {binding.setting for binding in source.manifest.bindings} if source else set()
        for name in self._catalogue.mappings_of(part):
            mapping = self._catalogue.mappings.get(name)
            asked |= set(mapping.manifest.settings) if mapping else set()
        return asked - set(connector.manifest.settings if connector else ())


def given_settings(connector: Connector | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A connection's settings with the manifest's defaults."""
    declared = connector.manifest.settings if connector else {}
    found = {name: setting.default for name, setting in declared.items() if setting.default is not None}
    return found | {name: value for name, value in settings.items() if value is not None}
