"""Changes `hub.yaml` without disturbing what its owner wrote: every other byte stays as it is, comments and all.

ruamel.yaml says where each value begins and ends; the change is made to the text between. Every change is checked as
the hub would read it before it replaces the file, in one step. What would not be read is not written.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import StringMark
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from hub.assembly.config import HubConfig
from hub.language.document import loads, validate

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*")
_WORDS = re.compile(r"(?i)null|true|false|yes|no|on|off|y|n")
_STEP = 2


class Page:
    """A text under change. Keys are paths from the top; every call leaves a text that YAML can read."""

    def __init__(self, text: str) -> None:
        self.text = text if text.endswith("\n") or not text else text + "\n"

    def put(self, path: tuple[str, ...], value: Any) -> None:
        """Sets the value at a path: replaced where it is there, inserted behind its neighbours where it is not.

        Mappings on the way are made; a mapping that is put over one that is there is put key by key.
        """
        node, depth = self._deepest(path)
        if depth == len(path):
            self._replace(path, node, value)
            return
        for key in reversed(path[depth + 1 :]):
            value = {key: value}
        self._insert(node, path[depth], value)

    def append(self, path: tuple[str, ...], value: Any) -> None:
        """Adds an entry to the list at a path, which is made where it is missing."""
        node, depth = self._deepest(path)
        if depth < len(path) or not isinstance(node, SequenceNode):
            self.put(path, [value])
        elif not node.value and isinstance(value, Mapping) and not _in_flow(self.text, node):
            self._open(node, [value])
        elif node.flow_style:
            self._into_flow(node, _flow(value))
        else:
            self._after(_last_leaf(node), _block([value], node.start_mark.column))

    def _deepest(self, path: tuple[str, ...]) -> tuple[Node, int]:
        """The node that the path leads to, or the last one on the way to it, and how many keys lead there."""
        node = self._top()
        for depth, key in enumerate(path):
            found = _child(node, key)
            if found is None:
                return node, depth
            node = found
        return node, len(path)

    def _there(self, path: tuple[str, ...]) -> Any:
        found = loads(self.text).data
        for key in path:
            found = found[key]
        return found

    def _top(self) -> Node:
        top = _compose(self.text)
        if top is None:
            self.text += "{}\n"
            top = _compose(self.text)
        assert top is not None
        return top

    def _replace(self, path: tuple[str, ...], node: Node, value: Any) -> None:
        if self._there(path) == value:
            return  # as it is written, however that is
        if isinstance(node, MappingNode) and node.value and isinstance(value, Mapping):
            for key, item in value.items():
                self.put((*path, key), item)
        elif _is_block(node) or (_collection(value) and not _in_flow(self.text, node)):
            self._fill(path, node, value)
        else:
            made = _flow(value)
            gap = " " if node.start_mark.index == node.end_mark.index else ""  # `key:` with nothing behind it
            self.text = self.text[: node.start_mark.index] + gap + made + self.text[node.end_mark.index :]

    def _fill(self, path: tuple[str, ...], node: Node, value: Any) -> None:
        """A whole block in the place of a value; a comment on the key's line stays."""
        holder, _ = self._deepest(path[:-1])
        key = next(k for k, v in holder.value if k.value == path[-1])
        start, end = node.start_mark.index, _end(node)
        if _is_block(node):  # from the line under the key to the end of the last line
            start = self.text.index("\n", key.end_mark.index) + 1
            end = _line_end(self.text, end)
            self.text = self.text[:start] + self.text[end:]
        else:
            self.text = self.text[:start].rstrip(" ") + self.text[end:]
        if not _collection(value):
            at = key.end_mark.index + 1
            self.text = self.text[:at] + " " + _flow(value) + self.text[at:]
            return
        at = _line_end(self.text, key.end_mark.index)
        self.text = self.text[:at] + _block(value, _column(holder) + _STEP) + self.text[at:]

    def _insert(self, node: Node, key: str, value: Any) -> None:
        if isinstance(node, MappingNode) and node.value and not node.flow_style:
            self._after(_last_leaf(node), _block({key: value}, _column(node)))
        elif isinstance(node, MappingNode) and node.value:
            self._into_flow(node, f"{_scalar(key)}: {_flow(value)}")
        else:
            self._open(node, {key: value})

    def _open(self, node: Node, value: Any) -> None:
        """Something under a key that had nothing, `{}` or null: the block goes under the key's line."""
        start, end = node.start_mark.index, node.end_mark.index
        line = self.text.rfind("\n", 0, start) + 1
        head = self.text[line:start]
        top = not head.strip()
        indent = 0 if top else len(head) - len(head.lstrip(" ")) + _STEP
        self.text = self.text[:start].rstrip(" ") + self.text[end:] if not top else self.text[:start] + self.text[end:]
        at = _line_end(self.text, line)
        self.text = self.text[:at] + _block(value, indent) + self.text[at:]

    def _after(self, leaf: Node, lines: str) -> None:
        at = _line_end(self.text, leaf.end_mark.index - (1 if _ends_line(self.text, leaf) else 0))
        self.text = self.text[:at] + lines + self.text[at:]

    def _into_flow(self, node: Node, made: str) -> None:
        at = node.end_mark.index - 1
        self.text = self.text[:at].rstrip(" ") + ("" if not node.value else ", ") + made + self.text[at:]


def edit(path: Path, change: Callable[[Page], None]) -> bool:
    """Applies `change` to the file. False when it changed nothing. Raises Problems, and then writes nothing."""
    before = path.read_text("utf-8-sig")
    after = edited(before, change, str(path))
    if after == before:
        return False
    _write(path, after)
    return True


def edited(text: str, change: Callable[[Page], None], file: str = "hub.yaml") -> str:
    """The text with the change made to it. Raises Problems for a text that is wrong before or after."""
    validate(loads(text, file), HubConfig)
    page = Page(text)
    change(page)
    validate(loads(page.text, file), HubConfig)
    return page.text


def _compose(text: str) -> Node | None:
    node: Node | None = YAML(typ="safe", pure=True).compose(text)
    if node is not None:
        _settle(text, node)
    return node


def _settle(text: str, node: Node) -> None:
    """A value that is not written has the place of whatever comes next; give it the one behind its colon or dash."""
    for entry in node.value if isinstance(node, MappingNode | SequenceNode) else ():
        value = entry[1] if isinstance(entry, tuple) else entry
        if isinstance(value, ScalarNode) and value.start_mark.index == value.end_mark.index:
            behind = (
                entry[0].end_mark.index if isinstance(entry, tuple) else text.rindex("-", 0, value.start_mark.index)
            )
            at = text.index(":", behind) + 1 if isinstance(entry, tuple) else behind + 1
            value.start_mark = value.end_mark = StringMark("", at, 0, 0, None, None)
        _settle(text, value)


def _column(node: Node) -> int:
    first = node.value[0]
    return int((first[0] if isinstance(first, tuple) else node).start_mark.column)


def _child(node: Node, key: str) -> Node | None:
    if not isinstance(node, MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _collection(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple) and bool(value)


def _is_block(node: Node) -> bool:
    return isinstance(node, MappingNode | SequenceNode) and not node.flow_style


def _in_flow(text: str, node: Node) -> bool:
    """Whether the node stands inside braces or brackets of its own line's making."""
    line = text[text.rfind("\n", 0, node.start_mark.index) + 1 : node.start_mark.index]
    return line.count("{") > line.count("}") or line.count("[") > line.count("]")


def _last_leaf(node: Node) -> Node:
    """The last value in a block that is no block itself."""
    while _is_block(node) and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node


def _end(node: Node) -> int:
    return int(_last_leaf(node).end_mark.index)


def _ends_line(text: str, leaf: Node) -> bool:
    """A block scalar ends behind its last line break, all else before it."""
    return (
        isinstance(leaf, ScalarNode)
        and leaf.style in ("|", ">")
        and text[leaf.end_mark.index - 1 : leaf.end_mark.index] == "\n"
    )


def _line_end(text: str, index: int) -> int:
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _block(value: Any, indent: int) -> str:
    """A mapping's or list's entries, one on each line."""
    margin = " " * indent
    if isinstance(value, Mapping):
        return "".join(f"{margin}{_scalar(key)}:{_behind(item, indent)}" for key, item in value.items())
    made = []
    for item in value:
        if isinstance(item, Mapping) and item:
            made.append(f"{margin}- {_block(item, indent + _STEP).lstrip(' ')}")
        else:
            made.append(f"{margin}- {_flow(item)}\n")
    return "".join(made)


def _behind(value: Any, indent: int) -> str:
    """What follows a key: on its line, or under it."""
    listed = isinstance(value, list | tuple) and all(not _collection(item) for item in value)
    if _collection(value) and not listed:
        return "\n" + _block(value, indent + _STEP)
    return f" {_flow(value)}\n"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float | Decimal):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and not _WORDS.fullmatch(text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    """The new file or the old one, never half of either; with the old one's permissions."""
    mode = path.stat().st_mode & 0o777
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
