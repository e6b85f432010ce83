"""A declaration: a YAML 1.2 document whose every value knows its line and column.

What is allowed is the plain part of YAML: mappings, lists and scalars. Anchors, aliases, tags, merge keys, duplicate
keys and further documents are refused, because each of them has made a document mean something else than it shows.
A plain scalar is null, true, false, an integer or a decimal only in JSON's spelling; ``NO``, ``017``, ``1:30``,
``1_000`` and ``2026-01-01`` are the strings they look like.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from hub.language.decode import canonical_json
from hub.language.explain import explain
from hub.language.problem import Problem, Problems, path_text
from hub.language.secret import REFERENCE_MEND, looks_leaked

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32

# What the parsers raise over text that is no YAML; to one of them a strange version is an AssertionError.
_OF_THE_PARSER = (YAMLError, RecursionError, ValueError, AttributeError, AssertionError, IndexError)

Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,63})", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,40})\.[0-9]{1,40}", re.ASCII)
_NOT_A_NUMBER = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)
# What only an escape can bring in, and neither a database nor a hash of the document can hold.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONSTANTS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value begins, where its key begins, and how far into the value its text begins (None: many lines)."""

    line: int
    column: int
    key_line: int
    key_column: int
    text_offset: int | None


@dataclass(frozen=True)
class Document:
    """A loaded declaration: plain data (dict, list, str, int, Decimal, bool, None), its places and its hash.

    ``hash`` is the SHA-256, in hex, of the data's canonical JSON: comments and layout do not change it.
    """

    file: str
    data: Any
    spots: dict[Place, Spot] = field(repr=False)
    hash: str

    def at(self, path: Place) -> tuple[int, int]:
        """Line and column, from 1, of the value at ``path``; of its nearest known ancestor if it is not there."""
        spot = self._nearest(path)
        return spot.line, spot.column

    def problem(self, path: Place, what: str, mend: str, *, at_key: bool = False, offset: int = 0) -> Problem:
        """A Problem at ``path``: at its key if ``at_key``, else ``offset`` characters into its text."""
        spot = self._nearest(path)
        line, column = (spot.key_line, spot.key_column) if at_key else (spot.line, spot.column)
        if offset and not at_key and spot.text_offset is not None and path in self.spots:
            column += spot.text_offset + offset
        return Problem(self.file, line, column, path_text(path), what, mend)

    def _nearest(self, path: Place) -> Spot:
        while path and path not in self.spots:
            path = path[:-1]
        return self.spots.get(path, Spot(1, 1, 1, 1, None))


def load(path: str | Path) -> Document:
    """The document in a file. Raises Problems, also for a file that cannot be read."""
    name = str(path)
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Problems([_fault(name, f"the file cannot be read: {error.strerror}", "give a readable file")]) from error
    if len(raw) > MAX_BYTES:
        raise Problems([_fault(name, f"the file is larger than {MAX_BYTES // 1024} KiB", "split it")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problems([_fault(name, "the file is not UTF-8", "save it as UTF-8")]) from error
    return loads(text, name)


def loads(text: str, file: str = "<text>") -> Document:
    """The document in a text. Raises Problems."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise Problems([_fault(file, f"the document is larger than {MAX_BYTES // 1024} KiB", "split it")])
    found = _quickly(text, file)
    return found if found is not None else _carefully(text, file)


def _quickly(text: str, file: str) -> Document | None:
    """A faultless document by the C parser, 25 times faster; None where anything is amiss, to be told carefully."""
    reader = _Reader(file)
    try:
        data = reader.read(iter(YAML(typ="safe", pure=False).parse(text)))
    except (Problems, *_OF_THE_PARSER):
        return None
    return None if reader.problems else _made(reader, data)


def _carefully(text: str, file: str) -> Document:
    reader = _Reader(file)
    yaml = YAML(typ="safe", pure=True)
    try:
        data = reader.read(iter(yaml.parse(text)))
    except MarkedYAMLError as error:
        raise Problems([*reader.problems, _syntax(file, error)]) from error
    except _OF_THE_PARSER as error:
        what = f"the document is not YAML: {(str(error).splitlines() or [type(error).__name__])[0]}"
        raise Problems([*reader.problems, _fault(file, what, "correct the syntax")]) from error
    if reader.problems:
        raise Problems(reader.problems)
    return _made(reader, data)


def _made(reader: _Reader, data: Any) -> Document:
    return Document(reader.file, data, reader.spots, hashlib.sha256(canonical_json(data)).hexdigest())


def validate(document: Document, model: type[Model]) -> Model:
    """The document as ``model``. Raises Problems with every fault at once, each with its place and mend."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        found = explain(error, model, document.data)
        raise Problems(document.problem(f.path, f.what, f.mend, at_key=f.at_key) for f in found) from error


class _Reader:
    """Builds plain data from YAML events, noting every place and refusing what the language leaves out."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.spots: dict[Place, Spot] = {}
        self.problems: list[Problem] = []
        self._key: StringMark | None = None

    def read(self, events: Iterator[Event]) -> Any:
        data: Any = None
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, (), "a second document begins here", "keep one document in each file")
                    break
                if event.tags or event.version not in (None, (1, 2)):
                    self._refuse(event, (), "directives are not part of this language", "remove the line with %")
            elif not isinstance(event, StreamStartEvent | StreamEndEvent | DocumentEndEvent):
                data = self._value(event, events, ())
        return data

    def _value(self, event: Event, events: Iterator[Event], path: Place) -> Any:
        self._note(event, path)
        if isinstance(event, AliasEvent):
            return self._refuse(event, path, "an alias stands here", "write the value out where it is used")
        if len(path) > MAX_DEPTH:
            self._refuse(event, path, f"the document is nested deeper than {MAX_DEPTH}", "flatten it")
            raise Problems(self.problems)
        if not isinstance(event, MappingStartEvent | SequenceStartEvent | ScalarEvent):
            raise YAMLError(f"unexpected {type(event).__name__}")
        if event.anchor is not None:
            self._refuse(event, path, "an anchor stands here", "remove it and write the value out where it is used")
        if event.tag is not None and str(event.tag) != "!":
            self._refuse(event, path, f"the tag {event.tag} stands here", "remove it: values here have no tags")
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(events, path)
        return self._scalar(event, path)

    def _mapping(self, events: Iterator[Event], path: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            if not isinstance(event, ScalarEvent):
                self._value(event, events, path)
                self._refuse(event, path, "a key must be a word", "write the key as text")
                self._value(next(events), events, path)
                continue
            key = self._key_text(event, path)
            if key in data:
                self._refuse(event, (*path, key), f"the key '{key}' is written twice", "keep one of the two")
            self._key = event.start_mark
            value = self._value(next(events), events, (*path, key))
            data.setdefault(key, value)
        return data

    def _key_text(self, event: ScalarEvent, path: Place) -> str:
        if event.anchor is not None or (event.tag is not None and str(event.tag) != "!"):
            self._refuse(event, path, "a key has an anchor or a tag", "remove it")
        if event.value == "<<" and not event.style:
            self._refuse(event, path, "a merge key stands here", "write the merged values out")
        return self._storable(event, path)

    def _sequence(self, events: Iterator[Event], path: Place) -> list[Any]:
        data: list[Any] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            data.append(self._value(event, events, (*path, len(data))))
        return data

    def _scalar(self, event: ScalarEvent, path: Place) -> Any:
        text = self._storable(event, path)
        if looks_leaked(text):
            return self._refuse(event, path, "a secret stands here in plain text", REFERENCE_MEND)
        if event.style or (event.tag is not None and str(event.tag) == "!"):
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        if _NOT_A_NUMBER.fullmatch(text):
            return self._refuse(event, path, f"{text} is not a number", "write a finite number")
        return text

    def _storable(self, event: ScalarEvent, path: Place) -> str:
        text = str(event.value)
        if _UNSTORABLE.search(text):
            what = "an escape stands for NUL or for half a character, which cannot be stored"
            self._refuse(event, path, what, "remove the escape, or write the character itself")
        return _UNSTORABLE.sub("\ufffd", text)

    def _note(self, event: Event, path: Place) -> None:
        mark, end, key = event.start_mark, event.end_mark, self._key or event.start_mark
        self._key = None
        offset = None
        if isinstance(event, ScalarEvent) and mark.line == end.line:
            offset = 1 if event.style else 0
        # A key written twice keeps its first place, so that both can be named.
        self.spots.setdefault(path, Spot(mark.line + 1, mark.column + 1, key.line + 1, key.column + 1, offset))

    def _problem(self, event: Event, path: Place, what: str, mend: str) -> Problem:
        mark = event.start_mark
        return Problem(self.file, mark.line + 1, mark.column + 1, path_text(path), what, mend)

    def _refuse(self, event: Event, path: Place, what: str, mend: str) -> None:
        self.problems.append(self._problem(event, path, what, mend))


def _fault(file: str, what: str, mend: str) -> Problem:
    return Problem(file, 1, 1, "", what, mend)


def _syntax(file: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    what = error.problem or error.context or "unreadable"
    mend = "correct the syntax; a text with ': ' or ' #' in it needs quotes"
    if "'\\t'" in what:
        mend = "indent with spaces"
    return Problem(file, line, column, "", f"this is not YAML: {what}", mend)
