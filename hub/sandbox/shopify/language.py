"""GraphQL documents: just enough of the language to read any query an Admin API client sends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(
    r"""(?P<skip>[\s,﻿]+|\#[^\n\r]*)
      | (?P<name>[_A-Za-z][_0-9A-Za-z]*)
      | (?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<block>\"\"\"(?:[^"]|\"(?!\"\"))*\"\"\")
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<mark>\.\.\.|[!$&()\[\]{}:=@|])""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_DEEPEST = 40


class SyntaxProblem(Exception):
    """The document is not GraphQL. `line` and `column` count from 1."""

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(what)
        self.line, self.column = line, column


@dataclass(frozen=True)
class Variable:
    """A reference to a variable inside an argument."""

    name: str


@dataclass(frozen=True)
class Enum:
    """An enum value inside an argument."""

    name: str


@dataclass(frozen=True)
class Directive:
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Field:
    name: str
    key: str  # the alias, or the name
    arguments: dict[str, Any]
    directives: tuple[Directive, ...]
    selections: tuple[Selection, ...]
    line: int
    column: int


@dataclass(frozen=True)
class Spread:
    """`...Name` (a fragment) or `... on Type { }` (selections given)."""

    name: str | None
    on: str | None
    selections: tuple[Selection, ...]


Selection = Field | Spread


@dataclass(frozen=True)
class Declared:
    """A variable an operation declares."""

    name: str
    type: str
    default: Any = None

    @property
    def required(self) -> bool:
        return self.type.endswith("!") and self.default is None


@dataclass(frozen=True)
class Operation:
    kind: str  # query or mutation
    name: str | None
    variables: tuple[Declared, ...]
    selections: tuple[Selection, ...]


@dataclass(frozen=True)
class Document:
    operations: tuple[Operation, ...]
    fragments: dict[str, Spread]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


@lru_cache(maxsize=512)
def parse(text: str) -> Document:
    """Reads a document. Raises SyntaxProblem."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[_Token] = list(self._scan())
        self.index = 0
        self.depth = 0

    def document(self) -> Document:
        operations: list[Operation] = []
        fragments: dict[str, Spread] = {}
        while self.peek().kind != "end":
            if self.peek().text == "fragment":
                self.take("fragment")
                name = self.name()
                self.take("on")
                fragments[name] = Spread(name, self.name(), self.selections())
            else:
                operations.append(self.operation())
        if not operations:
            raise self.wrong("an operation")
        return Document(tuple(operations), fragments)

    def operation(self) -> Operation:
        if self.peek().text == "{":
            return Operation("query", None, (), self.selections())
        kind = self.name()
        if kind not in ("query", "mutation"):
            raise self.wrong("query or mutation")
        name = self.name() if self.peek().kind == "name" else None
        variables: list[Declared] = []
        if self.skip("("):
            while not self.skip(")"):
                variables.append(self.declared())
        self.directives()
        return Operation(kind, name, tuple(variables), self.selections())

    def declared(self) -> Declared:
        self.take("$")
        name = self.name()
        self.take(":")
        kind = self.type()
        return Declared(name, kind, self.value() if self.skip("=") else None)

    def type(self) -> str:
        if self.skip("["):
            inner = f"[{self.type()}]"
            self.take("]")
        else:
            inner = self.name()
        return inner + "!" if self.skip("!") else inner

    def selections(self) -> tuple[Selection, ...]:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.wrong("a shallower query")
        self.take("{")
        found: list[Selection] = []
        while not self.skip("}"):
            found.append(self.spread() if self.skip("...") else self.field())
        self.depth -= 1
        if not found:
            raise self.wrong("a field")
        return tuple(found)

    def spread(self) -> Spread:
        if self.peek().text in ("on", "{"):
            on = self.name() if self.skip("on") else None
            return Spread(None, on, self.selections())
        name = self.name()
        self.directives()
        return Spread(name, None, ())

    def field(self) -> Field:
        line, column = self.place()
        key = name = self.name()
        if self.skip(":"):
            name = self.name()
        arguments, directives = self.arguments(), self.directives()
        inner = self.selections() if self.peek().text == "{" else ()
        return Field(name, key, arguments, directives, inner, line, column)

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.skip("("):
            while not self.skip(")"):
                name = self.name()
                self.take(":")
                found[name] = self.value()
        return found

    def directives(self) -> tuple[Directive, ...]:
        found = []
        while self.skip("@"):
            found.append(Directive(self.name(), self.arguments()))
        return tuple(found)

    def value(self) -> Any:
        token = self.next()
        if token.text == "$":
            return Variable(self.name())
        if token.text == "[":
            items = []
            while not self.skip("]"):
                items.append(self.value())
            return items
        if token.text == "{":
            members = {}
            while not self.skip("}"):
                name = self.name()
                self.take(":")
                members[name] = self.value()
            return members
        return self.scalar(token)

    def scalar(self, token: _Token) -> Any:
        if token.kind == "number":
            return int(token.text) if token.text.lstrip("-").isdigit() else float(token.text)
        if token.kind == "block":
            return token.text[3:-3].strip()
        if token.kind == "string":
            return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _unescape, token.text[1:-1])
        if token.kind == "name":
            return {"true": True, "false": False, "null": None}.get(token.text, Enum(token.text))
        self.index -= 1
        raise self.wrong("a value")

    # --- tokens ---

    def _scan(self) -> Iterator[_Token]:
        position = 0
        while position < len(self.text):
            found = _TOKEN.match(self.text, position)
            if found is None:
                raise SyntaxProblem(f"unexpected character {self.text[position]!r}", *self._where(position))
            if found.lastgroup and found.lastgroup != "skip":
                yield _Token(found.lastgroup, found.group(), position)
            position = found.end()
        yield _Token("end", "end of file", position)

    def _where(self, at: int) -> tuple[int, int]:
        return self.text.count("\n", 0, at) + 1, at - self.text.rfind("\n", 0, at)

    def peek(self) -> _Token:
        return self.tokens[self.index]

    def next(self) -> _Token:
        token = self.tokens[self.index]
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def skip(self, text: str) -> bool:
        if self.peek().text == text and self.peek().kind in ("mark", "name"):
            self.next()
            return True
        return False

    def take(self, text: str) -> None:
        if not self.skip(text):
            raise self.wrong(text)

    def name(self) -> str:
        if self.peek().kind != "name":
            raise self.wrong("a name")
        return self.next().text

    def place(self) -> tuple[int, int]:
        return self._where(self.peek().at)

    def wrong(self, expected: str) -> SyntaxProblem:
        return SyntaxProblem(f"syntax error, unexpected {self.peek().text!r}, expecting {expected}", *self.place())


def _unescape(found: re.Match[str]) -> str:
    mark = found.group(1)
    return chr(int(mark[1:], 16)) if mark[0] == "u" and len(mark) == 5 else _ESCAPES.get(mark, mark)
