"""From a `mappings/<id>.yaml` to a Mapping that is ready to run, or all of its problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.language.document import Document, validate
from hub.language.document import load as load_document
from hub.language.expression import Expression
from hub.language.functions import default_functions
from hub.language.problem import Problem, Problems
from hub.language.schema import publish
from hub.language.template import Template
from hub.mapping.manifest import Facts, MappingManifest
from hub.model.money import exponent

Place = tuple[str | int, ...]

_FUNCTIONS = default_functions(exponent)
_TOP = ("source", "settings", "tables")
_RESERVED = frozenset({*_TOP, "item", "index", "parent"})


@dataclass(frozen=True, slots=True)
class CompiledFacts:
    """A `Facts` section, ready to run."""

    produces: str
    each: Expression
    when: Expression | None
    id: Expression
    version: Expression
    fields: Template


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping, ready to run. `hash` is its document's."""

    manifest: MappingManifest
    document: Document
    documents: Expression | None
    when: Expression | None
    require: tuple[Expression, ...]
    let: tuple[tuple[str, Template], ...]
    source_order_id: Expression | None
    entity_id: Expression | None
    version: Expression | None
    fields: Template
    also: tuple[CompiledFacts, ...]

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def hash(self) -> str:
        return self.document.hash


def load(path: str | Path) -> Mapping:
    """The mapping that a file declares. Raises Problems."""
    return compile_mapping(load_document(path), Path(path).stem)


def schema() -> dict[str, Any]:
    """The JSON Schema of a mapping, for editors."""
    return publish(MappingManifest, "mapping", "How one shape of payload becomes canonical facts.")


def compile_mapping(document: Document, stem: str | None = None) -> Mapping:
    """The mapping that a document declares; `stem` is the name of its file without .yaml. Raises Problems."""
    manifest = validate(document, MappingManifest)
    compiler = _Compiler(document)
    problems = list(_faults(document, manifest, stem))
    let: list[tuple[str, Template]] = []
    for name, node in manifest.let.items():
        let.append((name, compiler.template(node, ("let", name))))
        compiler.names.add(name)
    mapping = Mapping(
        manifest=manifest,
        document=document,
        documents=compiler.optional(manifest.documents, ("documents",), _TOP),
        when=compiler.optional(manifest.when, ("when",)),
        require=tuple(
            compiler.formula(part.that, ("require", index, "that"), _TOP) for index, part in enumerate(manifest.require)
        ),
        let=tuple(let),
        source_order_id=compiler.optional(manifest.source_order_id, ("source_order_id",)),
        entity_id=compiler.optional(manifest.entity_id, ("entity_id",)),
        version=compiler.optional(manifest.version, ("version",)),
        fields=compiler.template(manifest.fields, ("fields",)),
        also=tuple(compiler.facts(part, ("also", index)) for index, part in enumerate(manifest.also)),
    )
    if problems or compiler.problems:
        raise Problems([*problems, *compiler.problems])
    return mapping


def _faults(document: Document, manifest: MappingManifest, stem: str | None) -> Iterator[Problem]:
    if stem is not None and manifest.id != stem:
        yield document.problem(("id",), f"the id is '{manifest.id}', the file is {stem}.yaml", f"write id: {stem}")
    for name in _RESERVED & set(manifest.let):
        yield document.problem(
            ("let", name), f"'{name}' is a name of the language's own", "call it otherwise", at_key=True
        )
    needed = {
        "order": ("source_order_id", "version", "fields"),
        "evidence": ("fields",),
        "deleted": ("source_order_id",),
    }
    for key in needed.get(manifest.produces, ("source_order_id", "entity_id", "version", "fields")):
        if not getattr(manifest, key):
            what = f"a mapping that produces {manifest.produces} needs '{key}'"
            yield document.problem(("produces",), what, f"add '{key}:'")
    if manifest.also and manifest.produces != "order":
        yield document.problem(
            ("also",), "'also' belongs to an order's mapping", "write a mapping of its own", at_key=True
        )
    if not manifest.examples:
        yield document.problem((), "there is no example", "add 'examples:': they are the mapping's tests")


class _Compiler:
    """Compiles the parts, collecting every problem; what could not be compiled never runs."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.names: set[str] = set(_TOP)
        self.problems: list[Problem] = []
        self.nothing = Expression("", frozenset(), lambda value, frame: None)

    def formula(self, text: str, path: Place, names: Iterable[str] | None = None) -> Expression:
        allowed = self.names if names is None else names
        try:
            return Expression.compile(text, self.document, path, functions=_FUNCTIONS, names=allowed)
        except Problems as found:
            self.problems += found.problems
            return self.nothing

    def optional(self, text: str | None, path: Place, names: Iterable[str] | None = None) -> Expression | None:
        return None if text is None else self.formula(text, path, names)

    def template(self, node: Any, path: Place, more: Iterable[str] = ()) -> Template:
        try:
            return Template.compile(node, self.document, path, {*self.names, *more}, functions=_FUNCTIONS)
        except Problems as found:
            self.problems += found.problems
            return Template(lambda scope, rendering, place: None, frozenset())

    def facts(self, part: Facts, path: Place) -> CompiledFacts:
        inside = {*self.names, "item", "index"}
        return CompiledFacts(
            produces=part.produces,
            each=self.formula(part.each, (*path, "each")),
            when=self.optional(part.when, (*path, "when"), inside),
            id=self.formula(part.id, (*path, "id"), inside),
            version=self.formula(part.version, (*path, "version"), inside),
            fields=self.template(part.fields, (*path, "fields"), ("item", "index")),
        )
