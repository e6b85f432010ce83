"""From a connector's folder to something that runs, or to every problem in it at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hub.connector import rules
from hub.connector.auth import CompiledAuth, compile_auth
from hub.connector.compiled import Compiler, Line, Shape
from hub.connector.manifest import Manifest
from hub.connector.operation import Operation, compile_operation
from hub.connector.plugin import FILE as HATCH_FILE
from hub.connector.plugin import Hatch, load_hatch, sdk_version
from hub.language.document import Document, loads, validate
from hub.language.document import load as load_document
from hub.language.problem import Problem, Problems
from hub.model.capability import CAPABILITIES

FILE = "connector.yaml"
T = TypeVar("T")


@dataclass(frozen=True)
class Connector:
    """A loaded connector. `hash` names its declaration: manifest, hatch and the hatch's SDK version."""

    manifest: Manifest
    operations: Mapping[str, Operation]
    auths: tuple[CompiledAuth, ...]
    base_url: Line | None
    test_credentials: Shape | None
    hatch: Hatch | None
    document: Document
    sources: Mapping[str, str]  # file name -> text: enough to load it again
    hash: str

    @property
    def name(self) -> str:
        return self.manifest.name


def load(path: str | Path) -> Connector:
    """The connector in a folder (or the folder of a given `connector.yaml`). Raises Problems, all at once."""
    folder = Path(path)
    folder = folder.parent if folder.name == FILE else folder
    document = load_document(folder / FILE)
    hatch = folder / HATCH_FILE
    source = _read(hatch) if hatch.exists() else None
    connector = _assemble(document, (folder / FILE).read_text("utf-8-sig"), source, str(hatch))
    if folder.resolve().name != connector.name:
        what = f"the folder is named {folder.resolve().name} and the connector {connector.name}"
        raise Problems([document.problem(("name",), what, "give both the same name")])
    return connector


def load_sources(sources: Mapping[str, str]) -> Connector:
    """The connector again from `Connector.sources`, as a pinned flow stored them. Raises Problems."""
    document = loads(sources[FILE], FILE)
    return _assemble(document, sources[FILE], sources.get(HATCH_FILE), HATCH_FILE)


def _assemble(document: Document, text: str, hatch_source: str | None, hatch_file: str) -> Connector:
    problems: list[Problem] = []
    manifest = _gathered(problems, lambda: validate(document, Manifest))
    name = manifest.name if manifest else "unnamed"
    hatch = None
    if hatch_source is not None:
        hatch = _gathered(problems, lambda: load_hatch(hatch_source, hatch_file, name))
    if manifest is None:
        raise Problems([*problems, *rules.expressions_alone(document)])
    compiler = Compiler(
        document, {"settings": set(manifest.settings), "secrets": set(manifest.secrets), "connection": {"name", "mode"}}
    )
    rules.check(compiler, manifest, hatch, bool(problems))
    operations = {key: compile_operation(compiler, manifest, key) for key in manifest.operations if key in CAPABILITIES}
    auths = tuple(compile_auth(compiler, auth, rules.auth_place(document, i)) for i, auth in enumerate(manifest.auth))
    base = compiler.line(manifest.base_url, ("base_url",), {"settings"}) if manifest.base_url else None
    test = manifest.test_credentials
    tested = compiler.shape(test, ("test_credentials",), {"settings", "secrets"}) if test is not None else None
    compiler.problems += problems
    compiler.finish()
    sources = {FILE: text, **({HATCH_FILE: hatch_source} if hatch_source is not None else {})}
    digest = _digest(document, hatch_source, manifest.sdk)
    return Connector(manifest, operations, auths, base, tested, hatch, document, sources, digest)


def _gathered(problems: list[Problem], make: Callable[[], T]) -> T | None:
    try:
        return make()
    except Problems as found:
        problems += found.problems
        return None


def _digest(document: Document, hatch: str | None, sdk: str | None) -> str:
    if hatch is None:
        return document.hash
    parts = [document.hash, hashlib.sha256(hatch.encode()).hexdigest(), sdk, sdk_version(sdk)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        what = f"the file cannot be read: {type(error).__name__}"
        raise Problems([Problem(str(path), 1, 1, "", what, "give a readable UTF-8 file")]) from error
