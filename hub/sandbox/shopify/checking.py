"""Checks a query against the schema, whole, before any of it runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hub.sandbox.shopify.language import Field, Operation, Selection, Spread, Variable, parse
from hub.sandbox.shopify.schema import Def, Schema

_PAGING = frozenset({"first", "last", "after", "before", "reverse", "sortKey", "query", "savedSearchId"})
_PAGE_INFO = frozenset({"hasNextPage", "hasPreviousPage", "startCursor", "endCursor", "__typename"})


@lru_cache(maxsize=512)
def problems_of(text: str, operation: int, schema: Schema) -> tuple[dict[str, Any], ...]:
    """What is wrong with one operation of a document. Clients send few different texts, so checks are remembered."""
    document = parse(text)
    return tuple(_Check(schema, document.fragments, document.operations[operation]).problems())


class _Check:
    """Unknown fields, arguments and variables, with Shopify's codes."""

    def __init__(self, schema: Schema, fragments: Mapping[str, Spread], operation: Operation) -> None:
        self.types, self.fragments, self.operation = schema.types, fragments, operation
        self.declared = {each.name for each in operation.variables}
        self.used: set[str] = set()
        self.found: list[dict[str, Any]] = []

    def problems(self) -> list[dict[str, Any]]:
        root = "Mutation" if self.operation.kind == "mutation" else "QueryRoot"
        self.selections(root, self.operation.selections, [self.operation.kind])
        for name in sorted(self.declared - self.used):
            self.add(
                f"Variable ${name} is declared by {self.operation.name or 'anonymous'} but not used", "variableNotUsed"
            )
        return self.found

    def selections(self, kind: str, selections: tuple[Selection, ...], path: list[str]) -> None:
        for each in selections:
            if isinstance(each, Field):
                self.field(kind, each, [*path, each.key])
            elif each.name is not None and each.name not in self.fragments:
                self.add(f"Fragment {each.name} was used, but not defined", "useAndDefineFragment", path)
            elif len(path) < 60:
                inner = self.fragments[each.name] if each.name else each
                self.selections(inner.on or kind, inner.selections, path)

    def field(self, kind: str, field: Field, path: list[str]) -> None:
        if field.name == "__typename":
            return
        found = self.types.get(kind, {}).get(field.name)
        if found is None:
            extra = {"typeName": kind, "fieldName": field.name}
            self.add(f"Field '{field.name}' doesn't exist on type '{kind}'", "undefinedField", path, field, extra)
            return
        self.arguments(found, field, path)
        if found.shape == "leaf" and field.selections:
            what = f"Selections can't be made on scalars (field '{field.name}' returns a scalar but has selections)"
            self.add(what, "selectionMismatch", path, field)
        elif found.shape != "leaf" and not field.selections:
            what = f"Field must have selections (field '{field.name}' returns {found.type} but has no selections.)"
            self.add(what, "selectionMismatch", path, field)
        elif found.shape == "pages":
            self.connection(found, field, path)
        else:
            self.selections(found.type, field.selections, path)

    def arguments(self, found: Def, field: Field, path: list[str]) -> None:
        allowed = found.arguments | found.required | (_PAGING if found.shape == "pages" else frozenset())
        for name, value in field.arguments.items():
            if name not in allowed:
                self.add(f"Field '{field.name}' doesn't accept argument '{name}'", "argumentNotAccepted", path, field)
            self.uses(value, path, field)
        for directive in field.directives:
            self.uses(directive.arguments, path, field)
        missing = sorted(found.required - set(field.arguments))
        if missing:
            what = f"Field '{field.name}' is missing required arguments: {', '.join(missing)}"
            self.add(what, "missingRequiredArguments", path, field)

    def connection(self, found: Def, field: Field, path: list[str]) -> None:
        for each in self.flat(field.selections):
            inner = [*path, each.key]
            if each.name == "nodes":
                self.selections(found.type, each.selections, inner)
            elif each.name == "edges":
                for part in self.flat(each.selections):
                    if part.name == "node":
                        self.selections(found.type, part.selections, [*inner, "node"])
                    elif part.name not in ("cursor", "__typename"):
                        self.unknown(f"{found.type}Edge", part, inner)
            elif each.name == "pageInfo":
                for part in self.flat(each.selections):
                    if part.name not in _PAGE_INFO:
                        self.unknown("PageInfo", part, inner)
            elif each.name != "__typename":
                self.unknown(f"{found.type}Connection", each, inner)

    def flat(self, selections: tuple[Selection, ...]) -> list[Field]:
        found: list[Field] = []
        for each in selections:
            if isinstance(each, Field):
                found.append(each)
            else:
                inner = self.fragments.get(each.name) if each.name else each
                found.extend(self.flat(inner.selections) if inner else ())
        return found

    def unknown(self, kind: str, field: Field, path: list[str]) -> None:
        extra = {"typeName": kind, "fieldName": field.name}
        self.add(f"Field '{field.name}' doesn't exist on type '{kind}'", "undefinedField", path, field, extra)

    def uses(self, value: Any, path: list[str], field: Field) -> None:
        if isinstance(value, Variable):
            self.used.add(value.name)
            if value.name not in self.declared:
                self.add(f"Variable ${value.name} is used but not declared", "variableNotDefined", path, field)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self.uses(inner, path, field)

    def add(
        self, what: str, code: str, path: list[str] | None = None, field: Field | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        place = [{"line": field.line, "column": field.column}] if field else []
        extensions = {"code": code} | (extra or {})
        self.found.append({"message": what, "locations": place, "path": path or [], "extensions": extensions})
