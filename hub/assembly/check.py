"""What `crossdock check` examines: declarations, one by one, their examples run; or all that an installation uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hub.assembly.catalogue import missing_mappings, read_flow
from hub.assembly.config import FILE
from hub.assembly.home import NoHome, Unfit, find_home
from hub.assembly.install import Install, judge_secrets, open_vault, survey
from hub.assembly.shelf import Kind, Shelves
from hub.connector.example import run_examples
from hub.connector.load import FILE as CONNECTOR_FILE
from hub.connector.load import load as load_connector
from hub.language.document import Document, load
from hub.language.problem import Problem, Problems, suggestion
from hub.mapping.examples import failed_examples as failed_mappings
from hub.mapping.load import load as load_mapping
from hub.notice.notices import TemplateNotices
from hub.vault.keys import KeyFault
from hub.webhook.examples import failed_examples as failed_deliveries
from hub.webhook.load import load_source

CONFIG = "configuration"
LETTERS = "letters"

# A key at the top that no other kind of document has.
_TELLS = {
    "operations": Kind.CONNECTOR,
    "signature": Kind.WEBHOOK,
    "produces": Kind.MAPPING,
    "steps": Kind.FLOW,
    "flow": Kind.FLOW,
    "connections": CONFIG,
    "routing": CONFIG,
    "hub": CONFIG,
}
_ROOMS = {"connectors": Kind.CONNECTOR, "webhooks": Kind.WEBHOOK, "mappings": Kind.MAPPING, "flows": Kind.FLOW}


@dataclass
class Examined:
    """What was looked at, and everything that is wrong. `files` are (kind, path)."""

    files: list[tuple[str, Path]] = field(default_factory=list)
    examples: int = 0
    problems: list[Problem] = field(default_factory=list)

    def found(self) -> tuple[Problem, ...]:
        return Problems(self.problems).problems


def check_paths(paths: list[Path], home: Path | None = None) -> Examined:
    """Declarations in files and folders. `home`: the installation whose other declarations they may name. Raises
    Unfit."""
    bench = _Bench(Shelves(home or _surrounding(paths)))
    for path in paths:
        if not path.exists():
            raise Unfit(f"there is no {path}")
        for file in _files(path):
            bench.file(file)
    return bench.examined


def check_install(folder: Path) -> Examined:
    """An installation: its configuration, its secrets, its letters, and every declaration that it uses."""
    bench = _Bench(Shelves(folder))
    install, problems = survey(folder)
    bench.examined.files.append((CONFIG, folder / FILE))
    bench.examined.problems += problems
    if install is None:
        return bench.examined
    for kind, path in _used(install):
        bench.declaration(kind, path)
    bench.secrets(install)
    bench.letters(install)
    return bench.examined


def _used(install: Install) -> Iterator[tuple[Kind, Path]]:
    catalogue = install.catalogue
    groups = (
        (Kind.CONNECTOR, catalogue.connectors),
        (Kind.WEBHOOK, catalogue.sources),
        (Kind.MAPPING, catalogue.mappings),
        (Kind.FLOW, catalogue.flows),
    )
    for kind, names in groups:
        for name in names:
            entry = catalogue.shelves.find(kind, name)
            if entry is not None:
                yield kind, entry.path


class _Bench:
    def __init__(self, shelves: Shelves) -> None:
        self._shelves = shelves
        self.examined = Examined()

    def file(self, path: Path) -> None:
        try:
            document = load(path)
        except Problems as found:
            self.examined.files.append((_by_room(path) or "unreadable", path))
            self.examined.problems += found.problems
            return
        kind = _kind(path, document)
        if kind is None:
            self.examined.files.append(("unknown", path))
            what = "this is no kind of declaration that is known"
            mend = "begin it like one of its kind: crossdock connector new NAME makes all three"
            self.examined.problems.append(document.problem((), what, mend))
        elif kind == CONFIG:
            self.configuration(path)
        else:
            self.declaration(Kind(kind), path)

    def configuration(self, path: Path) -> None:
        self.examined.files.append((CONFIG, path))
        _, problems = survey(path.parent, file=path, shelves=self._shelves)
        self.examined.problems += problems

    def declaration(self, kind: Kind, path: Path) -> None:
        self.examined.files.append((kind.value, path))
        try:
            self.examined.problems += {
                Kind.CONNECTOR: self._connector,
                Kind.WEBHOOK: self._webhook,
                Kind.MAPPING: self._mapping,
                Kind.FLOW: self._flow,
            }[kind](path)
        except Problems as found:
            self.examined.problems += found.problems

    def _connector(self, path: Path) -> list[Problem]:
        connector = load_connector(path)
        self.examined.examples += sum(len(spec.examples) for spec in connector.manifest.operations.values())
        return run_examples(connector)

    def _webhook(self, path: Path) -> list[Problem]:
        source = load_source(path)
        self.examined.examples += len(source.manifest.examples)
        return [*missing_mappings(self._shelves, source, path), *failed_deliveries(source, load(path))]

    def _mapping(self, path: Path) -> list[Problem]:
        mapping = load_mapping(path)
        self.examined.examples += len(mapping.manifest.examples)
        return failed_mappings(mapping)

    def _flow(self, path: Path) -> list[Problem]:
        read_flow(path)
        return []

    def secrets(self, install: Install) -> None:
        try:
            self.examined.problems += judge_secrets(install, open_vault(install.home))
        except KeyFault as fault:
            what, mend = str(fault), "restore the install key; every secret is sealed with it"
            self.examined.problems.append(install.document.problem(("hub", "vault"), what, mend))

    def letters(self, install: Install) -> None:
        folder = install.home.folder / install.config.hub.templates
        if folder.is_dir():
            self.examined.files.append((LETTERS, folder))
        notices = TemplateNotices(folder if folder.is_dir() else None, install.config.hub.shop.model_dump())
        self.examined.problems += notices.check()


def _files(path: Path) -> Iterator[Path]:
    """The declarations under a path; a file that was named is taken whatever it is called."""
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*.yaml")):
        if file.name == CONNECTOR_FILE or not any(part.startswith(".") for part in file.relative_to(path).parts):
            yield file


def _kind(path: Path, document: Document) -> str | None:
    if path.name == CONNECTOR_FILE:
        return Kind.CONNECTOR
    if path.name == FILE:
        return CONFIG
    data = document.data if isinstance(document.data, dict) else {}
    return next((kind for key, kind in _TELLS.items() if key in data), None) or _by_room(path) or _by_guess(data)


def _by_room(path: Path) -> str | None:
    folder = path.resolve().parent
    return _ROOMS.get(folder.name) or _ROOMS.get(folder.parent.name)


def _by_guess(data: dict[str, object]) -> str | None:
    """A misspelt key that tells: better its own problem than 'unknown'."""
    for key in data:
        said = suggestion(key, _TELLS)
        close = next((name for name in _TELLS if said.startswith(f"did you mean '{name}'")), None)
        if close is not None:
            return _TELLS[close]
    return None


def _surrounding(paths: list[Path]) -> Path | None:
    """The installation that the first path lies in, if it lies in one."""
    for folder in (paths[0].resolve(), *paths[0].resolve().parents) if paths else ():
        if (folder / FILE).is_file() and folder.name != "config":
            return folder
    try:
        return find_home()
    except NoHome:
        return None
