"""Connects an account: what its connector asks for, tried out, and written into `hub.yaml` with its secrets stored.

Who asks the questions (a person at a terminal, a file of answers) is somebody else's business; see `hub.cli.connect`.
"""

from __future__ import annotations

import re
import secrets as chance
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from hub.assembly.catalogue import Catalogue, read_named
from hub.assembly.config import ConnectionPart, HubConfig
from hub.assembly.edit import Page, edit
from hub.assembly.home import Home, Unfit
from hub.assembly.install import account_of, open_vault
from hub.assembly.reading import config_of
from hub.assembly.shelf import Kind, Shelves
from hub.connector.configure import Misfit, misfits
from hub.connector.connection import Connection
from hub.connector.load import Connector
from hub.language.document import loads, validate
from hub.language.problem import Problems, suggestion
from hub.language.secret import is_reference
from hub.vault.store import SecretFault, Vault
from hub.webhook.source import Source

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_SECRET = re.compile(r"\$\{secret:([^}]+)\}")


class Role(StrEnum):
    """What a connector is to a hub; it may be several."""

    STOREFRONT = "storefront"
    WAREHOUSE = "warehouse"
    CARRIER = "carrier"
    PAYMENT = "payment"
    MAIL = "mail"


_ROLES = {
    Role.STOREFRONT: {"order.list", "order.fetch"},
    Role.WAREHOUSE: {"fulfillment.create"},
    Role.CARRIER: {"label.buy"},
    Role.MAIL: {"notification.send"},
}


def roles_of(connector: Connector) -> frozenset[Role]:
    able = set(connector.operations)
    found = {role for role, wanted in _ROLES.items() if able & wanted}
    if "payment.capture" in able and Role.STOREFRONT not in found:
        found.add(Role.PAYMENT)
    return frozenset(found)


@dataclass
class Draft:
    """A connection in the making. `part` is what `hub.yaml` will hold of it; `fresh` are secrets to be stored, by name.

    `route`: the method of a routing rule to be added for it; `register`: whether its webhooks are to be registered.
    """

    folder: Path
    home: Home
    config: HubConfig
    catalogue: Catalogue
    name: str
    connector: Connector
    part: dict[str, Any]
    existed: bool
    fresh: dict[str, str] = field(default_factory=dict)
    route: str | None = None
    register: bool = False

    @property
    def roles(self) -> frozenset[Role]:
        return roles_of(self.connector)

    @property
    def source(self) -> Source | None:
        """The webhook declaration of the same platform."""
        named = (self.part.get("webhook") or {}).get("source") or self.connector.name.replace("_", "-")
        return self.catalogue.sources.get(str(named))

    def settings_asked(self) -> dict[str, Any]:
        """Settings of the manifest, and those that only the webhook's source binds."""
        bound = {b.setting for b in self.source.manifest.bindings} if self.source else set()
        return {**self.connector.manifest.settings, **dict.fromkeys(bound - set(self.connector.manifest.settings))}

    def put_secret(self, name: str, value: str) -> None:
        """A credential: stored when the draft is written, unless it is a reference already."""
        self.part.setdefault("secrets", {})[name] = self._kept(f"{self.name}/{name}", value)

    def put_webhook_secret(self, value: str) -> None:
        """What deliveries are signed with: a secret, a reference, or `=NAME` for one of the connection's own
        credentials."""
        if value.startswith("=") and value[1:] in self.part.get("secrets", {}):
            reference = self.part["secrets"][value[1:]]
        else:
            reference = self._kept(f"{self.name}/webhook", value)
        self.part.setdefault("webhook", {})["secrets"] = [reference]

    def make_webhook_secret(self) -> None:
        """A secret of our own making, for providers that are told it when a webhook is registered."""
        if not (self.part.get("webhook") or {}).get("secrets"):
            self.put_webhook_secret(chance.token_urlsafe(32))

    def _kept(self, name: str, value: str) -> str:
        if is_reference(value):
            return value
        self.fresh[name] = value
        return f"${{secret:{name}}}"

    def misfits(self) -> list[Misfit]:
        """What the connector still lacks, or does not take."""
        elsewhere = self._asked_elsewhere()
        told = (self.part.get("settings") or {}).items()
        settings = {name: value for name, value in told if name not in elsewhere}
        return misfits(self.connector, settings, self.part.get("secrets") or {})

    def _asked_elsewhere(self) -> set[str]:
        """Settings that the webhook's source or a mapping asks for, and the connector does not."""
        asked = {binding.setting for binding in self.source.manifest.bindings} if self.source else set()
        for mapping in self.catalogue.mappings.values():
            if mapping.manifest.source == self.connector.name.replace("_", "-"):
                asked |= set(mapping.manifest.settings)
        return asked - set(self.connector.manifest.settings)

    def resolve(self, reference: str) -> str:
        """A secret of the draft or of the vault. Raises SecretFault, KeyFault."""
        match = _SECRET.fullmatch(reference)
        if match is not None and match[1] in self.fresh:
            return self.fresh[match[1]]
        return open_vault(self.home).resolve(reference)

    def connection(self) -> Connection:
        """The connection as it would be, to be tried out. Raises CannotPrepare, Problems."""
        part = self.validated()
        return Connection(self.connector, account_of(self.name, part, self.home), self.resolve)

    def validated(self) -> ConnectionPart:
        """Raises Problems where the parts do not have the form of a connection."""
        text = Page("connections: {}\n")
        text.put(("connections", self.name), self.part)
        read = validate(loads(text.text, f"connection {self.name}"), HubConfig)
        return read.connections[self.name]


def begin(folder: Path, connector: str, name: str) -> Draft:
    """A draft of a new connection, or of one that is there and to be asked for again. Raises Unfit, Problems."""
    if not _NAME.fullmatch(name):
        raise Unfit(f"'{name}' is no name for a connection: small letters, digits and -, beginning with a letter")
    config = config_of(folder)
    shelves = Shelves(folder)
    entry = shelves.find(Kind.CONNECTOR, connector) or shelves.find(Kind.CONNECTOR, connector.replace("-", "_"))
    if entry is None:
        raise Unfit(f"there is no connector '{connector}': {suggestion(connector, shelves.names(Kind.CONNECTOR))}")
    connectors = {entry.name, *(part.connector for part in config.connections.values())}
    platforms = (name.replace("_", "-") for name in connectors if name)
    told = (part.webhook.source for part in config.connections.values() if part.webhook)
    catalogue = read_named(shelves, connectors, (*platforms, *told))
    loaded = catalogue.connectors.get(entry.name)
    if loaded is None:
        raise Problems(problem for problem in catalogue.problems if problem.file == str(entry.path))
    known = config.connections.get(name)
    if known is not None and known.connector != loaded.name:
        raise Unfit(f"{name} is a connection to {known.connector} already; choose another name")
    home = Home(folder, config.hub.data, config.hub.vault)
    part = known.model_dump(mode="json", exclude_unset=True) if known else {"connector": loaded.name}
    return Draft(folder, home, config, catalogue, name, loaded, part, known is not None)


def env_of(connection: Connection) -> str | None:
    """`test` or `live` where the credentials themselves tell; None where they do not."""
    tests = connection.uses_test_credentials()
    return None if tests is None else "test" if tests else "live"


def needs_own_secret(connector: Connector) -> bool:
    """Whether a webhook's secret is ours to choose: the provider is told it when the webhook is registered."""
    spec = connector.manifest.operations.get("webhook.register")
    return spec is not None and "input.secret" in spec.model_dump_json()


def signing_credential(connector: Connector, held: Mapping[str, Any]) -> str | None:
    """The credential that signs deliveries, where the provider has one for both: an app's client secret."""
    registers = "webhook.register" in connector.operations
    return "client_secret" if registers and not needs_own_secret(connector) and "client_secret" in held else None


def write(draft: Draft, now: datetime | None = None) -> bool:
    """Stores the secrets, then writes `hub.yaml`. False where nothing changed in it. Raises Problems: then nothing
    is written.

    A new connection observes, and acts on nothing that was placed before now.
    """
    if not draft.existed:
        draft.part = {"connector": draft.connector.name, "env": "test", "mode": "observe", **draft.part}
        if Role.STOREFRONT in draft.roles:
            placed = (now or datetime.now(UTC)).replace(microsecond=0)
            draft.part.setdefault("act_from", placed.isoformat().replace("+00:00", "Z"))
    order = list(ConnectionPart.model_fields)
    draft.part = dict(sorted(draft.part.items(), key=lambda item: order.index(item[0])))
    draft.validated()
    _store(open_vault(draft.home), draft.fresh)
    return edit(draft.home.config, lambda page: _change(page, draft))


def _store(vault: Vault, fresh: Mapping[str, str]) -> None:
    for name, value in fresh.items():
        try:
            known = vault.get(name)
        except SecretFault:
            known = None
        if known != value:
            vault.put(name, value)


def _change(page: Page, draft: Draft) -> None:
    page.put(("connections", draft.name), draft.part)
    hub, roles = draft.config.hub, draft.roles
    if Role.MAIL in roles and hub.mail is None:
        page.put(("hub", "mail"), draft.name)
    if Role.PAYMENT in roles and draft.connector.name not in hub.payments:
        page.put(("hub", "payments", draft.connector.name), draft.name)
    if draft.route is not None and not any(rule.connection == draft.name for rule in draft.config.routing):
        page.append(("routing",), {"method": draft.route, "connection": draft.name})


@dataclass(frozen=True)
class Question:
    """One setting to be asked for. `default` as it would be typed; `choices` where it is one of several words."""

    name: str
    title: str
    where: str | None
    kind: str
    default: str | None
    choices: tuple[str, ...]
    optional: bool


def questions(draft: Draft) -> list[Question]:
    """What a person is asked for. Tables and lists are not: they are proposed once the accounts have been compared."""
    told = draft.part.get("settings") or {}
    found = []
    for name, setting in draft.settings_asked().items():
        if setting is None:
            found.append(Question(name, name.replace("_", " "), None, "text", told.get(name), (), False))
        elif setting.type not in ("table", "list"):
            default = told.get(name, setting.default)
            shown = None if default is None else str(default).lower() if isinstance(default, bool) else str(default)
            choices = tuple(setting.choices or ())
            found.append(Question(name, setting.title, setting.where, setting.type, shown, choices, setting.optional))
    return found


def answered(question: Question, text: str) -> Any:
    """What was typed, as the setting's type. Raises Unfit."""
    if question.kind == "boolean":
        if text.lower() not in ("true", "false", "yes", "no", "y", "n"):
            raise Unfit("answer yes or no")
        return text.lower() in ("true", "yes", "y")
    if question.kind == "integer":
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise Unfit("a whole number is wanted")
        return int(text)
    return Decimal(text) if question.kind == "decimal" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else text
