"""One provider's declarations seen together: connector, webhook and mappings, as `crossdock connector show` presents
them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.assembly.catalogue import Catalogue, read_named
from hub.assembly.home import Unfit
from hub.assembly.shelf import Kind, Shelves
from hub.connector.load import Connector
from hub.language.problem import Problems, suggestion
from hub.mapping.load import Mapping
from hub.model.capability import CAPABILITIES
from hub.webhook.source import Source


@dataclass(frozen=True)
class Platform:
    """What there is of a provider. `own`: kinds (and names) that the installation declares itself, over the shipped
    ones."""

    name: str
    connector: Connector | None
    source: Source | None
    mappings: tuple[Mapping, ...]
    pull_mapping: str | None
    own: tuple[str, ...]

    @property
    def title(self) -> str:
        if self.connector is not None:
            return self.connector.manifest.title
        return self.source.manifest.title if self.source is not None else self.name

    def document(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "name": self.name,
            "title": self.title,
            "own": list(self.own),
            "connector": _connector(self.connector) if self.connector else None,
            "webhook": _source(self.source) if self.source else None,
            "mappings": [_mapping(mapping, mapping.id == self.pull_mapping) for mapping in self.mappings],
        }


def names(shelves: Shelves) -> list[str]:
    """Every provider that something is declared of."""
    hyphened = {name.replace("_", "-"): name for name in shelves.names(Kind.CONNECTOR)}
    return sorted({*hyphened.values(), *(n for n in shelves.names(Kind.WEBHOOK) if n not in hyphened)})


def platform(shelves: Shelves, name: str) -> Platform:
    """Everything declared of a provider. Raises Unfit for an unknown name, Problems for what cannot be read of it."""
    hyphen, low = name.replace("_", "-"), name.replace("-", "_")
    if not shelves.find(Kind.CONNECTOR, low) and not shelves.find(Kind.WEBHOOK, hyphen):
        raise Unfit(f"there is no provider '{name}': {suggestion(name, names(shelves))}")
    named = [mapping for mapping in shelves.names(Kind.MAPPING) if mapping.startswith(f"{hyphen}-")]
    catalogue = read_named(shelves, [low], [hyphen], named)
    connector, source = catalogue.connectors.get(low), catalogue.sources.get(hyphen)
    _refuse_unread(catalogue, low, hyphen)
    told = {rule.mapping for rule in source.rules.values()} if source else set()
    mappings = [m for m in catalogue.mappings.values() if m.id in told or m.manifest.source == hyphen]
    pulled = catalogue.pull_mapping_of(connector) if connector else None
    return Platform(
        low if connector else hyphen, connector, source, tuple(mappings), pulled, _own(shelves, low, hyphen)
    )


def _refuse_unread(catalogue: Catalogue, low: str, hyphen: str) -> None:
    wanted = [catalogue.shelves.find(Kind.CONNECTOR, low), catalogue.shelves.find(Kind.WEBHOOK, hyphen)]
    files = {str(entry.path) for entry in wanted if entry is not None}
    problems = [problem for problem in catalogue.problems if problem.file in files]
    if problems:
        raise Problems(problems)


def _own(shelves: Shelves, low: str, hyphen: str) -> tuple[str, ...]:
    entries = [shelves.find(Kind.CONNECTOR, low), shelves.find(Kind.WEBHOOK, hyphen)]
    entries += [e for e in shelves.entries(Kind.MAPPING) if e.name.startswith(f"{hyphen}-")]
    return tuple(f"{entry.kind} {entry.name}" for entry in entries if entry is not None and entry.own)


def _connector(connector: Connector) -> dict[str, Any]:
    manifest = connector.manifest
    return {
        "docs": manifest.docs,
        "about": manifest.about,
        "api": manifest.api.version,
        "sunset": manifest.api.sunset.isoformat() if manifest.api.sunset else None,
        "hash": connector.hash,
        "auth": [auth.spec.type for auth in connector.auths],
        "settings": {name: setting.model_dump(exclude_none=True) for name, setting in manifest.settings.items()},
        "secrets": {name: secret.model_dump(exclude_none=True) for name, secret in manifest.secrets.items()},
        "operations": {name: _operation(connector, name) for name in connector.operations},
    }


def _operation(connector: Connector, name: str) -> dict[str, Any]:
    spec = connector.manifest.operations[name]
    return {
        "title": CAPABILITIES[name].title,
        "changes": CAPABILITIES[name].mutating,
        "safety": spec.safety.cls.value if spec.safety else None,
        "hatch": spec.hatch,
        "call": f"{spec.method} {spec.path}" if spec.method else None,
        "examples": len(spec.examples),
    }


def _source(source: Source) -> dict[str, Any]:
    manifest = source.manifest
    return {
        "id": manifest.id,
        "docs": manifest.docs,
        "hash": source.hash,
        "scheme": manifest.signature.scheme,
        "secret_help": manifest.signature.secret_help,
        "settings": [binding.setting for binding in manifest.bindings],
        "topics": {name: {"kind": rule.kind, "mapping": rule.mapping} for name, rule in source.rules.items()},
        "examples": len(manifest.examples),
    }


def _mapping(mapping: Mapping, pulled: bool) -> dict[str, Any]:
    manifest = mapping.manifest
    return {
        "id": mapping.id,
        "title": manifest.title,
        "produces": manifest.produces,
        "hash": mapping.hash,
        "pulled": pulled,
        "settings": {name: setting.about for name, setting in manifest.settings.items()},
        "examples": len(manifest.examples),
    }
