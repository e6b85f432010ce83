"""Reads an installation: its `hub.yaml`, and the declarations that it uses, with every problem of all of them at
once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hub.assembly.catalogue import Catalogue, read_all, read_used
from hub.assembly.config import ConnectionPart, HubConfig
from hub.assembly.home import Home
from hub.assembly.judge import judge
from hub.assembly.shelf import Shelves
from hub.connector.auth import AuthFault
from hub.connector.connection import Account, Connection
from hub.connector.load import Connector
from hub.connector.promise import Overrides
from hub.language.document import Document, load, validate
from hub.language.problem import Problem, Problems
from hub.model.contract import CannotPrepare
from hub.vault.keys import InstallKey, KeyFault
from hub.vault.store import SecretFault, Vault
from hub.webhook.secret import UnusableSecret


@dataclass(frozen=True)
class Install:
    """What was read. `document` knows the place of everything in `hub.yaml`."""

    home: Home
    document: Document
    config: HubConfig
    catalogue: Catalogue

    def account(self, name: str) -> Account:
        """A connection as the connectors take it."""
        return account_of(name, self.config.connections[name], self.home)


def read_install(folder: Path, *, everything: bool = False) -> Install:
    """The installation in a folder. `everything`: also the declarations that nothing uses. Raises Problems."""
    install, problems = survey(folder, everything=everything)
    if problems or install is None:
        raise Problems(problems)
    return install


def survey(
    folder: Path, *, everything: bool = False, file: Path | None = None, shelves: Shelves | None = None
) -> tuple[Install | None, list[Problem]]:
    """The same without raising: what could be read, None where `hub.yaml` itself could not, and every problem.

    `file` is read instead of the folder's `hub.yaml`, and `shelves` instead of its declarations, where they are given.
    """
    shelves = shelves or Shelves(folder)
    try:
        document = load(file or Home(folder).config)
        config = validate(document, HubConfig)
    except Problems as found:
        more = read_all(shelves).problems if everything else ()
        return None, [*found.problems, *more]
    home = Home(folder, config.hub.data, config.hub.vault)
    catalogue = read_all(shelves) if everything else read_used(shelves, config)
    problems = [*catalogue.problems, *judge(document, config, catalogue)]
    return Install(home, document, config, catalogue), problems


def open_vault(home: Home) -> Vault:
    """The installation's secrets. Raises KeyFault where the install key is missing, damaged or open to others."""
    return Vault(home.secrets_file, InstallKey(home.key_file))


def account_of(name: str, part: ConnectionPart, home: Home) -> Account:
    """What the connectors are told of a connection."""
    return Account(
        name=name,
        mode=part.env,
        settings=part.settings,
        secrets=part.secrets,
        base_url=part.base_url,
        private_targets=frozenset(part.private_targets),
        ca_file=str(home.folder / part.ca_file) if part.ca_file else None,
        overrides=Overrides(**part.timing.model_dump()),
    )


def judge_secrets(install: Install, vault: Vault) -> list[Problem]:
    """What is wrong with the secrets themselves: missing, empty, unusable, or of the wrong kind of account."""
    bench = _SecretBench(install, vault)
    return [problem for name, part in install.config.connections.items() for problem in bench.connection(name, part)]


class _SecretBench:
    def __init__(self, install: Install, vault: Vault) -> None:
        self._install, self._vault = install, vault

    def connection(self, name: str, part: ConnectionPart) -> Iterator[Problem]:
        place = ("connections", name)
        faulty = False
        for secret, reference in part.secrets.items():
            for problem in self._resolves((*place, "secrets", secret), reference):
                faulty = True
                yield problem
        if part.webhook is not None:
            for index, reference in enumerate(part.webhook.secrets):
                yield from self._signs((*place, "webhook", "secrets", index), reference, part)
        connector = self._install.catalogue.connector_of(part)
        if connector is not None and not faulty:
            yield from self._kind(place, name, part, connector)

    def _resolves(self, place: tuple[str | int, ...], reference: str) -> Iterator[Problem]:
        try:
            self._vault.resolve(reference)
        except (SecretFault, KeyFault) as fault:
            yield self._install.document.problem(place, str(fault), f"make {reference} give the secret")

    def _signs(self, place: tuple[str | int, ...], reference: str, part: ConnectionPart) -> Iterator[Problem]:
        source = self._install.catalogue.source_of(part)
        try:
            text = self._vault.resolve(reference)
            if source is not None:
                source.verifier.keys([text])
        except (SecretFault, KeyFault, UnusableSecret) as fault:
            mend = source.manifest.signature.secret_help if source else "correct the secret"
            yield self._install.document.problem(place, str(fault), mend)

    def _kind(
        self, place: tuple[str | int, ...], name: str, part: ConnectionPart, connector: Connector
    ) -> Iterator[Problem]:
        """A test key in a live connection would take no money; a live key in a test connection would take real
        money."""
        try:
            account = self._install.account(name)
            tests = Connection(connector, account, self._vault.resolve).uses_test_credentials()
        except (AuthFault, CannotPrepare):
            return  # said elsewhere
        if tests is None or tests == (part.env == "test"):
            return
        given, other = ("test", "test") if tests else ("live", "live")
        what = f"{name} is declared {part.env} and holds {connector.manifest.title}'s {given} credentials"
        yield self._install.document.problem((*place, "env"), what, f"give it {part.env} ones, or write env: {other}")
