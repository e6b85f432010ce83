"""From a `webhooks/<id>.yaml` to a Source, or all of its problems at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.language.document import Document, load, validate
from hub.language.expression import Expression
from hub.language.functions import default_functions
from hub.language.problem import Problem, Problems
from hub.language.schema import publish
from hub.model.money import exponent
from hub.webhook.examples import failed_examples
from hub.webhook.manifest import WebhookManifest
from hub.webhook.ping import PingRule
from hub.webhook.reading import Selector
from hub.webhook.signature import FAMILIES
from hub.webhook.source import Rule, Source
from hub.webhook.verifier import Verifier

# Kinds that mean something only through what a mapping reads in the payload.
_NEEDS_MAPPING = frozenset({"order", "refund", "fulfillment", "evidence", "deleted"})
_FUNCTIONS = default_functions(exponent)
_PLACEHOLDER = re.compile(r"\{(?!digits\})[^}]*\}?|(?<!digits)\}")


def load_source(path: str | Path) -> Source:
    """The source that a file declares. Raises Problems."""
    return compile_source(load(path), Path(path).stem)


def check_file(path: str | Path) -> list[Problem]:
    """Everything that is wrong in a file, the examples that do not come out as they say included."""
    try:
        document = load(path)
        return failed_examples(compile_source(document, Path(path).stem), document)
    except Problems as found:
        return list(found.problems)


def load_folder(folder: Path) -> dict[str, Source]:
    """Every source in a folder, by id. Raises Problems with the faults of all files."""
    sources: dict[str, Source] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            source = load_source(path)
        except Problems as found:
            problems += found.problems
        else:
            sources[source.manifest.id] = source
    if problems:
        raise Problems(problems)
    return sources


def schema() -> dict[str, Any]:
    """The JSON Schema of a webhook manifest, for editors."""
    return publish(
        WebhookManifest, "webhook", "One source of webhooks: how its deliveries are known and what they mean."
    )


def compile_source(document: Document, stem: str | None = None) -> Source:
    """The source that a document declares; `stem` is the name of its file without .yaml. Raises Problems."""
    manifest = validate(document, WebhookManifest)
    compiler = _Compiler(document)
    problems = [*_faults(document, manifest, stem)]
    topic_body = compiler.formula(manifest.topic.body, ("topic", "body"), "source")
    id_body = compiler.formula(manifest.delivery_id.body, ("delivery_id", "body"), "source")
    rules = {
        topic: Rule(
            entry.kind,
            entry.mapping,
            compiler.formula(entry.require, ("topics", topic, "require"), "source", "settings"),
        )
        for topic, entry in manifest.topics.items()
    }
    problems += compiler.problems
    if problems:
        raise Problems(problems)
    return Source(
        manifest=manifest,
        hash=document.hash,
        verifier=Verifier.of(
            manifest.signature.scheme,
            dict(manifest.signature.headers),
            manifest.signature.secret_form,
        ),
        pings=tuple(PingRule.of(ping) for ping in manifest.pings),
        topic_body=Selector.of(topic_body) if topic_body else None,
        id_body=Selector.of(id_body) if id_body else None,
        rules=rules,
    )


class _Compiler:
    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Problem] = []

    def formula(self, text: str | None, path: tuple[str | int, ...], *names: str) -> Expression | None:
        if text is None:
            return None
        try:
            return Expression.compile(text, self._document, path, functions=_FUNCTIONS, names=names)
        except Problems as found:
            self.problems += found.problems
            return None


def _faults(document: Document, manifest: WebhookManifest, stem: str | None) -> Iterator[Problem]:
    """What the shape alone cannot say."""
    if stem is not None and manifest.id != stem:
        yield document.problem(("id",), f"the id '{manifest.id}' is not the file's name", f"write 'id: {stem}'")
    roles, given = FAMILIES[manifest.signature.scheme].roles, manifest.signature.headers
    place = ("signature", "headers")
    for role in roles:
        if role not in given:
            yield document.problem(place, f"the header of the role '{role}' is missing", f"add '{role}: HEADER'")
    for role in given:
        if role not in roles:
            what = f"the scheme {manifest.signature.scheme} reads no '{role}'"
            yield document.problem((*place, role), what, "remove it", at_key=True)
    if (manifest.topic.header is None) == (manifest.topic.body is None):
        yield document.problem(("topic",), "a topic is named by one thing", "give either 'header' or 'body'")
    for topic, entry in manifest.topics.items():
        if entry.kind in _NEEDS_MAPPING and entry.mapping is None:
            what = f"a topic of kind '{entry.kind}' needs a mapping"
            yield document.problem(
                ("topics", topic), what, "add 'mapping: NAME', or make its kind 'ignore'", at_key=True
            )
    for index, ping in enumerate(manifest.pings):
        if _PLACEHOLDER.search(ping.body):
            what, mend = "this placeholder is not known", "write '{digits}', the only one there is"
            yield document.problem(("pings", index, "body"), what, mend)
