"""Runs a query that was found right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.sandbox.shopify.checking import problems_of
from hub.sandbox.shopify.language import Directive, Document, Enum, Field, Operation, Selection, Spread, Variable, parse
from hub.sandbox.shopify.schema import Def, FieldProblem, GraphProblem, Page, Schema, paged


def run(schema: Schema, text: str, variables: Mapping[str, Any], name: str | None, root: Any) -> dict[str, Any]:
    """The answer's document: `data` and, where fields failed, `errors`. Raises SyntaxProblem and GraphProblem."""
    document = parse(text)
    index = _chosen(document, name)
    problems = problems_of(text, index, schema)
    if problems:
        raise GraphProblem(list(problems))
    operation = document.operations[index]
    runner = _Runner(schema, document.fragments, _bound(operation, variables))
    data = runner.select("Mutation" if operation.kind == "mutation" else "QueryRoot", root, operation.selections, [])
    return {"data": data, "errors": runner.errors} if runner.errors else {"data": data}


def _chosen(document: Document, name: str | None) -> int:
    found = [index for index, each in enumerate(document.operations) if name is None or each.name == name]
    if len(found) != 1:
        what = f"No operation named {name!r}" if not found else "An operation name is required"
        raise GraphProblem([{"message": what}])
    return found[0]


def _bound(operation: Operation, variables: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for declared in operation.variables:
        value = variables.get(declared.name, declared.default)
        if value is None and declared.required:
            what = f"Variable ${declared.name} of type {declared.type} was provided invalid value"
            problem = {"value": None, "problems": [{"path": [], "explanation": "Expected value to not be null"}]}
            raise GraphProblem([{"message": what, "extensions": problem | {"code": "INVALID_VARIABLE"}}])
        if declared.name in variables or declared.default is not None:
            values[declared.name] = value
    return values


class _Runner:
    def __init__(self, schema: Schema, fragments: Mapping[str, Spread], variables: Mapping[str, Any]) -> None:
        self.types, self.fragments, self.variables = schema.types, fragments, variables
        self.errors: list[dict[str, Any]] = []

    def select(self, kind: str, source: Any, selections: tuple[Selection, ...], path: list[str]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for field in self.fields(kind, selections):
            if field.name == "__typename":
                result[field.key] = kind
            else:
                result[field.key] = self.resolve(self.types[kind][field.name], source, field, [*path, field.key])
        return result

    def resolve(self, found: Def, source: Any, field: Field, path: list[str]) -> Any:
        arguments = {name: self.value(value) for name, value in field.arguments.items()}
        for directive in field.directives:
            arguments["@" + directive.name] = {name: self.value(value) for name, value in directive.arguments.items()}
        try:
            value = found.resolve(source, arguments)
            if value is None or found.shape == "leaf":
                return value
            if found.shape == "one":
                return self.select(found.type, value, field.selections, path)
            if found.shape == "many":
                return [self.select(found.type, each, field.selections, path) for each in value]
            return self.pages(found, paged(value, arguments), field.selections, path)
        except FieldProblem as problem:
            place = [{"line": field.line, "column": field.column}]
            self.errors.append(
                {"message": str(problem), "locations": place, "path": path, "extensions": {"code": problem.code}}
            )
            return None

    def pages(self, found: Def, page: Page, selections: tuple[Selection, ...], path: list[str]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for field in self.fields(found.type + "Connection", selections):
            if field.name == "nodes":
                result[field.key] = [self.select(found.type, each, field.selections, path) for each in page.nodes]
            elif field.name == "edges":
                result[field.key] = [
                    self.edge(found, node, cursor, field.selections, path)
                    for node, cursor in zip(page.nodes, page.cursors, strict=True)
                ]
            elif field.name == "pageInfo":
                result[field.key] = {
                    each.key: _info(page, each.name) for each in self.fields("PageInfo", field.selections)
                }
            else:
                result[field.key] = found.type + "Connection"
        return result

    def edge(self, found: Def, node: Any, cursor: str, selections: tuple[Selection, ...], path: list[str]) -> Any:
        return {
            each.key: cursor if each.name == "cursor" else self.select(found.type, node, each.selections, path)
            for each in self.fields(found.type + "Edge", selections)
        }

    def fields(self, kind: str, selections: tuple[Selection, ...]) -> list[Field]:
        found: list[Field] = []
        for each in selections:
            if isinstance(each, Field):
                if not self.left_out(each.directives):
                    found.append(each)
            else:
                inner = self.fragments[each.name] if each.name else each
                if inner.on in (None, kind) or inner.on == "Node":
                    found.extend(self.fields(kind, inner.selections))
        return found

    def left_out(self, directives: tuple[Directive, ...]) -> bool:
        for directive in directives:
            if directive.name in ("skip", "include"):
                condition = bool(self.value(directive.arguments.get("if")))
                if condition == (directive.name == "skip"):
                    return True
        return False

    def value(self, value: Any) -> Any:
        if isinstance(value, Variable):
            return self.value(self.variables.get(value.name))  # a default may hold enum values
        if isinstance(value, Enum):
            return value.name
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if isinstance(value, dict):
            return {name: self.value(each) for name, each in value.items()}
        return value


def _info(page: Page, name: str) -> Any:
    return {
        "hasNextPage": page.more,
        "hasPreviousPage": page.earlier,
        "startCursor": page.cursors[0] if page.cursors else None,
        "endCursor": page.cursors[-1] if page.cursors else None,
        "__typename": "PageInfo",
    }[name]
