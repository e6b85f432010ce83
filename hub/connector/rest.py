"""Builds the exact request of an operation from its templates. What comes out is stored before it is sent.

A prepared request is canonical JSON and holds no credential: method, path, query, headers, the body's text, and those
input fields which the answer's templates will read. Every try sends these bytes again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.connector import encode
from hub.connector.compiled import Fault, Line, Scope, Shape, plain
from hub.connector.operation import CompiledAlso, CompiledBody, Operation
from hub.language.decode import canonical_json, decode_json
from hub.wire.address import segment
from hub.wire.call import Blocked, header_fault

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Prepared:
    method: str
    path: str
    query: Pairs = ()
    headers: Pairs = ()
    body: str = ""
    input: Mapping[str, Any] | None = None
    hatch: Any = None  # what a hatch's `prepare` gave, instead of the above

    def store(self) -> bytes:
        """The bytes to keep: canonical JSON."""
        if self.hatch is not None:
            return canonical_json({"hatch": self.hatch, "input": dict(self.input or {})})
        return canonical_json(
            {
                "method": self.method,
                "path": self.path,
                "query": [list(pair) for pair in self.query],
                "headers": [list(pair) for pair in self.headers],
                "body": self.body,
                "input": dict(self.input or {}),
            }
        )

    @classmethod
    def stored(cls, data: bytes) -> Prepared:
        """What `store` kept."""
        value = decode_json(data)
        if "hatch" in value:
            return cls("", "", input=value["input"], hatch=value["hatch"])
        return cls(
            value["method"],
            value["path"],
            tuple((name, text) for name, text in value["query"]),
            tuple((name, text) for name, text in value["headers"]),
            value["body"],
            value["input"],
        )


def build(operation: Operation, scope: Scope) -> Prepared:
    """The request for `scope` (input, settings, connection, and page where it has pages). Raises `Fault`."""
    refused(operation, scope)
    if operation.path is None or operation.spec.method is None:
        raise Fault("the operation has no path", operation.capability.name)
    headers = _headers(operation.headers, scope)
    body = ""
    if operation.body is not None:
        kind, body = _body(operation.body, scope)
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers = (*headers, ("Content-Type", kind))
    return Prepared(
        operation.spec.method,
        _path(operation.path, scope),
        _paged(operation, _query(operation.query, scope), scope.get("page")),
        headers,
        body,
        {name: scope["input"].get(name) for name in operation.carried},
    )


def build_also(operation: Operation, scope: Scope) -> dict[str, Prepared]:
    """The further questions, in the order of the manifest."""
    headers = _headers(operation.headers, scope)
    return {name: _question(also, headers, scope) for name, also in operation.also.items()}


def _question(also: CompiledAlso, headers: Pairs, scope: Scope) -> Prepared:
    path, query = _path(also.path, scope), _query(also.query, scope)
    if also.body is None:
        return Prepared("GET", path, query, headers)
    kind, body = _body(also.body, scope)
    kept = tuple(pair for pair in headers if pair[0].lower() != "content-type")
    return Prepared("POST", path, query, (*kept, ("Content-Type", kind)), body)


def hand_made(operation: Operation, scope: Scope, method: str, path: str, body: Any) -> Prepared:
    """A request that a hatch made itself, with the manifest's headers. Raises `Fault`."""
    headers = _headers(operation.headers, scope)
    if body is None:
        return Prepared(method, path, (), headers)
    return Prepared(method, path, (), (*headers, ("Content-Type", encode.JSON)), encode.json_text(body))


def refused(operation: Operation, scope: Scope) -> None:
    """Raises `Fault` when the manifest says that the provider cannot serve this input."""
    for shape, rule in zip(operation.refuse, operation.spec.refuse, strict=True):
        if shape.holds(scope):
            raise Refused(rule.what, shape.path, rule.mend)


class Refused(Fault):
    """Input that the provider cannot serve, by the manifest's own word."""

    def __init__(self, what: str, path: str, mend: str) -> None:
        super().__init__(what, path)
        self.mend = mend


def _path(line: Line, scope: Scope) -> str:
    try:
        return line.render(scope, segment)
    except Blocked as error:
        raise Fault(error.what, "path") from error


def _query(shape: Shape, scope: Scope) -> Pairs:
    return tuple(encode.query_pairs(shape.render(scope), shape.path))


def _paged(operation: Operation, query: Pairs, page: Any) -> Pairs:
    """The next page's link may say anything in its query, and nothing else: its parameters win over the manifest's."""
    if operation.spec.pages is None or operation.spec.pages.style == "value" or not isinstance(page, Mapping):
        return query
    kept = tuple(pair for pair in query if pair[0].lower() not in {str(name).lower() for name in page})
    return (*kept, *encode.query_pairs(dict(page), "page"))


def _headers(shapes: tuple[Shape, ...], scope: Scope) -> Pairs:
    """Later shapes win; null leaves a header out. A value that must not travel in a header is a fault."""
    found: dict[str, tuple[str, str]] = {}
    for shape in shapes:
        for name, value in shape.render(scope).items():
            text = plain(value, f"{shape.path}.{name}")
            if text is None:
                continue
            fault = header_fault(name, text)
            if fault:
                raise Fault(fault, f"{shape.path}.{name}")
            found[name.lower()] = (name, text)
    return tuple(found.values())


def _body(body: CompiledBody, scope: Scope) -> tuple[str, str]:
    node = body.shape.render(scope)
    if body.kind == "graphql":
        return encode.JSON, encode.json_text({"query": body.query, "variables": node})
    if body.kind == "json":
        return encode.JSON, encode.json_text(node)
    if body.kind == "form":
        return encode.FORM, encode.form_text(encode.form_pairs(node, body.shape.path))
    return encode.XML, encode.xml_text(node, body.shape.path)


def with_key(prepared: Prepared, operation: Operation, key: str | None) -> tuple[Pairs, str]:
    """Headers and body with the idempotency key where the manifest says it rides."""
    safety = operation.spec.safety
    if key is None or safety is None:
        return prepared.headers, prepared.body
    if safety.header:
        return (*prepared.headers, (safety.header, key)), prepared.body
    if safety.field:
        return prepared.headers, _with_field(prepared, operation, safety.field, key)
    return prepared.headers, prepared.body


def _with_field(prepared: Prepared, operation: Operation, field: str, key: str) -> str:
    if operation.body is not None and operation.body.kind == "form":
        pair = encode.form_text([(field, key)])
        return f"{prepared.body}&{pair}" if prepared.body else pair
    node = decode_json(prepared.body.encode()) if prepared.body else {}
    if operation.body is not None and operation.body.kind == "graphql":
        return encode.json_text({**node, "variables": {**node["variables"], field: key}})
    return encode.json_text({**node, field: key})
