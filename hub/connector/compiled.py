"""Templates of a manifest, compiled with their places, so that a fault at run time still says where it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.language.document import Document
from hub.language.evaluate import ExpressionError, truthy
from hub.language.functions import default_functions
from hub.language.problem import Problem, Problems, path_text, suggestion
from hub.language.template import Template
from hub.model.money import exponent

Place = tuple[str | int, ...]
Scope = Mapping[str, Any]

_FUNCTIONS = default_functions(exponent)
_HOLE = re.compile(r"\{([^{}]*)\}")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`")


class Fault(Exception):
    """A template that could not be rendered: what went wrong and where it stands in the manifest."""

    def __init__(self, what: str, path: str) -> None:
        super().__init__(f"{path}: {what}")
        self.what, self.path = what, path


@dataclass(frozen=True)
class Shape:
    """One compiled template."""

    template: Template
    path: str

    def render(self, scope: Scope) -> Any:
        """The value, or `Fault`."""
        try:
            return self.template.render(scope)
        except ExpressionError as error:
            raise Fault(error.what, path_text((self.path, *error.path))) from error

    def holds(self, scope: Scope) -> bool:
        """Whether the condition is true; one that cannot be worked out on this scope is not."""
        try:
            return truthy(self.render(scope))
        except Fault:
            return False


@dataclass(frozen=True)
class Line:
    """A text with holes: `/orders/{input.id}`. What fills a hole must be a plain value and not nothing."""

    parts: tuple[str | Shape, ...]

    def render(self, scope: Scope, encode: Callable[[str], str]) -> str:
        return "".join(part if isinstance(part, str) else encode(self._filled(part, scope)) for part in self.parts)

    @staticmethod
    def _filled(shape: Shape, scope: Scope) -> str:
        text = plain(shape.render(scope), shape.path)
        if not text:
            raise Fault("the value that belongs into the text is missing", shape.path)
        return text


def plain(value: Any, path: str) -> str | None:
    """A scalar as the text that goes into a URL, header or form; None stays None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        raise Fault("a single value is needed here, not a list or mapping", path)
    return str(value)


class Compiler:
    """Compiles a document's templates, gathering every problem instead of stopping at the first.

    `fields` says for a scope name which fields it has, e.g. {"settings": {"shop"}}: others are reported.
    """

    def __init__(self, document: Document, fields: Mapping[str, set[str]]) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self._fields = dict(fields)

    def shape(self, node: Any, path: Place, names: set[str], fields: Mapping[str, set[str]] | None = None) -> Shape:
        """The node compiled. After a problem the shape is unusable; the caller raises the problems in the end."""
        self._check_fields(node, path, {**self._fields, **(fields or {})})
        try:
            return self._shape(node, path, names)
        except Problems as problems:
            self.problems += problems.problems
            return self._shape(None, path, names)

    def _shape(self, node: Any, path: Place, names: set[str]) -> Shape:
        return Shape(Template.compile(node, self.document, path, names, functions=_FUNCTIONS), path_text(path))

    def line(self, text: str, path: Place, names: set[str], fields: Mapping[str, set[str]] | None = None) -> Line:
        parts: list[str | Shape] = []
        for index, piece in enumerate(_HOLE.split(text)):
            parts.append(self.shape(f"= {piece}", path, names, fields) if index % 2 else piece)
        return Line(tuple(part for part in parts if part != ""))

    def report(self, path: Place, what: str, mend: str, at_key: bool = False) -> None:
        self.problems.append(self.document.problem(path, what, mend, at_key=at_key))

    def finish(self) -> None:
        """Raises what was gathered."""
        if self.problems:
            raise Problems(self.problems)

    def _check_fields(self, node: Any, path: Place, fields: Mapping[str, set[str]]) -> None:
        for place, text in expressions(node, path):
            for name, known in fields.items():
                for match in mentions(text, name):
                    self._check_field(place, name, match, known)

    def _check_field(self, place: Place, name: str, match: re.Match[str], known: set[str]) -> None:
        if match[1] is None:
            what, mend, offset = f"'{name}' is read as a whole", f"read one field of it: {name}.FIELD", match.start()
        elif match[1] not in known:
            what, mend = f"{name} has no field '{match[1]}' here", suggestion(match[1], known)
            offset = match.start(1)
        else:
            return
        self.problems.append(self.document.problem(place, what, mend, offset=offset))


def expressions(node: Any, path: Place = ()) -> list[tuple[Place, str]]:
    """Every expression inside a template, with its place."""
    if isinstance(node, str):
        return [(path, node)] if node.startswith("= ") else []
    if isinstance(node, dict):
        return [found for key, value in node.items() for found in expressions(value, (*path, key))]
    if isinstance(node, list):
        return [found for index, value in enumerate(node) for found in expressions(value, (*path, index))]
    return []


def mentions(text: str, name: str) -> list[re.Match[str]]:
    """Where an expression reads `name`; group 1 is the field it reads, None where it is not read by a plain field."""
    bare = _QUOTED.sub(lambda match: " " * len(match[0]), text)
    return list(re.finditer(rf"(?<![A-Za-z0-9_.\"]){name}\b(?!\s*:)(?:\.([A-Za-z_][A-Za-z0-9_]*))?", bare))
