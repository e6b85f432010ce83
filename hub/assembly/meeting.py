"""What is found when a draft's account is asked, and what it and the installation's other connections say to each
other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.assembly.build import connections_of, hang_up
from hub.assembly.comparing import Comparison, Sold, compare, sold
from hub.assembly.connecting import Draft, Role, env_of, needs_own_secret, roles_of, signing_credential
from hub.assembly.doctor import tried
from hub.assembly.finding import FAIL, Finding
from hub.assembly.install import open_vault, survey
from hub.assembly.probe import Probe, probe
from hub.assembly.registering import Registered, address_of, register
from hub.connector.auth import AuthFault
from hub.connector.connection import Connection
from hub.model.contract import CannotPrepare

_TABLES = {
    "shipping_methods": "services",
    "locations": "locations",
}  # a warehouse's setting -> what it is proposed from


@dataclass
class Meeting:
    """`comparisons` are by warehouse: the draft itself, or those that are connected when the draft is a storefront."""

    connection: Connection
    found: Probe
    findings: list[Finding] = field(default_factory=list)
    env: str | None = None
    sold: Sold | None = None
    comparisons: dict[str, Comparison] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        return not any(finding.state == FAIL for finding in self.findings)

    @property
    def account(self) -> Mapping[str, Any] | None:
        return self.found.account

    def propose(self, draft: Draft) -> dict[str, dict[str, str]]:
        """Takes the proposed tables into the draft, where it is a warehouse and has none yet. Returns those taken."""
        comparison = self.comparisons.get(draft.name)
        taken: dict[str, dict[str, str]] = {}
        if comparison is None:
            return taken
        for setting, kind in _TABLES.items():
            proposed = dict(getattr(comparison, kind))
            declared = draft.connector.manifest.settings.get(setting)
            told = (draft.part.get("settings") or {}).get(setting)
            if declared is not None and declared.type == "table" and proposed and not told:
                draft.part.setdefault("settings", {})[setting] = proposed
                taken[setting] = proposed
        return taken

    def register(self, draft: Draft) -> Registered | None:
        """Registers the draft's webhooks. It must have been written."""
        source, secrets = draft.source, (draft.part.get("webhook") or {}).get("secrets") or []
        url = draft.config.hub.public_url
        if source is None or url is None or not secrets:
            return None
        done = register(self.connection, source, address_of(url, draft.name), draft.resolve(secrets[0]))
        hang_up([self.connection])
        return done

    def document(self) -> list[dict[str, Any]]:
        return [
            {
                "warehouse": name,
                "services": dict(one.services),
                "unmapped_services": list(one.unmapped_services),
                "locations": dict(one.locations),
                "unmapped_locations": list(one.unmapped_locations),
                "unknown_skus": dict(one.unknown_skus),
                "orders_with_unknown_skus": one.orders_with_unknown_skus,
                "stocked_skus": one.stocked,
            }
            for name, one in self.comparisons.items()
        ]


def take_in(draft: Draft, answers: Mapping[str, Any]) -> None:
    """Answers given beforehand, over what the draft has."""
    rest = dict(answers)
    route, registers = rest.pop("route", None), rest.pop("register_webhooks", None)
    for name, value in (rest.pop("secrets", None) or {}).items():
        draft.put_secret(name, str(value))
    webhook = dict(rest.pop("webhook", None) or {})
    if webhook:
        draft.part.setdefault("webhook", {}).update(webhook)
    for key in ("settings", "owners", "modes", "timing"):
        if key in rest:
            draft.part.setdefault(key, {})
            _merge(draft.part[key], rest.pop(key))
    draft.part.update(rest)
    if route:
        draft.route = route if isinstance(route, str) else default_route(draft)
    hears = draft.source is not None and "webhook.register" in draft.connector.operations
    draft.register = hears and registers is not False and draft.config.hub.public_url is not None
    if draft.register:
        arrange_signing(draft)


def default_route(draft: Draft) -> str | None:
    """The method by which the draft ships."""
    if Role.WAREHOUSE in draft.roles:
        return "warehouse"
    return "self" if Role.CARRIER in draft.roles else None


def arrange_signing(draft: Draft) -> None:
    """Gives the draft's webhooks a secret where no person is needed for one."""
    if (draft.part.get("webhook") or {}).get("secrets"):
        return
    credential = signing_credential(draft.connector, draft.part.get("secrets") or {})
    if credential is not None:
        draft.put_webhook_secret(f"={credential}")
    elif needs_own_secret(draft.connector):
        draft.make_webhook_secret()


def meet(draft: Draft) -> Meeting:
    """Tries the draft's account out and compares it with the other side of the installation. Changes nothing."""
    connection = draft.connection()
    found = probe(connection)
    meeting = Meeting(connection, found, list(tried(found)))
    try:
        meeting.env = env_of(connection)
    except (AuthFault, CannotPrepare):
        meeting.env = None
    if meeting.env is not None and "env" not in draft.part:
        draft.part["env"] = meeting.env
    if meeting.works and {Role.STOREFRONT, Role.WAREHOUSE} & draft.roles:
        _compare(draft, meeting)
    hang_up([connection])
    return meeting


def _compare(draft: Draft, meeting: Meeting) -> None:
    """A storefront with every warehouse; a warehouse with every storefront."""
    storefronts, warehouses = _others(draft)
    (storefronts if Role.STOREFRONT in draft.roles else warehouses)[draft.name] = meeting.connection
    total = Sold()
    for connection in storefronts.values():
        mapping = draft.catalogue.mappings.get(draft.catalogue.pull_mapping_of(connection.connector) or "")
        if mapping is not None and connection.supports("order.list"):
            total = sold(connection, mapping, _account(draft, meeting, connection), total)
    meeting.sold = total
    if storefronts:
        for name, warehouse in warehouses.items():
            meeting.comparisons[name] = compare(total, warehouse, _account(draft, meeting, warehouse))
    hang_up([*storefronts.values(), *warehouses.values()])


def _others(draft: Draft) -> tuple[dict[str, Connection], dict[str, Connection]]:
    """The installation's storefronts and warehouses, the draft's own name apart."""
    install, _ = survey(draft.folder)
    if install is None:
        return {}, {}
    storefronts: dict[str, Connection] = {}
    warehouses: dict[str, Connection] = {}
    for connection in connections_of(install, open_vault(draft.home)):
        name, roles = connection.account.name, roles_of(connection.connector)
        if name == draft.name:
            continue
        if Role.STOREFRONT in roles:
            storefronts[name] = connection
        if Role.WAREHOUSE in roles:
            warehouses[name] = connection
    return storefronts, warehouses


def _account(draft: Draft, meeting: Meeting, connection: Connection) -> Mapping[str, Any] | None:
    if connection is meeting.connection:
        return meeting.account
    return probe(connection).account


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
