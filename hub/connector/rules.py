"""What must hold between the parts of a manifest, beyond the form of each."""

from __future__ import annotations

import re

from hub.connector.compiled import Compiler, Place, expressions, mentions
from hub.connector.manifest import Manifest, OperationSpec, SafetySpec, Setting
from hub.connector.plugin import Hatch, function_names, sdk_version
from hub.language.document import Document
from hub.language.problem import Problem, suggestion
from hub.model.capability import CAPABILITIES, Capability, Safety

_CLASSES = ", ".join(kind.value for kind in Safety)


def check(compiler: Compiler, manifest: Manifest, hatch: Hatch | None, hatch_failed: bool) -> None:
    """Leaves every problem with the compiler."""
    for name, setting in manifest.settings.items():
        _setting(compiler, ("settings", name), setting)
    for name, spec in manifest.operations.items():
        place: Place = ("operations", name)
        capability = CAPABILITIES.get(name)
        if capability is None:
            compiler.report(place, f"'{name}' is not a capability", suggestion(name, CAPABILITIES), at_key=True)
            continue
        _request(compiler, place, spec, capability, manifest)
        _safety(compiler, place, spec, capability, manifest)
        _outcomes(compiler, place, spec, capability, manifest)
        _result(compiler, place, spec, capability)
        _pages(compiler, place, spec, capability)
        if spec.hatch and not hatch_failed:
            _hatch(compiler, place, name, hatch)
        if not spec.examples:
            compiler.report(place, "the operation has no example", "add examples: they are its test", at_key=True)
    if manifest.sdk and sdk_version(manifest.sdk) is None:
        compiler.report(("sdk",), f"{manifest.sdk} is not installed", f"install it: pip install {manifest.sdk}")


def auth_place(document: Document, index: int) -> Place:
    """Where the n-th way of authorising stands; one alone needs no list."""
    return ("auth", index) if isinstance(document.data.get("auth"), list) else ("auth",)


def expressions_alone(document: Document) -> list[Problem]:
    """The faults of all expressions in a document whose form is too broken to compile it whole."""
    compiler = Compiler(document, {})
    names = {
        "input",
        "settings",
        "connection",
        "secrets",
        "answer",
        "status",
        "headers",
        "page",
        "also",
        "item",
        "index",
    }
    names |= {"tables", "parent", "method", "path", "query", "url", "body", "body_sha256", "timestamp", "nonce"}
    for place, text in expressions(document.data):
        compiler.shape(text, place, names)
    return compiler.problems


def _setting(compiler: Compiler, place: Place, setting: Setting) -> None:
    if (setting.type == "choice") != (setting.choices is not None):
        compiler.report(place, "a setting has choices exactly when its type is choice", "give both or neither")
    if setting.pattern is not None:
        try:
            re.compile(setting.pattern)
        except re.error as error:
            compiler.report((*place, "pattern"), f"not a regular expression: {error}", "correct it")


def _request(compiler: Compiler, place: Place, spec: OperationSpec, capability: Capability, manifest: Manifest) -> None:
    if spec.hatch:
        for key in ("method", "path", "body", "pages", "query", *(() if capability.mutating else ("also",))):
            if key in spec.model_fields_set:
                compiler.report((*place, key), f"a hatch makes its own request: '{key}' has no meaning", "remove it")
        return
    for key in ("method", "path"):
        if getattr(spec, key) is None:
            compiler.report(place, f"the operation has no {key}", f"add '{key}:', or 'hatch: true'", at_key=True)
    if manifest.base_url is None:
        compiler.report(("operations",), "the connector has no base_url", "add 'base_url:'", at_key=True)
    _questions(compiler, (*place, "also"), spec)
    if spec.method == "GET" and spec.body is not None:
        compiler.report((*place, "body"), "a GET has no body", "remove it, or use another method")
    paths = [(spec.path, (*place, "path")), *((a.path, (*place, "also", k, "path")) for k, a in spec.also.items())]
    for path, where in paths:
        if path is not None and (not path.startswith("/") or path.startswith("//") or "?" in path):
            compiler.report(where, "a path begins with one '/' and holds no '?'", "put parameters under query:")


def _questions(compiler: Compiler, place: Place, spec: OperationSpec) -> None:
    """A further question changes nothing, or one operation would be several changes."""
    for name, one in spec.also.items():
        asked = one.body.graphql.query.lstrip() if one.body and one.body.graphql else ""
        if asked.startswith(("mutation", "subscription")):
            what = "a further question changes something"
            compiler.report((*place, name, "body", "graphql", "query"), what, "ask with a query")


def _safety(compiler: Compiler, place: Place, spec: OperationSpec, capability: Capability, manifest: Manifest) -> None:
    if not capability.mutating:
        if spec.safety is not None:
            compiler.report((*place, "safety"), f"{capability.name} changes nothing", "remove 'safety:'", at_key=True)
        return
    if spec.safety is None:
        what = f"{capability.name} changes something and does not say how it happens once"
        compiler.report(place, what, f"add 'safety: {{class: ...}}', one of {_CLASSES}", at_key=True)
        return
    if spec.method == "GET":
        compiler.report((*place, "method"), "a change is not made with GET", "use the method the provider documents")
    _safety_class(compiler, (*place, "safety"), spec, spec.safety, capability, manifest)


def _safety_class(
    compiler: Compiler,
    place: Place,
    spec: OperationSpec,
    safety: SafetySpec,
    capability: Capability,
    manifest: Manifest,
) -> None:
    kind = safety.cls
    if kind is Safety.KEY:
        if bool(safety.header) == bool(safety.field) and not spec.hatch:
            compiler.report(place, "class key needs to know where the key rides", "give one of header and field")
        if safety.lifetime is None:
            compiler.report(place, "class key needs the key's lifetime", "add 'lifetime: 24h', as the provider says")
        if safety.field and (spec.body is None or spec.body.xml is not None):
            compiler.report((*place, "field"), "there is no JSON, form or GraphQL body for the key", "use a header")
    elif {"header", "field", "lifetime", "replayed"} & safety.model_fields_set:
        compiler.report(place, f"header, field, lifetime and replayed belong to class key, not {kind}", "remove them")
    if kind is Safety.AT_LEAST_ONCE and capability.name != "notification.send":
        what = "at_least_once is for customer messages only"
        compiler.report((*place, "class"), what, "use key, unique, lookup, repeatable or none")
    if kind in (Safety.UNIQUE, Safety.LOOKUP):
        _named(compiler, place, spec, capability)
        if safety.find is None:
            compiler.report(place, f"class {kind} needs an operation to find it with", f"add 'find: {capability.find}'")
    if kind is Safety.UNIQUE and not any(row.then == "duplicate" for row in (*spec.outcomes, *manifest.outcomes)):
        what = "class unique needs a row that knows the provider's 'already there'"
        compiler.report(place, what, "add a row with 'then: duplicate'")
    if safety.find is not None and safety.find not in manifest.operations:
        compiler.report(
            (*place, "find"), f"there is no operation {safety.find}", suggestion(safety.find, manifest.operations)
        )


def _named(compiler: Compiler, place: Place, spec: OperationSpec, capability: Capability) -> None:
    """What is to be found again must carry our name, or act on an object whose id we know."""
    sent = [spec.path and f"= {spec.path}", spec.query, spec.headers, spec.body.model_dump() if spec.body else None]
    read = {match[1] for _, text in expressions(sent) for match in mentions(text, "input")}
    known = {"reference", "id", "payment", "shipment_id", "source_id", "address"}
    if not spec.hatch and not read & known:
        compiler.report(place, "the request does not carry our reference", "send input.reference to the provider")


def _outcomes(
    compiler: Compiler, place: Place, spec: OperationSpec, capability: Capability, manifest: Manifest
) -> None:
    rows = [*spec.outcomes, *manifest.outcomes]
    if capability.mutating and not spec.hatch and not any(row.then == "done" for row in rows):
        what = "no answer counts as success: only an explicit one does"
        compiler.report(place, what, "add a row with 'then: done' to outcomes:", at_key=True)
    for index, row in enumerate(spec.outcomes):
        if row.then == "duplicate" and not capability.mutating:
            compiler.report(
                (*place, "outcomes", index, "then"), "a question cannot be a duplicate", "use done or refused"
            )


def _result(compiler: Compiler, place: Place, spec: OperationSpec, capability: Capability) -> None:
    for key in spec.result:
        if key not in capability.result:
            what = f"{capability.name} gives no '{key}'"
            compiler.report((*place, "result", key), what, suggestion(key, capability.result), at_key=True)
    if spec.hatch:
        return
    given = set(spec.result) | ({"next"} if spec.pages else set())
    for key in capability.result:
        if key not in given:
            where = (*place, "result") if spec.result else place
            compiler.report(where, f"the result lacks '{key}'", f"add '{key}:' (null where the provider has none)")


def _pages(compiler: Compiler, place: Place, spec: OperationSpec, capability: Capability) -> None:
    if spec.pages is None:
        return
    where = (*place, "pages")
    if capability.mutating:
        compiler.report(where, "a change has no pages", "remove 'pages:'")
    if (spec.pages.style == "link") == (spec.pages.next is not None):
        compiler.report(where, "style link reads the Link header; the others need next", "give next, or style: link")
    asked = [spec.path and f"= {spec.path}", spec.query, spec.headers, spec.body.model_dump() if spec.body else None]
    if spec.pages.style == "value" and not any(re.search(r"\bpage\b", text) for _, text in expressions(asked)):
        compiler.report(where, "the request never asks for the next page", "use 'page' in query:, headers: or body:")


def _hatch(compiler: Compiler, place: Place, name: str, hatch: Hatch | None) -> None:
    if hatch is None:
        compiler.report((*place, "hatch"), "there is no operations.py beside the manifest", "write it")
        return
    for function, found in zip(function_names(name), (hatch.prepare(name), hatch.send(name)), strict=True):
        if not callable(found):
            compiler.report((*place, "hatch"), f"{hatch.file} has no function {function}", f"write {function}")
