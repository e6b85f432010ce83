"""One operation made ready to run: its templates compiled, its table in order, its reach known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.connector.compiled import Compiler, Line, Place, Shape, expressions, mentions
from hub.connector.manifest import Also, Body, Manifest, OperationSpec, Row
from hub.model.capability import CAPABILITIES, Capability

REQUEST = {"input", "settings", "connection", "tables"}
ANSWER = {"answer", "status", "headers", "input", "settings", "tables"}


@dataclass(frozen=True)
class CompiledRow:
    """A line of the outcome table. `statuses` empty: any."""

    spec: Row
    when: Shape | None
    code: Shape | None
    message: Shape | None
    retry_after: Shape | None
    result: Shape | None

    def fits(self, status: int) -> bool:
        wanted = self.spec.status
        return not wanted or str(status) in wanted or f"{status // 100}xx" in wanted


@dataclass(frozen=True)
class CompiledBody:
    kind: str  # json, form, xml, graphql
    shape: Shape
    query: str | None = None  # graphql


@dataclass(frozen=True)
class CompiledAlso:
    path: Line
    query: Shape
    body: CompiledBody | None = None


@dataclass(frozen=True)
class Operation:
    """`carried`: the input fields that the answer's templates read; they are stored with the prepared request."""

    capability: Capability
    spec: OperationSpec
    path: Line | None
    query: Shape
    headers: tuple[Shape, ...]
    body: CompiledBody | None
    refuse: tuple[Shape, ...]
    rows: tuple[CompiledRow, ...]
    result: Shape
    replayed: Shape | None
    next_page: Shape | None
    also: dict[str, CompiledAlso]
    carried: tuple[str, ...]

    @property
    def mutating(self) -> bool:
        return self.capability.mutating

    @property
    def cursored(self) -> bool:
        """The caller turns the pages, one per call; otherwise the engine gathers them."""
        return "cursor" in self.capability.input


def input_fields(capability: Capability) -> set[str]:
    return {*capability.input, "reference", "order"}


def compile_operation(compiler: Compiler, manifest: Manifest, name: str) -> Operation:
    """The operation `name` of the manifest; problems are left with the compiler."""
    spec = manifest.operations[name]
    capability = CAPABILITIES[name]
    place: Place = ("operations", name)
    fields = {"input": input_fields(capability)}
    first = REQUEST | ({"page"} if spec.pages else set())  # what the further questions see
    asks = first | ({"also"} if spec.also and capability.mutating else set())
    tells = ANSWER | ({"also"} if spec.also and not capability.mutating else set())

    def request(node: Any, *where: str | int) -> Shape:
        return compiler.shape(node, (*place, *where), asks, fields)

    def answer(node: Any, *where: str | int) -> Shape:
        return compiler.shape(node, (*place, *where), tells | first, fields)

    rows = [_row(compiler, row, (*place, "outcomes", i), tells, fields) for i, row in enumerate(spec.outcomes)]
    rows += [_row(compiler, row, ("outcomes", i), tells, fields) for i, row in enumerate(manifest.outcomes)]
    replayed = spec.safety.replayed if spec.safety else None
    return Operation(
        capability=capability,
        spec=spec,
        path=compiler.line(spec.path, (*place, "path"), asks, fields) if spec.path else None,
        query=request(spec.query, "query"),
        headers=(compiler.shape(manifest.headers, ("headers",), REQUEST, fields), request(spec.headers, "headers")),
        body=_body(compiler, spec.body, (*place, "body"), asks, fields) if spec.body else None,
        refuse=tuple(request(rule.when, "refuse", i, "when") for i, rule in enumerate(spec.refuse)),
        rows=tuple(rows),
        result=answer(spec.result, "result"),
        replayed=answer(replayed, "safety", "replayed") if replayed is not None else None,
        next_page=answer(spec.pages.next, "pages", "next") if spec.pages and spec.pages.next else None,
        also={key: _also(compiler, one, (*place, "also", key), first, fields) for key, one in spec.also.items()},
        carried=_carried(manifest, spec, capability),
    )


def _row(compiler: Compiler, row: Row, place: Place, names: set[str], fields: dict[str, set[str]]) -> CompiledRow:
    def shape(node: Any, key: str) -> Shape | None:
        return None if node is None else compiler.shape(node, (*place, key), names, fields)

    return CompiledRow(
        row,
        shape(row.when, "when"),
        shape(row.code, "code"),
        shape(row.message, "message"),
        shape(row.retry_after, "retry_after"),
        shape(row.result, "result"),
    )


def _also(compiler: Compiler, one: Also, place: Place, names: set[str], fields: dict[str, set[str]]) -> CompiledAlso:
    return CompiledAlso(
        compiler.line(one.path, (*place, "path"), names, fields),
        compiler.shape(one.query, (*place, "query"), names, fields),
        _body(compiler, one.body, (*place, "body"), names, fields) if one.body else None,
    )


def _body(
    compiler: Compiler, body: Body, place: Place, names: set[str], fields: dict[str, set[str]]
) -> CompiledBody | None:
    given = [kind for kind in ("json", "form", "xml", "graphql") if _given(body, kind)]
    if len(given) != 1:
        compiler.report(place, "a body is exactly one of json, form, xml and graphql", "keep one of them")
        return None
    kind = given[0]
    if kind == "graphql" and body.graphql is not None:
        variables = compiler.shape(body.graphql.variables, (*place, kind, "variables"), names, fields)
        return CompiledBody(kind, variables, body.graphql.query)
    node = body.json_ if kind == "json" else getattr(body, kind)
    return CompiledBody(kind, compiler.shape(node, (*place, kind), names, fields))


def _given(body: Body, kind: str) -> bool:
    return ("json_" if kind == "json" else kind) in body.model_fields_set


def _carried(manifest: Manifest, spec: OperationSpec, capability: Capability) -> tuple[str, ...]:
    told: list[Any] = [spec.result, spec.pages.next if spec.pages else None]
    told += [row.model_dump() for row in (*spec.outcomes, *manifest.outcomes)]
    if spec.safety:
        told.append(spec.safety.replayed)
    read = {match[1] for _, text in expressions(told) for match in mentions(text, "input")}
    return tuple(sorted(read & input_fields(capability)))
